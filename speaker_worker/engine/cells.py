"""Who speaks when, once the voices are known: the speech in cells of 0.1 s, each scored for each voice by the windows
over it, and the best path through them, in which a change costs (Viterbi)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.voices import LEVEL_SAMPLES, UtteranceVoices

CELL_SAMPLES = SAMPLE_RATE_HZ // 10
CHANGE_COST = 0.9  # in cells' worth of likeness: what one change has to bring
PAUSE_GAIN = 0.6  # so much less of it where the speech is quietest
PAUSE_DB = 25.0  # this far below the loudest it is quiet

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Stretch:
    """Samples `start` to `end` (exclusive) of an utterance; `voice`: a row of those known."""

    voice: int
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Cells:
    """The speech of an utterance, cut into cells. `bounds`: first sample and last (exclusive) of each, shape (c, 2).
    `weights`: how much each window tells of each cell, shape (c, w), rows of sum 1. `costs`: of a change before each
    cell, shape (c,)."""

    bounds: NDArray[np.int64]
    weights: Scores
    costs: Scores

    @classmethod
    def of(cls, voices: UtteranceVoices) -> Cells:
        """Those of `voices`."""
        bounds, costs = [], []
        for start, end in voices.spans.tolist():
            count = max(1, round((end - start) / CELL_SAMPLES))
            edges = np.linspace(start, end, count + 1).astype(int).tolist()
            bounds += list(pairwise(edges))
            costs += [_cost(voices, edge, edge == start) for edge in edges[:-1]]
        cells = np.array(bounds, dtype=np.int64).reshape(-1, 2)
        return cls(cells, _weights(cells, voices), np.array(costs, dtype=np.float64))

    def likeness(self, embeddings: NDArray[np.float32], known: NDArray[np.float32]) -> Scores:
        """How like each of the `known` voices (rows of length 1) each cell is, shape (c, k)."""
        return self.weights @ (embeddings @ known.T).astype(np.float64)

    def path(self, scores: Scores) -> list[Stretch]:
        """The best path through `scores`, shape (c, k): stretches in order, each in one span of speech."""
        count, voices = scores.shape
        best, back = scores[0].copy(), np.zeros((count, voices), dtype=np.int64)
        for at in range(1, count):
            leader = int(best.argmax())
            changed = best[leader] - self.costs[at]
            stays = best >= changed
            back[at] = np.where(stays, np.arange(voices), leader)
            best = np.where(stays, best, changed) + scores[at]
        voice, path = int(best.argmax()), []
        for at in range(count - 1, -1, -1):
            path.append(voice)
            voice = int(back[at, voice])
        return self._stretches(path[::-1])

    def _stretches(self, path: list[int]) -> list[Stretch]:
        found: list[Stretch] = []
        for voice, (start, end) in zip(path, self.bounds.tolist(), strict=True):
            if found and found[-1].voice == voice and found[-1].end == start:
                found[-1] = Stretch(voice, found[-1].start, end)
            else:
                found.append(Stretch(voice, start, end))
        return found


def _weights(cells: NDArray[np.int64], voices: UtteranceVoices) -> Scores:
    """A window tells most of the cell in its middle, and nothing of one outside."""
    middles, windows = cells.mean(axis=1)[:, None], voices.windows
    half = np.maximum(1, (windows[:, 1] - windows[:, 0]) / 2)
    near = np.maximum(0.0, 1 - np.abs(middles - windows.mean(axis=1)) / half)
    sums = near.sum(axis=1, keepdims=True)
    found: Scores = np.divide(near, sums, out=np.zeros_like(near), where=sums > 0)
    return found


def _cost(voices: UtteranceVoices, edge: int, first: bool) -> float:
    """Of a change at `edge`; `first`: a stretch of speech begins there."""
    if first:
        return CHANGE_COST - PAUSE_GAIN
    frame = edge // LEVEL_SAMPLES
    around = voices.levels[max(0, frame - 1) : frame + 2]
    quiet = min(1.0, float(around.max(initial=0)) / PAUSE_DB)
    return CHANGE_COST - PAUSE_GAIN * quiet
