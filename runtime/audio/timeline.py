"""From stream positions, which count speech alone, to positions in the recording, which captions need."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

RUNS_KEPT = 5_000


class Timeline:
    """Remembers the latest `runs_kept` runs of speech; positions before them are taken as in the first kept one."""

    def __init__(self, runs_kept: int = RUNS_KEPT) -> None:
        self._runs: deque[tuple[int, int]] = deque(maxlen=runs_kept)

    def add(self, passed: int, captured: int) -> None:
        """The sample that is number `passed` of the speech was number `captured` of the recording; both ascend."""
        self._runs.append((passed, captured))

    def captured_at(self, passed: int) -> int:
        """The sample of the recording that sample `passed` of the speech was."""
        place = bisect_right(self._runs, passed, key=lambda run: run[0])
        if not self._runs:
            return passed
        run_passed, run_captured = self._runs[max(0, place - 1)]
        return max(0, run_captured + passed - run_passed)
