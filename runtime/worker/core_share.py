"""Computing with threads on cores that other programs use as well.

The threads of one matrix product wait for each other. GNU's OpenMP, which torch uses, lets them spin for several
milliseconds: where another program holds the core of one thread, the others burn theirs until the scheduler ends its
time slice, for each of a hundred products a word. So waiting threads give way soon, and no more threads are used than
cores are free. bench/engine/company.py measures both.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from runtime.worker.cores import own_cores

STAT = Path("/proc/stat")
SPIN_COUNT = "10000"  # libgomp's GOMP_SPINCOUNT, by default 300,000; 3,000 made `base` a quarter slower alone
WAITING = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
IDLE = (3, 4)  # fields of a line of /proc/stat: idle, iowait (proc_stat(5))
COUNTED = 8  # its fields up to `steal`; guests are in those of users
LOOK_SEC = 0.25
LOOKS = 5  # one second


class Look(NamedTuple):
    """Seconds of processor time until `at` (seconds of a clock): of `all` programs on our cores, and our `own`."""

    at: float
    all: float
    own: float


def wait_briefly() -> None:
    """Let torch's threads spin only briefly. Call it before OpenMP is loaded; what the user has set stays."""
    if not any(name in os.environ for name in WAITING):
        os.environ[WAITING[0]] = SPIN_COUNT


def busy_sec(stat: str, cores: set[int]) -> float:
    """Processor time used on `cores` since boot, from the text of /proc/stat. Time stolen by a hypervisor counts as
    used."""
    ticks = 0
    for line in stat.splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cores:
            ticks += sum(int(field) for at, field in enumerate(fields[:COUNTED]) if at not in IDLE)
    return ticks / os.sysconf("SC_CLK_TCK")


class CoreShare:
    """How many threads to compute with: as many as cores were free of other programs in the last second."""

    def __init__(
        self, most: int, use: Callable[[int], object] = lambda _: None, look: Callable[[], Look] | None = None
    ) -> None:
        """`most`: threads when nothing else runs; with one there is nothing to decide. `use`: sets how many threads
        the calling thread computes with. `look`: takes a sample; by default of this process and its cores."""
        self._most = most
        self._use = use
        self._look = look or look_at_cores
        self._looks: deque[Look] = deque(maxlen=LOOKS)
        self._cores = len(own_cores())
        self._ended = threading.Event()

    def start(self) -> None:
        """Sample four times a second, in a thread. Without /proc/stat, `threads` stays at `most`."""
        if self._most > 1 and STAT.exists():
            threading.Thread(target=self._go_on, name="core-share", daemon=True).start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()

    def look(self) -> None:
        """Take one sample."""
        self._looks.append(self._look())

    def threads(self) -> int:
        """From 1 to `most`."""
        looks = tuple(self._looks)
        if len(looks) < 2 or looks[-1].at <= looks[0].at:
            return self._most
        first, last = looks[0], looks[-1]
        others = max(0.0, (last.all - first.all) - (last.own - first.own)) / (last.at - first.at)
        return max(1, min(self._most, round(self._cores - others)))

    def apply(self) -> None:
        """Let the calling thread compute with `threads()` threads."""
        self._use(self.threads())

    def _go_on(self) -> None:
        while not self._ended.wait(LOOK_SEC):
            try:
                self.look()
            except OSError:  # too many open files, for example: old samples must not decide for ever
                self._looks.clear()


def look_at_cores() -> Look:
    """One look at /proc/stat and at this process."""
    return Look(time.monotonic(), busy_sec(STAT.read_text(encoding="ascii"), own_cores()), time.process_time())
