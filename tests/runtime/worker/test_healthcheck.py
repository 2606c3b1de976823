"""A container's health check: a fresh heartbeat, and a queue that moves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from pydantic import ValidationError

from contract.queues import STT_QUEUE
from contract.settings import ServiceSettings
from harness.processes import ROOT
from runtime.worker.healthcheck import STALLED_AFTER_SEC, Look, judge
from runtime.worker.heartbeat import Heartbeat, WorkerInfo


def worker(busy_sec: float = 0.0, tasks_done: int = 7) -> WorkerInfo:
    return WorkerInfo("demo", True, time.time() + 10, busy_sec, tasks_done)


def test_idle_or_busy_is_healthy() -> None:
    assert judge(worker(), 0, None, 100.0) == ("", None)
    assert judge(worker(busy_sec=90.0), 50, Look(7, 0.0), 100.0) == ("", None)


def test_no_heartbeat_is_not() -> None:
    trouble, look = judge(None, 0, None, 100.0)
    assert "no fresh heartbeat" in trouble
    assert look is None


def test_a_backlog_that_is_not_touched_is_not() -> None:
    trouble, first = judge(worker(), 3, None, 100.0)
    assert (trouble, first) == ("", Look(7, 100.0))
    assert judge(worker(), 3, first, 100.0 + STALLED_AFTER_SEC) == ("", first)
    trouble, kept = judge(worker(), 4, first, 101.0 + STALLED_AFTER_SEC)
    assert "4 tasks wait" in trouble
    assert kept == first


def test_a_backlog_that_moves_is_healthy() -> None:
    assert judge(worker(tasks_done=8), 3, Look(7, 0.0), 500.0) == ("", Look(8, 500.0))


def check(port: int, folder: Path, queue: str = STT_QUEUE) -> tuple[int, str]:
    environment = {**os.environ, "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port), "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "runtime.worker.healthcheck", queue]
    done = subprocess.run(command, env=environment, cwd=ROOT, check=False, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stderr


def test_the_command_tells_by_its_exit_status(redis_port: int, redis_client: redis.Redis, tmp_path: Path) -> None:
    assert check(redis_port, tmp_path)[0] == 1
    heartbeat = Heartbeat(redis_client, STT_QUEUE, f"{os.uname().nodename}-1", "demo", True, 60)
    heartbeat.start()
    try:
        assert check(redis_port, tmp_path) == (0, "")
        redis_client.rpush(STT_QUEUE, "a task")
        assert check(redis_port, tmp_path) == (0, "")
        (memory,) = tmp_path.glob("health-*.json")
        memory.write_text(f'{{"tasks_done": 0, "waiting_since": {time.time() - STALLED_AFTER_SEC - 5}}}')
        status, words = check(redis_port, tmp_path)
        assert status == 1
        assert "1 tasks wait" in words
    finally:
        heartbeat.stop()
    assert "no fresh heartbeat" in check(redis_port, tmp_path)[1]


def test_a_redis_that_is_gone_is_told(tmp_path: Path) -> None:
    status, words = check(1, tmp_path)
    assert status == 1
    assert words.startswith("Redis:")


def test_the_password_comes_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("a/secret\n", encoding="utf-8")
    assert ServiceSettings(redis_password_file=file).broker_url() == "redis://:a%2Fsecret@localhost:6379/0"
    assert "secret" not in repr(ServiceSettings(redis_password_file=file))
    chosen = ServiceSettings.model_validate({"redis_password_file": file, "redis_password": "chosen"})
    assert chosen.broker_url() == "redis://:chosen@localhost:6379/0"


def test_a_password_file_that_cannot_be_read_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="the password file cannot be read"):
        ServiceSettings(redis_password_file=tmp_path / "missing")
