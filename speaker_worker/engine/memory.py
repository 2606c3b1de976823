"""What is kept of a session between two utterances: the voices known by now, pieces that nobody could be told for, and
what was told of the latest utterances. As bytes with a bound, for Redis."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.jobs import MAX_POSITION
from contract.messages import MAX_TURNS, Turn

MAGIC: Final = b"SPL1"
HEAD: Final = struct.Struct("<4sII")  # bytes of JSON, rows
TOLD_MAX: Final = 24  # utterances
UNSURE_MAX: Final = 24  # pieces
VOICES_MAX: Final = 64
DIMENSIONS_MAX: Final = 4096

Row = NDArray[np.float32]


@dataclass(eq=False)
class Voice:
    """One speaker: mean voice in `seconds` of speech, shape (d,), length 1."""

    number: int
    seconds: float
    embedding: Row


@dataclass(eq=False)
class Unsure:
    """A piece of the utterance that starts at sample `start`, whose speaker is told as unknown in turn `mark`."""

    start: int
    mark: int
    seconds: float
    embedding: Row


class ToldUtterance(BaseModel):
    """The turns of one utterance as told last. `marks`: of each turn whose speaker is unknown, which piece it is."""

    model_config = ConfigDict(extra="forbid")

    start: int = Field(ge=0, le=MAX_POSITION)
    turns: list[Turn] = Field(max_length=MAX_TURNS)
    marks: list[int | None] = Field(max_length=MAX_TURNS)


class _VoiceRow(BaseModel):
    number: int = Field(ge=1)
    seconds: float = Field(ge=0)


class _UnsureRow(BaseModel):
    start: int = Field(ge=0, le=MAX_POSITION)
    mark: int
    seconds: float = Field(ge=0)


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid")

    encoder: str
    taken: int = Field(ge=0)
    marks: int = Field(ge=0)
    dimensions: int = Field(ge=0, le=DIMENSIONS_MAX)
    voices: list[_VoiceRow] = Field(max_length=VOICES_MAX)
    unsure: list[_UnsureRow] = Field(max_length=UNSURE_MAX)
    told: list[ToldUtterance] = Field(max_length=TOLD_MAX)


@dataclass
class Memory:
    """`taken`: the highest number that was given. `marks`: how many pieces were unsure so far."""

    encoder: str = ""
    taken: int = 0
    marks: int = 0
    voices: list[Voice] = field(default_factory=list)
    unsure: list[Unsure] = field(default_factory=list)
    told: list[ToldUtterance] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """All embeddings."""
        return [one.embedding for one in self.voices] + [one.embedding for one in self.unsure]

    def pack(self) -> bytes:
        """As bytes, the oldest beyond the bounds left out; embeddings lose precision."""
        del self.told[:-TOLD_MAX]
        del self.unsure[:-UNSURE_MAX]
        rows = self.rows
        kept = _Kept(
            encoder=self.encoder,
            taken=self.taken,
            marks=self.marks,
            dimensions=len(rows[0]) if rows else 0,
            voices=[_VoiceRow(number=one.number, seconds=round(one.seconds, 2)) for one in self.voices],
            unsure=[_UnsureRow(start=one.start, mark=one.mark, seconds=round(one.seconds, 2)) for one in self.unsure],
            told=self.told,
        )
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
        if rows != len(kept.voices) + len(kept.unsure) or len(raw) != 2 * rows * kept.dimensions:
            return None
        points = np.frombuffer(raw, "<f2").astype(np.float32).reshape(rows, kept.dimensions)
        if not np.isfinite(points).all():
            return None
        voices = [Voice(one.number, one.seconds, point) for one, point in zip(kept.voices, points, strict=False)]
        behind = points[len(voices) :]
        unsure = [Unsure(one.start, one.mark, one.seconds, row) for one, row in zip(kept.unsure, behind, strict=True)]
        return cls(kept.encoder, kept.taken, kept.marks, voices, unsure, kept.told)
