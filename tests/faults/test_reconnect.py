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
from tests.faults.worker_bench import DONE_SEC, ENDED, QUEUES, WORKING, WorkerBench, beside_each_other
from tests.faults.world import running_world

AWAY_SEC = 3.0
PAUSE_SEC = 8.0  # longer than kombu waits for an answer before it gives a connection up (6 s)
ASKED_FOR_SEC = 1.0  # a worker asks for a message for so long, and then again
Both = Callable[[Callable[[WorkerBench], None]], None]
SETTINGS = {"VISIBILITY_TIMEOUT_SEC": "5", "STT_REDIS_PATIENCE_SEC": "2", "ANALYZER_REDIS_PATIENCE_SEC": "2"}


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[WorkerBench]]:
    """A worker of each kind with a Redis of its own, the same process for all tests of this file: it is never started
    again."""
    with ExitStack() as worlds:
        made = []
        for worker in ("stt_0", "analyzer"):
            world = worlds.enter_context(
                running_world(tmp_path_factory.mktemp("reconnect"), "redis", worker, **SETTINGS)
            )
            made.append(WorkerBench(world, worker))
        began = [bench.world.pid(bench.worker) for bench in made]
        for bench in made:
            bench.send()
            bench.wait_all_ended()
        yield made
        for bench, pid in zip(made, began, strict=True):
            assert (bench.world.pid(bench.worker), bench.world.services[bench.worker].running) == (pid, True)
            bench.close()


@pytest.fixture
def both(benches: list[WorkerBench]) -> Both:
    """Runs what it is given for both workers, side by side."""
    return partial(beside_each_other, benches)


def works_on(bench: WorkerBench) -> None:
    """All that was sent ends once, and so does what comes now."""
    bench.send()
    bench.send()
    bench.wait_all_ended()
    assert bench.world.services[bench.worker].running


def start_redis(bench: WorkerBench) -> None:
    bench.world.services["redis"].start()
    wait_until(lambda: answers(bench.world.redis_port), 15, "Redis answers")


@pytest.mark.parametrize("away_sec", [0.0, AWAY_SEC])
def test_redis_killed_while_idle(both: Both, away_sec: float) -> None:
    def fault(bench: WorkerBench) -> None:
        bench.world.kill("redis", away_sec)
        works_on(bench)

    both(fault)


def test_redis_killed_while_working(both: Both) -> None:
    def fault(bench: WorkerBench) -> None:
        bench.world.hold_at(WORKING[bench.worker], DONE_SEC, bench.send)
        bench.world.kill("redis")
        bench.world.moments.release(WORKING[bench.worker])
        works_on(bench)

    both(fault)


def test_redis_gone_while_acknowledging(both: Both) -> None:
    """The acknowledgement fails: the task runs again after the visibility timeout and finds that it has ended."""

    def fault(bench: WorkerBench) -> None:
        bench.world.hold_at(ENDED[bench.worker], DONE_SEC, bench.send)
        bench.world.services["redis"].kill()
        log = bench.world.services[bench.worker]
        before = log.tail(100_000).count("could not be acknowledged")
        bench.world.moments.release(ENDED[bench.worker])
        wait_until(
            lambda: log.tail(100_000).count("could not be acknowledged") > before, DONE_SEC, "it cannot acknowledge"
        )
        start_redis(bench)
        works_on(bench)

    both(fault)


def test_redis_gone_for_longer_than_the_task_waits(both: Both) -> None:
    def fault(bench: WorkerBench) -> None:
        bench.world.hold_at(WORKING[bench.worker], DONE_SEC, bench.send)
        bench.world.services["redis"].kill()
        log = bench.world.services[bench.worker]
        before = log.tail(100_000).count("could not be acknowledged or given back")
        bench.world.moments.release(WORKING[bench.worker])
        wait_until(
            lambda: log.tail(100_000).count("could not be acknowledged or given back") > before,
            DONE_SEC,
            f"the task is let go of: {log.tail()}",
        )
        start_redis(bench)
        works_on(bench)

    both(fault)


def test_redis_paused_while_idle(both: Both) -> None:
    def fault(bench: WorkerBench) -> None:
        bench.world.pause_redis(PAUSE_SEC)
        works_on(bench)

    both(fault)


def test_redis_paused_while_working(both: Both) -> None:
    def fault(bench: WorkerBench) -> None:
        bench.world.hold_at(WORKING[bench.worker], DONE_SEC, bench.send)
        os.kill(bench.world.pid("redis"), signal.SIGSTOP)
        bench.world.moments.release(WORKING[bench.worker])
        time.sleep(PAUSE_SEC)  # the fault itself
        os.kill(bench.world.pid("redis"), signal.SIGCONT)
        works_on(bench)

    both(fault)


# --- deaf: alive, with a heartbeat, and asking for nothing --------------------------------------------


def health(bench: WorkerBench, folder: Path) -> str:
    """What the container's health check says; empty when the worker is healthy."""
    environment = {**os.environ, "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(bench.world.redis_port)}
    command = [sys.executable, "-m", "runtime.worker.healthcheck", QUEUES[bench.worker]]
    environment["TMPDIR"] = str(folder)
    done = subprocess.run(command, env=environment, cwd=ROOT, check=False, capture_output=True, text=True, timeout=30)
    assert (done.returncode == 0) == (done.stderr == ""), done
    return done.stderr.strip()


def heartbeats(bench: WorkerBench) -> dict[bytes, bytes]:
    return cast(dict[bytes, bytes], bench.world.client.hgetall(workers_key(QUEUES[bench.worker])))


def an_hour_passes(folder: Path) -> None:
    """For what the health check remembers."""
    for memory in folder.glob("health-*.json"):
        look = json.loads(memory.read_text())
        memory.write_text(json.dumps({**look, "waiting_since": look["waiting_since"] - 3600}))


def test_the_health_check_sees_a_deaf_worker(both: Both, tmp_path: Path) -> None:
    def fault(bench: WorkerBench) -> None:
        folder = tmp_path / bench.worker
        folder.mkdir()
        assert health(bench, folder) == ""
        bench.world.moments.deaf(True)
        time.sleep(2 * ASKED_FOR_SEC)  # what it has asked for before is answered
        bench.send()
        bench.send()
        assert health(bench, folder) == "", "a worker is given its time"
        before = heartbeats(bench)
        wait_until(lambda: heartbeats(bench) != before, 3 * HEARTBEAT_EVERY_SEC, "its heartbeat goes on")
        assert bench.world.client.llen(QUEUES[bench.worker]) == 2
        an_hour_passes(folder)
        assert "none was begun for 36" in health(bench, folder)
        bench.world.moments.deaf(False)
        works_on(bench)
        assert health(bench, folder) == ""

    both(fault)
    assert STALLED_AFTER_SEC < 3600
