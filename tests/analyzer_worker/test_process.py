"""A real worker process on a real broker: killed, cut off from Redis, fed with nonsense."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from contract.events import OutcomeEvent
from contract.jobs import AnalyzeJob
from contract.keys import OUTCOMES_STREAM, workers_key
from contract.messages import Error, Result
from contract.queues import ANALYZE_TASK, ANALYZER_QUEUE
from contract.settings import ServiceSettings
from harness.processes import ROOT, Service, answers, free_port, redis_service, wait_until
from runtime.broker.app import make_celery
from runtime.worker.exit_codes import RESTART_EXIT_CODE
from runtime.worker.heartbeat import WorkerInfo, parse_worker
from tests.support.redelivery import TIMEOUT_SEC, timeout_passes
from tests.support.tasks_left import tasks_left

SESSION = "Zx3kQ9rT1uVwYb7nM4pL8sDfGhJkC2aE"
START_SEC = 180.0
WAIT_SEC = 60.0
SECRET = "The password is swordfish."
OPTIONS = f"worker -Q {ANALYZER_QUEUE} --loglevel=info --concurrency=1 --without-gossip --without-mingle".split()


class Rig:
    """A Redis of its own, a sender, and workers on the dummy model, which obeys files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.redis_port = free_port()
        self.redis = redis_service(self.redis_port, folder)
        self.settings = ServiceSettings(redis_host="127.0.0.1", redis_port=self.redis_port)
        self.client = redis.Redis(port=self.redis_port)
        self.workers: list[Service] = []
        self._sender: Celery = make_celery("sender", self.settings)
        self._environment = {
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.redis_port),
            "SENTIMENT_MODEL": "dummy",
            "ANALYZER_DEVICE": "cpu",
            "VISIBILITY_TIMEOUT_SEC": str(TIMEOUT_SEC),
            "ANALYZER_REDIS_PATIENCE_SEC": "1",
            "LOG_LEVEL": "DEBUG",
            "TEST_FOLDER": str(folder),
            "TMPDIR": str(folder),
            "PYTHONPATH": str(ROOT),
        }

    def start_redis(self) -> None:
        self.redis.start()
        wait_until(lambda: answers(self.redis_port), 15, f"Redis answers: {self.redis.tail()}")

    def worker(
        self, app: str = "tests.analyzer_worker.slow_analyzer", pool: str = "solo", **environment: str
    ) -> Service:
        """A worker that is not started yet."""
        command = [sys.executable, "-m", "celery", "-A", f"{app}:celery", *OPTIONS, f"--pool={pool}"]
        number = len(self.workers)
        worker = Service(f"worker{number}", command, {**self._environment, **environment}, self.folder)
        self.workers.append(worker)
        return worker

    def start_worker(self, **environment: str) -> Service:
        """A worker that has signed on."""
        before = set(self.heartbeats())
        worker = self.worker(**environment)
        worker.start()

        def signed_on() -> bool:
            assert worker.running, worker.tail()
            return bool(set(self.heartbeats()) - before)

        wait_until(signed_on, START_SEC, "the worker signs on")
        return worker

    def heartbeats(self) -> dict[str, WorkerInfo]:
        raw: Any = self.client.hgetall(workers_key(ANALYZER_QUEUE))
        return {name.decode(): info for name, value in raw.items() if (info := parse_worker(value)) is not None}

    def send(self, start: int = 0, text: str = "The food was terrible.", **changes: Any) -> AnalyzeJob:
        job = AnalyzeJob(
            **{
                "session": SESSION,
                "start": start,
                "end": start + 16_000,
                "text": text,
                "spoken_language": "en",
                "sentiment_text": text,
                **changes,
            }
        )
        self.send_raw(job.model_dump(mode="json"))
        return job

    def send_raw(self, *arguments: Any, task: str = ANALYZE_TASK, **options: Any) -> None:
        self._sender.send_task(task, args=arguments, queue=ANALYZER_QUEUE, argsrepr="(...)", **options)

    def outcomes(self) -> list[OutcomeEvent]:
        entries: Any = self.client.xrange(OUTCOMES_STREAM)
        return [OutcomeEvent.model_validate_json(fields[b"event"]) for _, fields in entries]

    def wait_outcomes(self, count: int, seconds: float = WAIT_SEC) -> list[OutcomeEvent]:
        def there() -> bool:
            try:
                return len(self.outcomes()) >= count
            except redis.RedisError:
                return False

        wait_until(there, seconds, f"{count} outcomes; {self.workers[-1].tail()}")
        return self.outcomes()

    def waiting(self) -> int:
        """Messages that are queued, being taken or not acknowledged."""
        return tasks_left(self.client, ANALYZER_QUEUE)

    def log(self) -> str:
        return "".join(worker.log.read_text() for worker in self.workers if worker.log.exists())

    def close(self) -> None:
        (self.folder / "hold").unlink(missing_ok=True)
        for worker in self.workers:
            worker.kill()
        self._sender.close()
        self.client.close()
        self.redis.kill()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.start_redis()
    yield made
    made.close()


