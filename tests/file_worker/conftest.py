"""File workers, and the stand-ins of those whom they ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery

from contract.queues import STT_QUEUE
from contract.settings import ServiceSettings
from harness.processes import Service
from runtime.broker.app import make_celery
from runtime.worker.heartbeat import Heartbeat
from tests.file_worker.running import start_worker
from tests.support.fake_pipeline import FakePipeline


@pytest.fixture
def pipeline(redis_port: int, redis_client: redis.Redis) -> Iterator[FakePipeline]:
    """Ends every utterance at once."""
    with FakePipeline(redis_port) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "uploads"
    made.mkdir()
    return made


@pytest.fixture
def make_worker(redis_port: int, tmp_path: Path, folder: Path) -> Iterator[Callable[..., Service]]:
    started: list[Service] = []

    def make(name: str = "file_worker", **settings: str) -> Service:
        worker = start_worker(redis_port, folder, tmp_path, name, **settings)
        started.append(worker)
        return worker

    yield make
    for worker in started:
        worker.kill()


@pytest.fixture
def speech_workers(redis_client: redis.Redis) -> Iterator[Callable[[int], None]]:
    """Makes so many speech workers look alive."""
    beating: list[Heartbeat] = []

    def live(count: int) -> None:
        for number in range(count):
            worker = Heartbeat(redis_client, STT_QUEUE, f"speech-{number}", "test", True, 60.0)
            worker.start()
            beating.append(worker)

    yield live
    for worker in beating:
        worker.stop()


@pytest.fixture
def app(redis_port: int) -> Celery:
    return make_celery("test", ServiceSettings(redis_host="127.0.0.1", redis_port=redis_port))
