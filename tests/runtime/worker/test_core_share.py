"""How many threads to use beside other programs (runtime.worker.core_share)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from harness.processes import ROOT, wait_until
from runtime.worker import core_share
from runtime.worker.core_share import CoreShare, Look, busy_sec, look_at_cores, wait_briefly
from runtime.worker.cores import own_cores

TICKS = os.sysconf("SC_CLK_TCK")
STAT = f"""cpu  {9 * TICKS} 0 {9 * TICKS} 900 0 0 0 0 0 0
cpu0 {TICKS} {2 * TICKS} {3 * TICKS} 99999 99999 {TICKS} {TICKS} {TICKS} 77777 77777
cpu1 {4 * TICKS} 0 0 5 5 0 0 0 0 0
cpu12 {50 * TICKS} 0 0 0 0 0 0 0 0 0
intr 12345 0
ctxt 999
"""


def test_used_is_all_but_idle_and_waiting_for_disks_and_what_guests_use_is_in_it_already() -> None:
    assert busy_sec(STAT, {0}) == 9.0
    assert busy_sec(STAT, {0, 1}) == 13.0
    assert busy_sec(STAT, {2}) == 0.0, "cpu12 is not cpu2"


@pytest.mark.parametrize(
    ("most", "cores", "others", "threads"),
    [
        (2, 2, 0.0, 2),
        (2, 2, 0.3, 2),
        (2, 2, 0.8, 1),
        (2, 2, 2.0, 1),
        (1, 2, 0.0, 1),
        (16, 16, 4.0, 12),
        (2, 16, 13.0, 2),
        (2, 16, 15.0, 1),
        (4, 4, -0.1, 4),  # the two clocks are not read at the very same time
    ],
)
def test_as_many_threads_as_cores_are_free(
    most: int, cores: int, others: float, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_share, "own_cores", lambda: set(range(cores)))
    own = 1.5
    used: list[int] = []
    share = CoreShare(
        most, used.append, look_of([Look(0.25 * at, (own + others) * 0.25 * at, own * 0.25 * at) for at in range(3)])
    )
    assert share.threads() == most, "nothing is known yet"
    share.look()
    assert share.threads() == most
    share.look()
    share.look()
    assert share.threads() == threads
    share.apply()
    assert used == [threads]


def test_what_is_longer_ago_than_a_second_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_share, "own_cores", lambda: {0, 1})
    busy = [Look(0.25 * step, 2 * 0.25 * step, 0.0) for step in range(9)]
    quiet = [Look(busy[-1].at + 0.25 * step, busy[-1].all, 0.0) for step in range(1, 5)]
    share = CoreShare(2, look=look_of([*busy, *quiet]))
    for _ in busy:
        share.look()
    assert share.threads() == 1
    for _ in quiet:
        share.look()
    assert share.threads() == 2


def look_of(looks: list[Look]) -> Callable[[], Look]:
    found: Iterator[Look] = iter(looks)
    return lambda: next(found)


@pytest.mark.skipif(not core_share.STAT.exists(), reason="only Linux tells by /proc/stat")
def test_other_programs_are_seen() -> None:
    cores = len(own_cores())
    share = CoreShare(cores + 1, look=look_at_cores)
    assert share.threads() == cores + 1
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    share.start()
    try:
        wait_until(lambda: share.threads() == 1, 30.0, "all cores are in use")
    finally:
        for one in others:
            one.kill()
            one.wait()
        share.stop()


@pytest.mark.parametrize("chosen", [{}, {"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "active"}])
def test_a_way_to_wait_that_was_chosen_stays(chosen: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in core_share.WAITING:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    wait_briefly()
    found = {name: os.environ[name] for name in core_share.WAITING if name in os.environ}
    assert found == (chosen or {"GOMP_SPINCOUNT": core_share.SPIN_COUNT})


@pytest.mark.parametrize("module", ["stt_worker", "analyzer_worker"])
def test_the_workers_wait_briefly_before_torch_is_there(module: str) -> None:
    code = f"import os, sys, {module}; print(os.environ.get('GOMP_SPINCOUNT'), 'torch' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name not in core_share.WAITING}
    environment["PYTHONPATH"] = str(ROOT)
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.split() == [core_share.SPIN_COUNT, "False"]
