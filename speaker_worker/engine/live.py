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
from speaker_worker.engine.clusters import clusters_of
from speaker_worker.engine.likeness import Group
from speaker_worker.engine.memory import HeardPiece, Memory, ToldUtterance, Voice
from speaker_worker.engine.pieces import pieces_of
from speaker_worker.engine.voices import UtteranceVoices

PIECE_SEC = 1.2  # a shorter piece opens no group
OPENS_SEC = 1.6  # of speech at least
OPENS = 0.80  # likeness to everybody below which one piece is somebody else's
OPENS_ANYWAY_SEC = 6.0
JOINS = 0.90  # likeness from which a piece is that speaker's
CLEARER = 0.04  # so much more like one than like the next
SAME = 0.92
SAME_SEC = 6.0
NOBODY = -1.0


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
        memory = self._memory
        if memory.dimensions not in (0, voices.embeddings.shape[1]):
            memory.voices, memory.pieces = [], []
        pieces = []
        for piece in pieces_of(voices):
            if piece.embedding.any():
                memory.marks += 1
                pieces.append(HeardPiece(start, memory.marks, Group.of(piece.embedding, piece.sec)))
                memory.add(pieces[-1])
        self._find_same(told)
        self._name(told)
        told.turns.append((start, self._tell(start, voices, pieces, text, words, language)))
        told.turns += self._known_now(start)
        return told

    def _name(self, told: Told) -> None:
        """Give unsure pieces to the speakers they are like."""
        memory = self._memory
        items = [(one.number, one.group) for one in memory.voices if one.group is not None]
        items += [(one.number, one.group) for one in memory.pieces if one.group.seconds >= PIECE_SEC]
        loose = [one for one in memory.pieces if one.number is None]
        if not loose:
            return
        shares = []
        for members in clusters_of([group for _, group in items]):
            share: dict[int, float] = {}
            for at in members:
                number, group = items[at]
                if number is not None:
                    share[number] = share.get(number, 0.0) + group.seconds
            shares.append((share, Group.together(items[at][1] for at in members)))
        homes: dict[int, int] = {}
        for voice in memory.voices:
            best = max(range(len(shares)), key=lambda at: shares[at][0].get(voice.number, 0.0), default=None)
            if best is not None and shares[best][0].get(voice.number):
                homes[voice.number] = best
        named: list[tuple[int, Group]] = []
        for at, (share, group) in enumerate(shares):
            here = [number for number, home in homes.items() if home == at]
            if here:
                named.append((max(here, key=lambda number: share[number]), group))
        for at, (share, group) in sorted(enumerate(shares), key=lambda one: -one[1][1].seconds):
            if at in homes.values() or group.seconds < OPENS_SEC:
                continue
            nearest = max((group.like(other) for _, other in named), default=NOBODY)
            if nearest < (OPENS if group.seconds < OPENS_ANYWAY_SEC else SAME):
                number = self._open(told)
                if number is not None:
                    named.append((number, group))
        for piece in loose:
            likeness = sorted(((piece.group.like(group), number) for number, group in named), reverse=True)
            likeness += [(NOBODY, 0), (NOBODY, 0)]
            if likeness[0][0] >= JOINS and likeness[0][0] - likeness[1][0] >= CLEARER:
                piece.number = likeness[0][1]

    def _open(self, told: Told) -> int | None:
        """A new speaker, where there may be one more."""
        memory = self._memory
        if len(memory.voices) >= self._max or memory.taken >= MAX_SPEAKERS:
            return None
        memory.taken += 1
        memory.voices.append(Voice(memory.taken))
        told.new.append(memory.taken)
        return memory.taken

    def _group(self, voice: Voice) -> Group | None:
        parts = [one.group for one in self._memory.pieces if one.number == voice.number]
        parts += [voice.group] if voice.group is not None else []
        return Group.together(parts) if parts else None

    def _find_same(self, told: Told) -> None:
        """Take two speakers for one whose voices came to be alike."""
        memory = self._memory
        while True:
            groups = [(one, group) for one in memory.voices if (group := self._group(one)) is not None]
            pairs = [
                (one.like(two), at, other)
                for at, (_, one) in enumerate(groups)
                for other, (_, two) in enumerate(groups[:at])
                if one.seconds + two.seconds >= SAME_SEC
            ]
            likeness, at, other = max(pairs, default=(NOBODY, 0, 0))
            if likeness < SAME:
                return
            lower, higher = sorted((groups[at][0], groups[other][0]), key=lambda voice: voice.number)
            kept = [one for one in (lower.group, higher.group) if one is not None]
            lower.group = Group.together(kept) if kept else None
            for piece in memory.pieces:
                if piece.number == higher.number:
                    piece.number = lower.number
            memory.voices.remove(higher)
            told.merged.append((higher.number, lower.number))

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
        known = [(one.number, None, group) for one in self._memory.voices if (group := self._group(one)) is not None]
        candidates = [(None, one.mark, one.group) for one in pieces if one.number is None] + known
        spans: list[tuple[int | None, VoiceSpan]] = []
        if candidates and len(voices.windows):
            cells = Cells.of(voices)
            scores = cells.likeness(voices.embeddings, np.stack([group.mean for _, _, group in candidates]))
            for stretch in cells.path(scores):
                number, mark, _ = candidates[stretch.voice]
                begin, end = ((start + at) / SAMPLE_RATE_HZ for at in (stretch.start, stretch.end))
                spans.append((mark, VoiceSpan(number, begin, end)))
        turns = turns_of(text, words, [span for _, span in spans], language)
        marks = [_mark(turn, spans) for turn in turns]
        self._memory.told.append(ToldUtterance(start=start, turns=turns, marks=marks))
        return turns

    def _known_now(self, start: int) -> list[tuple[int, list[Turn]]]:
        """Earlier utterances in which a piece that was unsure is known now."""
        numbers = {one.mark: one.number for one in self._memory.pieces if one.number is not None}
        changed = []
        for utterance in self._memory.told:
            known = [at for at, mark in enumerate(utterance.marks) if mark in numbers]
            for at in known:
                number = numbers[utterance.marks[at]]
                utterance.turns[at] = utterance.turns[at].model_copy(update={"speaker": number})
                utterance.marks[at] = None
            if known and utterance.start != start:
                changed.append((utterance.start, utterance.turns))
        return changed


def _mark(turn: Turn, spans: Sequence[tuple[int | None, VoiceSpan]]) -> int | None:
    """Which unsure piece `turn` is."""
    if turn.speaker is not None:
        return None
    inside = [
        (span.sec, mark)
        for mark, span in spans
        if mark is not None and span.start_sec >= turn.start_sec - 0.01 and span.end_sec <= turn.end_sec + 0.01
    ]
    return max(inside)[1] if inside else None
