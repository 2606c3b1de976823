"""A worker that has lost Redis works on, in the same process; one that has gone deaf is found out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from contract.keys import workers_key
from harness.processes import ROOT, answers, wait_until
from runtime.worker.healthcheck import STALLED_AFTER_SEC
from runtime.worker.heartbeat import HEARTBEAT_EVERY_SEC
from tests.faults.fault_system import running_world
from tests.faults.worker_rig import DONE_SEC, ENDED, QUEUES, WORKING, WorkerRig, beside_each_other

AWAY_SEC = 3.0
PAUSE_SEC = 8.0  # longer than kombu waits for an answer before it gives a connection up (6 s)
ASKED_FOR_SEC = 1.0  # a worker asks for a message for so long, and then again
Both = Callable[[Callable[[WorkerRig], None]], None]
SETTINGS = {"VISIBILITY_TIMEOUT_SEC": "5", "STT_REDIS_PATIENCE_SEC": "2", "ANALYZER_REDIS_PATIENCE_SEC": "2"}


@pytest.fixture(scope="module")
def rigs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[WorkerRig]]:
    """A worker of each kind with a Redis of its own, the same process for all tests of this file: it is never started
    again."""
    with ExitStack() as worlds:
        made = []
        for worker in ("stt_0", "analyzer"):
            world = worlds.enter_context(
                running_world(tmp_path_factory.mktemp("reconnect"), "redis", worker, **SETTINGS)
            )
            made.append(WorkerRig(world, worker))
        began = [rig.world.pid(rig.worker) for rig in made]
        for rig in made:
            rig.send()
            rig.wait_all_ended()
        yield made
        for rig, pid in zip(made, began, strict=True):
            assert (rig.world.pid(rig.worker), rig.world.services[rig.worker].running) == (pid, True)
            rig.close()


@pytest.fixture
def both(rigs: list[WorkerRig]) -> Both:
    """Runs what it is given for both workers, side by side."""
    return partial(beside_each_other, rigs)


def works_on(rig: WorkerRig) -> None:
    """All that was sent ends once, and so does what comes now."""
    rig.send()
    rig.send()
    rig.wait_all_ended()
    assert rig.world.services[rig.worker].running


def start_redis(rig: WorkerRig) -> None:
    rig.world.services["redis"].start()
    wait_until(lambda: answers(rig.world.redis_port), 15, "Redis answers")


@pytest.mark.parametrize("away_sec", [0.0, AWAY_SEC])
def test_redis_killed_while_idle(both: Both, away_sec: float) -> None:
    def fault(rig: WorkerRig) -> None:
        rig.world.kill("redis", away_sec)
        works_on(rig)

    both(fault)


def test_redis_killed_while_working(both: Both) -> None:
    def fault(rig: WorkerRig) -> None:
        rig.world.hold_at(WORKING[rig.worker], DONE_SEC, rig.send)
        rig.world.kill("redis")
        rig.world.moments.release(WORKING[rig.worker])
        works_on(rig)

    both(fault)


def test_redis_gone_while_acknowledging(both: Both) -> None:
    """The acknowledgement fails: the task runs again after the visibility timeout and finds that it has ended."""

    def fault(rig: WorkerRig) -> None:
        rig.world.hold_at(ENDED[rig.worker], DONE_SEC, rig.send)
        rig.world.services["redis"].kill()
        log = rig.world.services[rig.worker]
        before = log.tail(100_000).count("could not be acknowledged")
        rig.world.moments.release(ENDED[rig.worker])
        wait_until(
            lambda: log.tail(100_000).count("could not be acknowledged") > before, DONE_SEC, "it cannot acknowledge"
        )
        start_redis(rig)
        works_on(rig)

    both(fault)


def test_redis_gone_for_longer_than_the_task_waits(both: Both) -> None:
    def fault(rig: WorkerRig) -> None:
        rig.world.hold_at(WORKING[rig.worker], DONE_SEC, rig.send)
        rig.world.services["redis"].kill()
        log = rig.world.services[rig.worker]
        before = log.tail(100_000).count("could not be acknowledged or given back")
        rig.world.moments.release(WORKING[rig.worker])
        wait_until(
            lambda: log.tail(100_000).count("could not be acknowledged or given back") > before,
            DONE_SEC,
            f"the task is let go of: {log.tail()}",
        )
        start_redis(rig)
        works_on(rig)

    both(fault)


def test_redis_paused_while_idle(both: Both) -> None:
    def fault(rig: WorkerRig) -> None:
        rig.world.pause_redis(PAUSE_SEC)
        works_on(rig)

    both(fault)


def test_redis_paused_while_working(both: Both) -> None:
    def fault(rig: WorkerRig) -> None:
        rig.world.hold_at(WORKING[rig.worker], DONE_SEC, rig.send)
        os.kill(rig.world.pid("redis"), signal.SIGSTOP)
        rig.world.moments.release(WORKING[rig.worker])
        time.sleep(PAUSE_SEC)  # the fault itself
        os.kill(rig.world.pid("redis"), signal.SIGCONT)
        works_on(rig)

    both(fault)


# --- deaf: alive, with a heartbeat, and asking for nothing --------------------------------------------


def health(rig: WorkerRig, folder: Path) -> str:
    """What the container's health check says; empty when the worker is healthy."""
    environment = {**os.environ, "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(rig.world.redis_port)}
    command = [sys.executable, "-m", "runtime.worker.healthcheck", QUEUES[rig.worker]]
    environment["TMPDIR"] = str(folder)
    done = subprocess.run(command, env=environment, cwd=ROOT, check=False, capture_output=True, text=True, timeout=30)
    assert (done.returncode == 0) == (done.stderr == ""), done
    return done.stderr.strip()


def heartbeats(rig: WorkerRig) -> dict[bytes, bytes]:
    return cast(dict[bytes, bytes], rig.world.client.hgetall(workers_key(QUEUES[rig.worker])))


def an_hour_passes(folder: Path) -> None:
    """For what the health check remembers."""
    for memory in folder.glob("health-*.json"):
        look = json.loads(memory.read_text())
        memory.write_text(json.dumps({**look, "waiting_since": look["waiting_since"] - 3600}))


def test_the_health_check_sees_a_deaf_worker(both: Both, tmp_path: Path) -> None:
    def fault(rig: WorkerRig) -> None:
        folder = tmp_path / rig.worker
        folder.mkdir()
        assert health(rig, folder) == ""
        rig.world.moments.deaf(True)
        time.sleep(2 * ASKED_FOR_SEC)  # what it has asked for before is answered
        rig.send()
        rig.send()
        assert health(rig, folder) == "", "a worker is given its time"
        before = heartbeats(rig)
        wait_until(lambda: heartbeats(rig) != before, 3 * HEARTBEAT_EVERY_SEC, "its heartbeat goes on")
        assert rig.world.client.llen(QUEUES[rig.worker]) == 2
        an_hour_passes(folder)
        assert "none was begun for 36" in health(rig, folder)
        rig.world.moments.deaf(False)
        works_on(rig)
        assert health(rig, folder) == ""

    both(fault)
    assert STALLED_AFTER_SEC < 3600
