"""A token bucket. Pure, but for its clock."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]


class TokenBucket:
    """Gains `per_sec` tokens a second, holds `burst` at most, and starts full. Taking more than it holds is a debt."""

    def __init__(self, per_sec: float, burst: float, clock: Clock = time.monotonic) -> None:
        self._per_sec = per_sec
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._at = clock()

    def take(self, tokens: float) -> None:
        """Take so many, held or not."""
        now = self._clock()
        self._left = self._left_at(now) - tokens
        self._at = now

    def wait_sec(self, tokens: float = 0.0) -> float:
        """Seconds until it holds so many; with 0, until no debt is left."""
        return max(0.0, tokens - self._left_at(self._clock())) / self._per_sec

    def _left_at(self, now: float) -> float:
        return min(self._burst, self._left + (now - self._at) * self._per_sec)
