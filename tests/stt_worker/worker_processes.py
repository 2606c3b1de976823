"""Speech workers as processes, their tasks, and what they leave on Redis."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgpack
import redis
from celery import Celery
from kombu.connection import Connection

from contract.events import OutcomeEvent
from contract.jobs import AnalyzeJob, UtteranceJob
from contract.keys import OUTCOMES_STREAM, workers_key
from contract.queues import ANALYZER_QUEUE, STT_QUEUE, TRANSCRIBE_TASK
from harness.processes import ROOT, Service, wait_until
from runtime.broker.app import make_celery
from runtime.worker.heartbeat import WorkerInfo, parse_worker
from stt_worker.settings import SttSettings
from tests.support.redelivery import TIMEOUT_SEC

MakeWorker = Callable[..., Service]

SESSION = "p" * 32
SPOKEN = "I love this movie."
START_SEC = 90.0
WORK_SEC = 60.0
TEXT = "held words"  # of held_worker.py


def environment(port: int, model: str, **more: str) -> dict[str, str]:
    return {
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(port),
        "WHISPER_MODEL": model,
        "STT_THREADS": "1",
        "VISIBILITY_TIMEOUT_SEC": str(TIMEOUT_SEC),
        **more,
    }


def sender(port: int) -> Celery:
    return make_celery("test", SttSettings(redis_host="127.0.0.1", redis_port=port))


def send(app: Celery, pcm: bytes, start: int = 0, **fields: Any) -> UtteranceJob:
    job = UtteranceJob(session=SESSION, start=start, end=start + len(pcm) // 2)
    send_raw(app, [pcm, job.model_dump(mode="json") | fields])
    return job


def send_raw(app: Celery, args: list[Any], name: str = TRANSCRIBE_TASK) -> None:
    app.send_task(name, args=args, queue=STT_QUEUE, argsrepr="(audio, job)", kwargsrepr="{}", ignore_result=True)


def send_plain(port: int, body: object) -> None:
    """A message that is no task, in a format that the worker does not take."""
    with Connection(f"redis://127.0.0.1:{port}/0") as connection, connection.SimpleQueue(STT_QUEUE) as queue:
        queue.put(body, serializer="json")


def events(client: redis.Redis, stream: str = OUTCOMES_STREAM) -> list[OutcomeEvent]:
    entries = cast(list[tuple[bytes, dict[bytes, bytes]]], client.xrange(stream))
    return [OutcomeEvent.model_validate_json(fields[b"event"]) for _, fields in entries]


def heartbeats(client: redis.Redis) -> list[WorkerInfo]:
    values = cast(dict[bytes, bytes], client.hgetall(workers_key(STT_QUEUE))).values()
    return [info for info in map(parse_worker, values) if info is not None]


def handed_on(client: redis.Redis) -> list[tuple[AnalyzeJob, str]]:
    """The analyzer's tasks that wait: the job, and the message's headers as text."""
    found = []
    for raw in cast(list[bytes], client.lrange(ANALYZER_QUEUE, 0, -1)):
        message = json.loads(raw)
        args, _, _ = msgpack.unpackb(base64.b64decode(message["body"]))
        found.append((AnalyzeJob.model_validate(args[0]), json.dumps(message["headers"])))
    return found


def wait_ready(client: redis.Redis, worker: Service) -> None:
    def ready() -> bool:
        assert worker.running, worker.tail()
        return "ready." in worker.tail(400) and len(heartbeats(client)) > 0

    wait_until(ready, START_SEC, f"the worker is ready:\n{worker.tail()}")


class Held:
    """Workers whose engine waits for `let_go` (see held_worker.py)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.workers: list[Service] = []

    def start_worker(self, port: int, **more: str) -> Service:
        options = (
            f"-A tests.stt_worker.held_worker:celery worker -Q {STT_QUEUE} --loglevel=info --concurrency=1 --pool=solo"
        )
        settings = environment(
            port,
            "unused",
            STT_REDIS_PATIENCE_SEC="0.5",
            HELD_DIR=str(self._folder),
            PYTHONPATH=str(ROOT),
            **more,
        )
        command = [sys.executable, "-m", "celery", *options.split(), "--without-gossip", "--without-mingle"]
        worker = Service(f"held{len(self.workers)}", command, settings, self._folder)
        self.workers.append(worker)
        worker.start()
        return worker

    def wait_working(self) -> None:
        wait_until((self._folder / "working").exists, WORK_SEC, f"the work has begun:\n{self.workers[-1].tail()}")

    def wait_partial(self, under_way: bool) -> None:
        wanted = "a partial" if under_way else "no partial"
        wait_until(lambda: (self._folder / "partial").exists() is under_way, WORK_SEC, f"{wanted} is under way")

    def let_go(self) -> None:
        (self._folder / "go").touch()
