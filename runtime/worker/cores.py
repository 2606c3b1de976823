"""The cores that this process may use: by its affinity, and by the CPU quota of its cgroup (a container's)."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP_ROOT = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def own_cores() -> set[int]:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def usable_cores(root: Path = CGROUP_ROOT, own: Path = OWN_CGROUP) -> int:
    """Cores for this process, at least 1.

    A quota of 1.5 cores counts as 1: two threads of equal work would each be stopped a quarter of the time.
    """
    cores = len(own_cores())
    quota = cpu_quota(root, own)
    return cores if quota is None else max(1, min(cores, int(quota)))


def cpu_quota(root: Path = CGROUP_ROOT, own: Path = OWN_CGROUP) -> float | None:
    """Cores allowed by the tightest cgroup above this process (v2 `cpu.max`, v1 `cpu.cfs_quota_us`), None without."""
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
