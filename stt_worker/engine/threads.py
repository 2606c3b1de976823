"""How many threads torch should use: the cores that this process may run on, within its CPU quota."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import torch

CGROUP_ROOT = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")
BACKGROUND_NICE = 5  # a third of the share of a thread with the usual 0 (sched(7))


def use_threads(count: int, tiny_model: bool) -> int:
    """Let torch compute with `count` threads and return the number.

    0: one per usable core, but one for a tiny model: on its small products threads mostly wait for each other, and
    beside other busy processes they make it several times slower.
    """
    threads = count or (1 if tiny_model else usable_cores())
    torch.set_num_threads(threads)
    return threads


def use_in_background() -> None:
    """Set up the calling thread, which works beside the main one: it computes with one thread, and on Linux, which has
    priorities per thread, at a lower one than finals, of this and other workers on the machine. Only a little lower: a
    final may have to wait for half a layer that runs here.

    One thread, because a team of OpenMP threads belongs to its caller, and GNU's OpenMP stops spinning once a process
    has more of them than cores (libgomp, gomp_managed_threads): then each small product of a decoder would cost a
    wake-up, and finals would take twice as long.
    """
    torch.set_num_threads(1)
    if sys.platform == "linux":
        own = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, own, min(19, os.getpriority(os.PRIO_PROCESS, own) + BACKGROUND_NICE))


def usable_cores(root: Path = CGROUP_ROOT, own: Path = OWN_CGROUP) -> int:
    """Cores for this process, at least 1.

    A quota of 1.5 cores counts as 1: two threads of equal work would each be stopped a quarter of the time.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota(root, own)
    return cores if quota is None else max(1, min(cores, int(quota)))


def cpu_quota(root: Path = CGROUP_ROOT, own: Path = OWN_CGROUP) -> float | None:
    """Cores allowed by the tightest cgroup above this process (v2 `cpu.max`, v1 `cpu.cfs_quota_us`), None if any."""
    quotas = [_quota_v2(folder) for folder in _folders_v2(root, own)]
    quotas.append(_quota_v1(root / "cpu"))
    return min((quota for quota in quotas if quota is not None), default=None)


def _folders_v2(root: Path, own: Path) -> list[Path]:
    """The root cgroup and those from it down to this process's own."""
    folders = [root]
    try:
        unified = [line for line in own.read_text().splitlines() if line.startswith("0::/")]
    except OSError:
        return folders
    for line in unified:
        for part in Path(line.removeprefix("0::/")).parts:
            folders.append(folders[-1] / part)
    return folders


def _quota_v2(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _quota_v1(folder: Path) -> float | None:
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        return quota / int((folder / "cpu.cfs_period_us").read_text()) if quota > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
