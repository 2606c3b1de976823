"""Exponential back-off."""

from __future__ import annotations


class Backoff:
    """Delays that double from `first_sec` to `longest_sec`.

    redis-py's computes 2 to the power of all failures so far, which no float holds after a thousand of them.
    """

    def __init__(self, first_sec: float, longest_sec: float) -> None:
        self._first_sec = first_sec
        self._longest_sec = longest_sec
        self._next_sec = first_sec

    def reset(self) -> None:
        """Begin at the shortest delay again, after a success."""
        self._next_sec = self._first_sec

    def next_delay(self) -> float:
        """The next delay in seconds."""
        delay_sec = self._next_sec
        self._next_sec = min(2 * delay_sec, self._longest_sec)
        return delay_sec
