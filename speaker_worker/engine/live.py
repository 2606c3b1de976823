"""Who speaks in a session, utterance by utterance: a voice that is like one that is known is that speaker, one that is
like none opens a speaker, and one in between joins nobody until more is heard.

A number that was told never changes. Two numbers may be found to be one person: then the higher is the same as the
lower, and what is said from then on has the lower.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from contract.audio import SAMPLE_RATE_HZ
from contract.messages import MAX_SPEAKERS, Turn, Word
from contract.speakers.turns import VoiceSpan, turns_of
from speaker_worker.engine.cells import Cells
from speaker_worker.engine.memory import Memory, Row, ToldUtterance, Unsure, Voice
from speaker_worker.engine.pieces import Piece, pieces_of
from speaker_worker.engine.voices import UtteranceVoices

JOINS = 0.74  # likeness from which a piece is that speaker's
OPENS = 0.66  # likeness to everybody below which a piece is somebody else's
OPENS_SEC = 1.6  # of speech at least
CLEARER = 0.04  # so much more like one than like the next
SAME = 0.86  # likeness from which two speakers are one
SAME_SEC = 4.0  # of speech of each at least
FOLLOWS_SEC = 60.0  # a voice is the mean of about so much speech
PAIR_SEC = 2.5  # unsure pieces that are like each other open a speaker together


@dataclass
class Told:
    """What to tell now. `turns`: the first sample of an utterance with its turns: of this one, and of earlier ones in
    which somebody unsure is known now. `merged`: (number, the lower number it is the same as). `new`: numbers."""

    turns: list[tuple[int, list[Turn]]] = field(default_factory=list)
    merged: list[tuple[int, int]] = field(default_factory=list)
    new: list[int] = field(default_factory=list)


class LiveSpeakers:
    """One session's. Not for two threads at a time."""

    def __init__(self, memory: Memory, max_speakers: int = 8) -> None:
        self._memory = memory
        self._max = max_speakers

    @classmethod
    def from_state(
        cls, state: bytes, *, max_speakers: int = 8, numbers_taken: int = 0, encoder: str = ""
    ) -> LiveSpeakers:
        """Go on from what `to_state` gave; from nothing where that is empty, damaged, or of another encoder.

        `max_speakers`: so many are told apart. `numbers_taken`: the highest number that the session was told of, which
        is not given again. `encoder`: its name.
        """
        memory = Memory.unpack(state)
        if memory is None or memory.encoder != encoder:
            memory = Memory(encoder)
        memory.taken = max(memory.taken, numbers_taken)
        return cls(memory, max_speakers)

    def to_state(self) -> bytes:
        """Everything that is kept, of bounded size."""
        return self._memory.pack()

    def hear(
        self, start: int, voices: UtteranceVoices, text: str, words: Sequence[Word] | None, language: str = "en"
    ) -> Told:
        """Who speaks the utterance that begins at sample `start` of the session. One that was told is told the same."""
        before = next((one for one in self._memory.told if one.start == start), None)
        if before is not None:
            return Told([(start, before.turns)])
        told = Told()
        self._forget_other_dimensions(voices)
        labels = [self._speaker_of(start, piece, told) for piece in pieces_of(voices)]
        self._find_same(told)
        told.turns.append((start, self._tell(start, voices, labels, text, words, language)))
        told.turns += self._known_now(told)
        return told

    def _forget_other_dimensions(self, voices: UtteranceVoices) -> None:
        memory, size = self._memory, voices.embeddings.shape[1]
        if any(len(row) != size for row in memory.rows):
            memory.voices, memory.unsure = [], []

    def _speaker_of(self, start: int, piece: Piece, told: Told) -> Voice | Unsure | None:
        """Whose `piece` is; None where nothing is heard in it."""
        if not piece.embedding.any():
            return None
        voice, likeness, next_best = self._nearest(piece.embedding)
        if voice is not None and likeness >= JOINS and likeness - next_best >= CLEARER:
            _add(voice, piece.embedding, piece.sec)
            return voice
        if piece.sec >= OPENS_SEC and likeness < OPENS:
            opened = self._open(piece.embedding, piece.sec, told)
            if opened is not None:
                return opened
        self._memory.marks += 1
        unsure = Unsure(start, self._memory.marks, piece.sec, piece.embedding)
        self._memory.unsure.append(unsure)
        return unsure

    def _nearest(self, embedding: Row) -> tuple[Voice | None, float, float]:
        """The voice that is most like it, how like, and how like the next is."""
        likeness = sorted(
            ((float(one.embedding @ embedding), at) for at, one in enumerate(self._memory.voices)), reverse=True
        )
        if not likeness:
            return None, -1.0, -1.0
        return self._memory.voices[likeness[0][1]], likeness[0][0], likeness[1][0] if len(likeness) > 1 else -1.0

    def _open(self, embedding: Row, seconds: float, told: Told) -> Voice | None:
        """A new speaker, where there may be one more."""
        memory = self._memory
        if len(memory.voices) >= self._max or memory.taken >= MAX_SPEAKERS:
            return None
        memory.taken += 1
        memory.voices.append(Voice(memory.taken, seconds, embedding))
        told.new.append(memory.taken)
        return memory.voices[-1]

    def _find_same(self, told: Told) -> None:
        """Take two speakers for one whose voices came to be alike."""
        voices = self._memory.voices
        while True:
            pairs = [
                (float(one.embedding @ two.embedding), one, two)
                for at, one in enumerate(voices)
                for two in voices[at + 1 :]
                if min(one.seconds, two.seconds) >= SAME_SEC
            ]
            likeness, one, two = max(pairs, key=lambda pair: pair[0], default=(-1.0, None, None))
            if one is None or two is None or likeness < SAME:
                return
            lower, higher = sorted((one, two), key=lambda voice: voice.number)
            _add(lower, higher.embedding, higher.seconds)
            voices.remove(higher)
            told.merged.append((higher.number, lower.number))

    def _tell(
        self,
        start: int,
        voices: UtteranceVoices,
        labels: Sequence[Voice | Unsure | None],
        text: str,
        words: Sequence[Word] | None,
        language: str,
    ) -> list[Turn]:
        """The turns of this utterance; they are kept."""
        here = [one for at, one in enumerate(labels) if one is not None and one not in labels[:at]]
        candidates = [one for one in here if isinstance(one, Unsure)] + self._memory.voices
        spans: list[tuple[Voice | Unsure, VoiceSpan]] = []
        if candidates and len(voices.windows):
            cells = Cells.of(voices)
            scores = cells.likeness(voices.embeddings, np.stack([one.embedding for one in candidates]))
            for stretch in cells.path(scores):
                one = candidates[stretch.voice]
                number = one.number if isinstance(one, Voice) else None
                begin, end = ((start + at) / SAMPLE_RATE_HZ for at in (stretch.start, stretch.end))
                spans.append((one, VoiceSpan(number, begin, end)))
        turns = turns_of(text, words, [span for _, span in spans], language)
        marks = [_mark(turn, spans) for turn in turns]
        self._memory.told.append(ToldUtterance(start=start, turns=turns, marks=marks))
        return turns

    def _known_now(self, told: Told) -> list[tuple[int, list[Turn]]]:
        """Earlier utterances in which a piece that was unsure is known now."""
        memory, changed = self._memory, {}
        for piece in list(memory.unsure):
            voice, likeness, next_best = self._nearest(piece.embedding)
            if voice is None or likeness < JOINS or likeness - next_best < CLEARER:
                continue
            memory.unsure.remove(piece)
            for utterance in memory.told:
                if utterance.start == piece.start and piece.mark in utterance.marks:
                    at = utterance.marks.index(piece.mark)
                    utterance.turns[at] = utterance.turns[at].model_copy(update={"speaker": voice.number})
                    utterance.marks[at] = None
                    changed[utterance.start] = utterance.turns
        return list(changed.items())


def _add(voice: Voice, embedding: Row, seconds: float) -> None:
    """Take `embedding`, heard in so much speech, into the mean."""
    weight = min(voice.seconds, FOLLOWS_SEC)
    mean = voice.embedding * weight + embedding * seconds
    voice.embedding = (mean / max(1e-9, float(np.linalg.norm(mean)))).astype(np.float32)
    voice.seconds += seconds


def _mark(turn: Turn, spans: Sequence[tuple[Voice | Unsure, VoiceSpan]]) -> int | None:
    """Which unsure piece `turn` is."""
    if turn.speaker is not None:
        return None
    inside = [
        (span.sec, one.mark)
        for one, span in spans
        if isinstance(one, Unsure) and span.start_sec >= turn.start_sec - 0.01 and span.end_sec <= turn.end_sec + 0.01
    ]
    return max(inside)[1] if inside else None
