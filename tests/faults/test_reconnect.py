"""A worker that has lost Redis works on, in the same process; one that has gone deaf is found out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.processes import ROOT, answers, wait_until
from runtime.worker.healthcheck import STALLED_AFTER_SEC
from runtime.worker.heartbeat import HEARTBEAT_EVERY_SEC
from tests.faults.worker_bench import DONE_SEC, ENDED, QUEUES, WORKING, WorkerBench
from tests.faults.world import running_world

AWAY_SEC = 3.0
PAUSE_SEC = 8.0  # longer than kombu waits for an answer before it gives a connection up (6 s)
ASKED_FOR_SEC = 1.0  # a worker asks for a message for so long, and then again
SETTINGS = {"VISIBILITY_TIMEOUT_SEC": "5", "STT_REDIS_PATIENCE_SEC": "2", "ANALYZER_REDIS_PATIENCE_SEC": "2"}


@pytest.fixture(scope="module", params=["stt_0", "analyzer"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerBench]:
    """One worker, the same process for all tests of this file: it is never started again."""
    with running_world(tmp_path_factory.mktemp("reconnect"), "redis", request.param, **SETTINGS) as world:
        made = WorkerBench(world, request.param)
        began = world.pid(request.param)
        made.send()
        made.wait_all_ended()
        yield made
        assert (world.pid(request.param), world.services[request.param].running) == (began, True)
        made.close()


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
def test_redis_killed_while_idle(bench: WorkerBench, away_sec: float) -> None:
    bench.world.kill("redis", away_sec)
    works_on(bench)


def test_redis_killed_while_working(bench: WorkerBench) -> None:
    bench.world.hold_at(WORKING[bench.worker], DONE_SEC, bench.send)
    bench.world.kill("redis")
    bench.world.moments.release(WORKING[bench.worker])
    works_on(bench)


def test_redis_gone_while_acknowledging(bench: WorkerBench) -> None:
    """The acknowledgement fails: the task runs again after the visibility timeout and finds that it has ended."""
    bench.world.hold_at(ENDED[bench.worker], DONE_SEC, bench.send)
    bench.world.services["redis"].kill()
    log = bench.world.services[bench.worker]
    before = log.tail(100_000).count("could not be acknowledged")
    bench.world.moments.release(ENDED[bench.worker])
    wait_until(lambda: log.tail(100_000).count("could not be acknowledged") > before, DONE_SEC, "it cannot acknowledge")
    start_redis(bench)
    works_on(bench)


def test_redis_gone_for_longer_than_the_task_waits(bench: WorkerBench) -> None:
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


def test_redis_paused_while_idle(bench: WorkerBench) -> None:
    bench.world.pause_redis(PAUSE_SEC)
    works_on(bench)


def test_redis_paused_while_working(bench: WorkerBench) -> None:
    bench.world.hold_at(WORKING[bench.worker], DONE_SEC, bench.send)
    os.kill(bench.world.pid("redis"), signal.SIGSTOP)
    bench.world.moments.release(WORKING[bench.worker])
    time.sleep(PAUSE_SEC)  # the fault itself
    os.kill(bench.world.pid("redis"), signal.SIGCONT)
    works_on(bench)


# --- deaf: alive, with a heartbeat, and asking for nothing --------------------------------------------


def health(bench: WorkerBench, folder: Path) -> str:
    """What the container's health check says; empty when the worker is healthy."""
    environment = {**os.environ, "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(bench.world.redis_port)}
    command = [sys.executable, "-m", "runtime.worker.healthcheck", QUEUES[bench.worker]]
    environment["TMPDIR"] = str(folder)
    done = subprocess.run(command, env=environment, cwd=ROOT, check=False, capture_output=True, text=True, timeout=30)
    assert (done.returncode == 0) == (done.stderr == ""), done
    return done.stderr.strip()


def an_hour_passes(folder: Path) -> None:
    """For what the health check remembers."""
    for memory in folder.glob("health-*.json"):
        look = json.loads(memory.read_text())
        memory.write_text(json.dumps({**look, "waiting_since": look["waiting_since"] - 3600}))


def test_the_health_check_sees_a_deaf_worker(bench: WorkerBench, tmp_path: Path) -> None:
    assert health(bench, tmp_path) == ""
    bench.world.moments.deaf(True)
    time.sleep(2 * ASKED_FOR_SEC)  # what it has asked for before is answered
    bench.send()
    bench.send()
    assert health(bench, tmp_path) == "", "a worker is given its time"
    time.sleep(2 * HEARTBEAT_EVERY_SEC)
    assert bench.world.client.llen(QUEUES[bench.worker]) == 2
    an_hour_passes(tmp_path)
    assert "none was begun for 36" in health(bench, tmp_path)
    bench.world.moments.deaf(False)
    works_on(bench)
    assert health(bench, tmp_path) == ""
    assert STALLED_AFTER_SEC < 3600
