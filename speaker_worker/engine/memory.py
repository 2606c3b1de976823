"""What is kept of a session between two utterances: the voices known by now, the latest pieces of speech, and what was
told of the latest utterances. As bytes with a bound, for Redis."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.jobs import MAX_POSITION
from contract.messages import MAX_SPEAKERS, MAX_TURNS, Turn
from speaker_worker.engine.likeness import Group

MAGIC: Final = b"SPL1"
HEAD: Final = struct.Struct("<4sII")  # bytes of JSON, rows
TOLD_MAX: Final = 24  # utterances
PIECES_MAX: Final = 96  # the latest; those before are part of their speaker's voice
DIMENSIONS_MAX: Final = 4096

Row = NDArray[np.float32]


@dataclass(eq=False)
class Voice:
    """One speaker. `group`: the pieces that are not kept any more, None while all are."""

    number: int
    group: Group | None = None


@dataclass(eq=False)
class HeardPiece:
    """A piece of the utterance that starts at sample `start`. `mark`: tells it from others. `number`: the speaker's,
    None while nobody is sure."""

    start: int
    mark: int
    group: Group
    number: int | None = None


class ToldUtterance(BaseModel):
    """The turns of one utterance as told last. `marks`: which unsure pieces each of them is, none where it is known."""

    model_config = ConfigDict(extra="forbid")

    start: int = Field(ge=0, le=MAX_POSITION)
    turns: list[Turn] = Field(max_length=MAX_TURNS)
    marks: list[list[int]] = Field(max_length=MAX_TURNS)


class _GroupRow(BaseModel):
    weight: float = Field(ge=0, le=1e6)
    squares: float = Field(ge=0, le=1e9)
    seconds: float = Field(ge=0)

    @classmethod
    def fields_of(cls, group: Group) -> dict[str, float]:
        return {name: round(getattr(group, name), 4) for name in ("weight", "squares", "seconds")}

    def group(self, total: Row) -> Group:
        return Group(total, self.weight, self.squares, self.seconds)


class _VoiceRow(_GroupRow):
    number: int = Field(ge=1)


class _PieceRow(_GroupRow):
    start: int = Field(ge=0, le=MAX_POSITION)
    mark: int
    number: int | None = Field(ge=1)


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid")

    encoder: str
    taken: int = Field(ge=0)
    marks: int = Field(ge=0)
    dimensions: int = Field(ge=0, le=DIMENSIONS_MAX)
    voices: list[_VoiceRow] = Field(max_length=MAX_SPEAKERS)
    pieces: list[_PieceRow] = Field(max_length=PIECES_MAX)
    told: list[ToldUtterance] = Field(max_length=TOLD_MAX)


@dataclass
class Memory:
    """`taken`: the highest number that was given. `marks`: how many pieces there were so far. `voices`: the speakers
    without those who were found to be another."""

    encoder: str = ""
    taken: int = 0
    marks: int = 0
    voices: list[Voice] = field(default_factory=list)
    pieces: list[HeardPiece] = field(default_factory=list)
    told: list[ToldUtterance] = field(default_factory=list)

    @property
    def dimensions(self) -> int:
        """Of the embeddings; 0 while there are none."""
        groups = [one.group for one in self.pieces] + [one.group for one in self.voices if one.group is not None]
        return len(groups[0].total) if groups else 0

    def add(self, start: int, group: Group) -> HeardPiece:
        """Keep one more piece, of the utterance at `start`; the oldest beyond the bound become part of their speaker's
        voice."""
        self.marks += 1
        piece = HeardPiece(start, self.marks, group)
        self.pieces.append(piece)
        while len(self.pieces) > PIECES_MAX:
            oldest = self.pieces.pop(0)
            for voice in self.voices:
                if voice.number == oldest.number:
                    voice.group = Group.together([one for one in (voice.group, oldest.group) if one is not None])
        return piece

    def tell(self, utterance: ToldUtterance) -> None:
        """Keep what was told; the oldest beyond the bound are forgotten."""
        self.told.append(utterance)
        del self.told[:-TOLD_MAX]

    def voice(self, speaker: Voice) -> Group | None:
        """All that is kept of `speaker`."""
        parts = [one.group for one in self.pieces if one.number == speaker.number]
        parts += [] if speaker.group is None else [speaker.group]
        return Group.together(parts) if parts else None

    def open(self) -> int | None:
        """The number of one more speaker; None where there are as many as there may be."""
        if self.taken >= MAX_SPEAKERS:
            return None
        self.taken += 1
        self.voices.append(Voice(self.taken))
        return self.taken

    def merge(self, gone: Voice, stays: Voice) -> None:
        """`gone` is found to be `stays`."""
        parts = [one.group for one in (stays, gone) if one.group is not None]
        stays.group = Group.together(parts) if parts else None
        for piece in self.pieces:
            if piece.number == gone.number:
                piece.number = stays.number
        self.voices.remove(gone)

    def pack(self) -> bytes:
        """As bytes; embeddings lose precision."""
        none = Group(np.zeros(self.dimensions, dtype=np.float32), 0.0, 0.0, 0.0)
        voices = [(one, one.group or none) for one in self.voices]
        kept = _Kept(
            encoder=self.encoder,
            taken=self.taken,
            marks=self.marks,
            dimensions=self.dimensions,
            voices=[_VoiceRow(number=one.number, **_GroupRow.fields_of(group)) for one, group in voices],
            pieces=[
                _PieceRow(start=one.start, mark=one.mark, number=one.number, **_GroupRow.fields_of(one.group))
                for one in self.pieces
            ],
            told=self.told,
        )
        rows = [group.total for _, group in voices] + [one.group.total for one in self.pieces]
        text = kept.model_dump_json().encode()
        return HEAD.pack(MAGIC, len(text), len(rows)) + text + b"".join(row.astype("<f2").tobytes() for row in rows)

    @classmethod
    def unpack(cls, packed: bytes) -> Self | None:
        """What `pack` gave; None where these bytes are something else."""
        if len(packed) < HEAD.size:
            return None
        magic, size, rows = HEAD.unpack_from(packed)
        if magic != MAGIC or len(packed) < HEAD.size + size:
            return None
        try:
            kept = _Kept.model_validate_json(packed[HEAD.size : HEAD.size + size])
        except ValidationError:
            return None
        raw = packed[HEAD.size + size :]
        if rows != len(kept.voices) + len(kept.pieces) or len(raw) != 2 * rows * kept.dimensions:
            return None
        points = np.frombuffer(raw, "<f2").astype(np.float32).reshape(rows, kept.dimensions)
        if not np.isfinite(points).all():
            return None
        voices = [
            Voice(one.number, one.group(row) if one.weight else None)
            for one, row in zip(kept.voices, points, strict=False)
        ]
        pieces = [
            HeardPiece(one.start, one.mark, one.group(row), one.number)
            for one, row in zip(kept.pieces, points[len(voices) :], strict=True)
        ]
        return cls(kept.encoder, kept.taken, kept.marks, voices, pieces, kept.told)
