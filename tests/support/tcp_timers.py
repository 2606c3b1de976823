"""Whether the kernel probes silent connections, as /proc/net/tcp tells it: no `ss` is needed."""

from __future__ import annotations

import os
from pathlib import Path

ESTABLISHED = "01"
KEEP_ALIVE_TIMER = "02"
TICKS_PER_SEC = os.sysconf("SC_CLK_TCK")


def probes_due_sec(port: int) -> list[float]:
    """For each connection that was accepted at 127.0.0.1:`port`, in how many seconds it is probed; infinite: never."""
    found = []
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, _, state, _, timer, *_ = line.split()
        if state == ESTABLISHED and int(local.partition(":")[2], 16) == port:
            kind, _, ticks = timer.partition(":")
            found.append(int(ticks, 16) / TICKS_PER_SEC if kind == KEEP_ALIVE_TIMER else float("inf"))
    return found