def test_a_worker_serves_signs_on_and_off_and_keeps_texts_private(rig: Rig, tiny_model: Path) -> None:
    """With a model from its folder: the one here that is loaded."""
    worker = rig.start_worker(app="analyzer_worker", SENTIMENT_MODEL=str(tiny_model))
    (info,) = rig.heartbeats().values()
    assert (info.model, info.demo) == ("tiny", False)
    job = rig.send(text=SECRET)
    (event,) = rig.wait_outcomes(1)
    assert isinstance(event.message, Result)
    assert event.message.text == SECRET
    assert event.message.sentiment is not None
    assert set(event.message.sentiment.scores) == {"POSITIVE", "NEGATIVE"}
    wait_until(lambda: rig.waiting() == 0, WAIT_SEC, "the task is acknowledged")
    assert worker.process is not None
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(WAIT_SEC) == 0, worker.tail()
    assert rig.heartbeats() == {}
    assert job.utterance in rig.log()
    assert "swordfish" not in rig.log()


def test_a_killed_workers_utterance_ends_once_with_another(rig: Rig) -> None:
    first = rig.start_worker()
    (rig.folder / "hold").touch()
    rig.send()
    wait_until((rig.folder / "begun").exists, WAIT_SEC, "the first worker is at it")
    first.kill()
    timeout_passes(rig.client)
    (rig.folder / "hold").unlink()
    rig.start_worker()
    (event,) = rig.wait_outcomes(1)
    assert isinstance(event.message, Result)
    wait_until(lambda: rig.waiting() == 0, WAIT_SEC, "the task is acknowledged")
    assert len(rig.outcomes()) == 1


def test_a_text_that_kills_every_worker_ends_as_an_error(rig: Rig) -> None:
    (rig.folder / "die").touch()
    rig.send()
    worker = rig.worker()

    def ended() -> bool:
        if not worker.running:
            timeout_passes(rig.client)
            worker.start()
        return bool(rig.outcomes())

    wait_until(ended, 3 * START_SEC, f"the utterance is given up: {worker.tail()}")
    (event,) = rig.outcomes()
    assert isinstance(event.message, Error)
    assert event.message.code == "analyzer_failed"
    assert worker.running


def test_redis_lost_in_the_middle_of_a_task(rig: Rig) -> None:
    """Longer than the task's patience, so that the task goes back to a queue that cannot be reached."""
    worker = rig.start_worker()
    (rig.folder / "hold").touch()
    rig.send(text=SECRET)
    wait_until((rig.folder / "begun").exists, WAIT_SEC, "the worker is at it")
    rig.redis.stop()
    (rig.folder / "hold").unlink()
    wait_until(lambda: "Redis stays out of reach" in rig.log(), WAIT_SEC, f"the task is given back: {worker.tail()}")
    rig.start_redis()
    timeout_passes(rig.client)
    rig.wait_outcomes(1)
    rig.send(start=16_000)
    events = rig.wait_outcomes(2)
    assert [event.seq for event in events] == [1, 2]
    assert worker.running
    assert "swordfish" not in rig.log()


