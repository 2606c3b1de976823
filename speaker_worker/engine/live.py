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
from contract.messages import Turn, Word
from contract.speakers.turns import VoiceSpan, turns_of
from speaker_worker.engine.cells import Cells
from speaker_worker.engine.likeness import Group
from speaker_worker.engine.memory import HeardPiece, Memory, ToldUtterance
from speaker_worker.engine.naming import find_same, name_pieces
from speaker_worker.engine.pieces import pieces_of
from speaker_worker.engine.voices import UtteranceVoices

ROUNDING_SEC = 0.01


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
        memory = self._memory
        before = next((one for one in memory.told if one.start == start), None)
        if before is not None:
            return Told([(start, before.turns)])
        if memory.dimensions not in (0, voices.embeddings.shape[1]):
            memory.voices, memory.pieces = [], []
        pieces = [
            memory.add(start, Group.of(piece.embedding, piece.sec))
            for piece in pieces_of(voices)
            if piece.embedding.any()
        ]
        told = Told(merged=find_same(memory), new=name_pieces(memory, self._max))
        told.turns = [(start, self._tell(start, voices, pieces, text, words, language)), *self._known_now(start)]
        return told

    def _tell(
        self,
        start: int,
        voices: UtteranceVoices,
        pieces: Sequence[HeardPiece],
        text: str,
        words: Sequence[Word] | None,
        language: str,
    ) -> list[Turn]:
        """The turns of this utterance; they are kept."""
        candidates: list[tuple[int | None, int | None, Group]]  # number, mark, voice
        candidates = [(None, one.mark, one.group) for one in pieces if one.number is None]
        for voice in self._memory.voices:
            group = self._memory.voice(voice)
            candidates += [] if group is None else [(voice.number, None, group)]
        spans: list[tuple[int | None, VoiceSpan]] = []
        if candidates and len(voices.windows):
            cells = Cells.of(voices)
            scores = cells.likeness(voices.embeddings, np.stack([group.mean for _, _, group in candidates]))
            for stretch in cells.path(scores):
                number, mark, _ = candidates[stretch.voice]
                begin, end = ((start + at) / SAMPLE_RATE_HZ for at in (stretch.start, stretch.end))
                spans.append((mark, VoiceSpan(number, begin, end)))
        turns = turns_of(text, words, [span for _, span in spans], language)
        self._memory.tell(ToldUtterance(start=start, turns=turns, marks=[_marks(turn, spans) for turn in turns]))
        return turns

    def _known_now(self, start: int) -> list[tuple[int, list[Turn]]]:
        """Utterances other than that at `start` in which a turn is known now: all its pieces are one speaker's."""
        numbers = {one.mark: one.number for one in self._memory.pieces}
        changed = []
        for utterance in self._memory.told:
            before = list(utterance.turns)
            for at, marks in enumerate(utterance.marks):
                found = {numbers.get(mark) for mark in marks}
                number = found.pop() if len(found) == 1 else None
                if number is not None:
                    utterance.turns[at] = utterance.turns[at].model_copy(update={"speaker": number})
                    utterance.marks[at] = []
            if utterance.turns != before and utterance.start != start:
                changed.append((utterance.start, utterance.turns))
        return changed


def _marks(turn: Turn, spans: Sequence[tuple[int | None, VoiceSpan]]) -> list[int]:
    """Which unsure pieces `turn` is."""
    if turn.speaker is not None:
        return []
    first, last = turn.start_sec - ROUNDING_SEC, turn.end_sec + ROUNDING_SEC
    return sorted(
        {mark for mark, span in spans if mark is not None and span.start_sec >= first and span.end_sec <= last}
    )
