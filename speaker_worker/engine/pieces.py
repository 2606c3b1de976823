"""Stretches of speech in which one person speaks, found in one utterance alone: where the voice before differs from the
voice behind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.encoder.windows import unit_rows
from speaker_worker.engine.voices import UtteranceVoices

SPLIT_BELOW = 0.79  # mean cosine of the windows before and those behind, with much speech on both sides
CHANCE = 0.06  # the less there is, the lower that may be by chance
CHANCE_SEC = 1.6  # of speech, to that deviation
SIDE_SEC = 1.0  # at least so much on both sides


@dataclass(frozen=True, eq=False)
class Piece:
    """Samples `start` to `end` (exclusive) of an utterance, and the voice in it, shape (d,), length 1. `clear_sec`: how
    much speech the windows of it cover that lie in it."""

    start: int
    end: int
    embedding: NDArray[np.float32]

    @property
    def sec(self) -> float:
        """How long it is."""
        return (self.end - self.start) / SAMPLE_RATE_HZ


def pieces_of(voices: UtteranceVoices, split_below: float = SPLIT_BELOW) -> list[Piece]:
    """In order; each lies in one span of speech."""
    found: list[Piece] = []
    for start, end in voices.spans.tolist():
        inside = (voices.windows[:, 0] >= start) & (voices.windows[:, 1] <= end)
        found += _parted(voices.windows[inside], voices.embeddings[inside], start, end, split_below)
    return found


def _parted(
    windows: NDArray[np.int32], embeddings: NDArray[np.float32], start: int, end: int, split_below: float
) -> list[Piece]:
    at = _change(windows, embeddings, start, end, split_below)
    if at is None:
        return [Piece(start, end, unit_rows(embeddings.sum(axis=0, keepdims=True))[0])]
    middles = windows.mean(axis=1)
    return [
        piece
        for begin, finish, mine in ((start, at, middles < at), (at, end, middles >= at))
        for piece in _parted(*_whole(windows[mine], embeddings[mine], begin, finish), begin, finish, split_below)
    ]


def _whole(
    windows: NDArray[np.int32], embeddings: NDArray[np.float32], start: int, end: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Without those that reach far over an edge, where enough others are left."""
    over = np.maximum(start - windows[:, 0], windows[:, 1] - end)
    mine = over <= max(int(over.min(initial=0)), 0.2 * SAMPLE_RATE_HZ)
    return windows[mine], embeddings[mine]


def _change(
    windows: NDArray[np.int32], embeddings: NDArray[np.float32], start: int, end: int, split_below: float
) -> int | None:
    """Where the voice changes, if it does."""
    side, best, found = SIDE_SEC * SAMPLE_RATE_HZ, split_below, None
    cosines = embeddings @ embeddings.T
    for at in range(int(start + side), int(end - side) + 1, SAMPLE_RATE_HZ // 10):
        before, behind = windows[:, 1] <= at, windows[:, 0] >= at
        if not before.any() or not behind.any():
            continue
        chance = CHANCE * float(np.sqrt(CHANCE_SEC * SAMPLE_RATE_HZ * (1 / (at - start) + 1 / (end - at))))
        like = float(cosines[np.ix_(before, behind)].mean()) + chance
        if like < best:
            best, found = like, at
    return found