def test_a_full_redis_is_waited_out(rig: Rig) -> None:
    worker = rig.start_worker()
    (rig.folder / "hold").touch()
    rig.send()
    wait_until((rig.folder / "begun").exists, WAIT_SEC, "the worker is at it")
    rig.client.config_set("maxmemory", 1)
    (rig.folder / "hold").unlink()
    wait_until(
        lambda: "could not be acknowledged or given back" in rig.log(), WAIT_SEC, "the task cannot even be given back"
    )
    assert worker.running, worker.tail()
    rig.client.config_set("maxmemory", 0)
    timeout_passes(rig.client)
    rig.wait_outcomes(1)
    assert worker.running


def test_nonsense_is_dropped_and_never_logged(rig: Rig) -> None:
    worker = rig.start_worker()
    rig.send_raw(SECRET)
    rig.send_raw({"text": SECRET})
    rig.send_raw({"session": SESSION, "start": 0, "end": 16_000, "text": [SECRET], "spoken_language": "en"})
    rig.send_raw(SECRET, SECRET, SECRET)
    rig.send_raw(SECRET, task="analyzer_worker.no_such_task")
    rig.send_raw(SECRET, serializer="json")
    rig.client.lpush(ANALYZER_QUEUE, not_of_ours(SECRET))
    rig.send(start=16_000)
    broken, good = (event.message for event in rig.wait_outcomes(2))
    assert isinstance(broken, Error)
    assert broken.code == "invalid_job"
    assert isinstance(good, Result)
    wait_until(lambda: rig.waiting() == 0, WAIT_SEC, "nothing is left in the queue")
    assert worker.running
    assert "a task of an unknown name was discarded" in rig.log()
    assert "swordfish" not in rig.log()


def not_of_ours(body: str) -> str:
    """A message with a kombu envelope and a body that is no task."""
    properties = {"delivery_tag": "1", "delivery_info": {"exchange": "", "routing_key": ANALYZER_QUEUE}}
    return json.dumps({"body": body, "headers": {}, "properties": properties, "content-type": "text/plain"})


def test_a_model_that_breaks_ends_its_worker_after_the_text_is_shown(rig: Rig) -> None:
    worker = rig.start_worker()
    (rig.folder / "break").touch()
    rig.send(text=SECRET)
    (event,) = rig.wait_outcomes(1)
    assert isinstance(event.message, Result)
    assert (event.message.text, event.message.sentiment) == (SECRET, None)
    wait_until(lambda: not worker.running, WAIT_SEC, "the worker ends, to be restarted")
    assert worker.process is not None
    assert worker.process.returncode == RESTART_EXIT_CODE
    assert rig.waiting() == 0
    assert "swordfish" not in rig.log()


@pytest.mark.parametrize(
    ("pool", "environment", "words"),
    [
        ("solo", {"SENTIMENT_MODEL": "/nowhere/model"}, "no sentiment model: SENTIMENT_MODEL=/nowhere/model"),
        ("solo", {"SENTIMENT_MODEL": "owner/model", "HF_HUB_OFFLINE": "1"}, "owner/model is not in the local cache"),
        ("prefork", {}, "--pool=solo"),
        ("threads", {}, "--pool=solo"),
    ],
)
def test_a_worker_that_cannot_work_does_not_start(rig: Rig, pool: str, environment: dict[str, str], words: str) -> None:
    worker = rig.worker("analyzer_worker", pool, **environment)
    rig.send()
    worker.start()
    wait_until(lambda: not worker.running, START_SEC, "the worker ends")
    assert worker.process is not None
    assert worker.process.returncode == 78, worker.tail()
    assert words in worker.tail()
    assert rig.heartbeats() == {}
    assert rig.waiting() == 1


def test_the_import_loads_no_model() -> None:
    """Senders and tests may import the module."""
    code = "import sys, analyzer_worker; print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"
