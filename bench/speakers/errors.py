"""Diarization error rate: the time that was missed, heard where nobody speaks, or given to somebody else, by the time
in which somebody speaks. As NIST's md-eval and pyannote.metrics have it, for one speaker at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from contract.audio import SAMPLE_RATE_HZ

STEP = SAMPLE_RATE_HZ // 1000  # a millisecond
COLLAR_SEC = 0.25  # before and after each end of a reference turn nothing counts
NOBODY = 0
Span = tuple[int | None, int, int]  # speaker (None: nobody knows who), first sample, last (exclusive)


@dataclass(frozen=True)
class Errors:
    """In seconds."""

    spoken: float = 0.0
    missed: float = 0.0
    false: float = 0.0
    confused: float = 0.0

    def __add__(self, other: Errors) -> Errors:
        return Errors(*(one + two for one, two in zip(self._all, other._all, strict=True)))

    @property
    def _all(self) -> tuple[float, float, float, float]:
        return self.spoken, self.missed, self.false, self.confused

    @property
    def rate(self) -> float:
        """1 is 100 %."""
        return (self.missed + self.false + self.confused) / max(1e-9, self.spoken)

    def figures(self) -> dict[str, float]:
        """Each as a share of what is spoken."""
        names = ("missed", "false", "confused")
        parts = {name: round(getattr(self, name) / max(1e-9, self.spoken), 4) for name in names}
        return {"der": round(self.rate, 4), **parts}


def diarization_errors(
    wanted: Sequence[tuple[str, int, int]], got: Sequence[Span], collar: float = COLLAR_SEC
) -> Errors:
    """Of what was `got` (spans with nobody known count as missed), with the mapping of speakers that is best."""
    length = max((end for _, _, end in [*wanted, *got]), default=0) // STEP + 1
    names = {voice: number for number, voice in enumerate(sorted({voice for voice, _, _ in wanted}), 1)}
    said = _painted([(names[voice], start, end) for voice, start, end in wanted], length)
    heard = _painted([(speaker, start, end) for speaker, start, end in got if speaker is not None], length)
    counted = np.ones(length, dtype=bool)
    margin = round(collar * SAMPLE_RATE_HZ / STEP)
    for _, start, end in wanted:
        for edge in (start // STEP, end // STEP):
            counted[max(0, edge - margin) : edge + margin] = False
    said, heard = said[counted], heard[counted]
    both = (said != NOBODY) & (heard != NOBODY)
    speakers = np.unique(heard[both])
    together = np.array(
        [[np.count_nonzero(both & (said == one) & (heard == two)) for two in speakers] for one in names.values()]
    )
    right = 0
    if together.size:
        rows, columns = linear_sum_assignment(together, maximize=True)
        right = int(together[rows, columns].sum())
    per_sec = SAMPLE_RATE_HZ / STEP
    return Errors(
        np.count_nonzero(said) / per_sec,
        np.count_nonzero((said != NOBODY) & (heard == NOBODY)) / per_sec,
        np.count_nonzero((said == NOBODY) & (heard != NOBODY)) / per_sec,
        (np.count_nonzero(both) - right) / per_sec,
    )


def _painted(spans: Sequence[tuple[int, int, int]], length: int) -> NDArray[np.int32]:
    found = np.zeros(length, dtype=np.int32)
    for speaker, start, end in spans:
        found[start // STEP : end // STEP] = speaker
    return found
