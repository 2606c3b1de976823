"""Fixtures for the recorder: the tool itself, and a worker that keeps what it hears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from harness.processes import python_service
from tests.recorder_service.recorder_process import Recorder, environment


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    """Starts recorders whose working folder is `tmp_path`."""
    running = Recorder(tmp_path)
    yield running
    running.close()


@pytest.fixture
def worker(redis_port: int, redis_client: redis.Redis, tmp_path: Path) -> Iterator[Path]:
    """A worker process on stt_queue; the folder where it keeps what it heard."""
    folder = tmp_path / "heard"
    folder.mkdir()
    command = ["-m", "tests.recorder_service.fake_worker", str(folder)]
    service = python_service("fake-worker", command, environment(redis_port), tmp_path)
    service.start()
    yield folder
    service.stop()
