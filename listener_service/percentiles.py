"""Percentiles of a stream of durations in bounded memory. Pure.

The method is DDSketch (Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", PVLDB 12, 2019): buckets whose bounds grow by a constant factor, so that the middle of
a bucket is within a fixed share of every value in it.
"""

from __future__ import annotations

import math
from typing import Any

RELATIVE_ERROR = 0.01
_GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)  # buckets about 2 % wide
_LOG_GROWTH = math.log(_GROWTH)
SHORTEST_MS = 0.1
LONGEST_MS = 1e8  # over a day; what is beyond either bound counts as the bound
_BOUNDS = range(math.ceil(math.log(SHORTEST_MS) / _LOG_GROWTH), math.ceil(math.log(LONGEST_MS) / _LOG_GROWTH) + 1)


class LatencyHistogram:
    """Durations in milliseconds; at most about 1,040 buckets, and few of them are ever used."""

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self._count = 0
        self._least = math.inf
        self._most = 0.0

    def __len__(self) -> int:
        return self._count

    def add(self, value_ms: float) -> None:
        """Count one duration. Values that are no finite number are ignored."""
        if not math.isfinite(value_ms):
            return
        value = min(max(value_ms, SHORTEST_MS), LONGEST_MS)
        bucket = math.ceil(math.log(value) / _LOG_GROWTH)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self._count += 1
        self._least = min(self._least, value)
        self._most = max(self._most, value)

    def percentile(self, percent: float) -> float | None:
        """The value below which `percent` (0 to 100) of the durations lie, or None while there is none.

        Within 1 % of numpy.percentile (linear between neighbours); exact for a single value.
        """
        if not self._count:
            return None
        rank = (self._count - 1) * percent / 100.0
        lower = self._at(math.floor(rank))
        upper = self._at(math.ceil(rank))
        return lower + (upper - lower) * (rank - math.floor(rank))

    def _at(self, rank: int) -> float:
        """About the value with that many values below it."""
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen > rank:
                middle = 2 * _GROWTH**bucket / (_GROWTH + 1)
                return min(max(middle, self._least), self._most)
        return self._most

    def to_json(self) -> dict[str, Any]:
        """The state as JSON types; `from_json` reads it back."""
        if not self._count:
            return {}
        buckets = {str(bucket): count for bucket, count in sorted(self._buckets.items())}
        return {"buckets": buckets, "least": self._least, "most": self._most}

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> LatencyHistogram:
        """The histogram that `to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        histogram = cls()
        if state:
            histogram._buckets = {int(bucket): int(count) for bucket, count in state["buckets"].items()}
            if any(bucket not in _BOUNDS or count < 1 for bucket, count in histogram._buckets.items()):
                raise ValueError("a bucket outside the histogram's range")
            histogram._count = sum(histogram._buckets.values())
            histogram._least = float(state["least"])
            histogram._most = float(state["most"])
        return histogram
