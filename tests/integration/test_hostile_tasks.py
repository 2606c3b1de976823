"""What somebody could put into the queues runs no code, loads nothing, reads and writes no file, and ends no worker."""

from __future__ import annotations

import base64
import json
import os
import pickle
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import pytest
import redis

from contract.events import OutcomeEvent
from contract.jobs import AnalyzeJob, UtteranceJob
from contract.keys import OUTCOMES_STREAM
from contract.queues import ANALYZE_TASK, ANALYZER_QUEUE, STT_QUEUE, TRANSCRIBE_TASK
from contract.settings import ServiceSettings
from harness.processes import Service, celery_worker, free_port, start_redis, wait_until
from harness.speech import demo_clips
from runtime.broker.app import make_celery
from tests.support.tasks_left import tasks_left

SESSION = "h" * 32
START_SEC = 120.0
WORK_SEC = 60.0
SECRET_TEXT = "xyzzy-what-was-said"
PATHS = ["/etc/passwd", "../../etc/passwd", "/proc/self/environ", "https://evil.example/model.pt", "large-v3"]


class Payload:
    """Unpickled, it would leave a file behind."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, (str(self._trace),)


@dataclass
class Target:
    """One worker and the way into its queue."""

    name: str
    queue: str
    task: str
    worker: Service
    client: redis.Redis
    port: int
    folder: Path

    def push(self, content_type: str, body: bytes, task: Any = "") -> None:
        """Put a message into the queue as kombu would, of any content type."""
        headers = {
            "lang": "py",
            "task": self.task if task == "" else task,
            "id": str(uuid.uuid4()),
            "argsrepr": "()",
            "kwargsrepr": "{}",
        }
        properties = {
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
            "delivery_info": {"exchange": "", "routing_key": self.queue},
            "delivery_mode": 2,
            "priority": 0,
        }
        message = {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "binary",
            "content-type": content_type,
            "headers": headers,
            "properties": properties,
        }
        self.client.lpush(self.queue, json.dumps(message))

    def send(self, *arguments: Any) -> None:
        """Send the task properly, whatever its arguments are."""
        app = make_celery("test", ServiceSettings(redis_host="127.0.0.1", redis_port=self.port))
        app.send_task(self.task, args=arguments, queue=self.queue, argsrepr="()", kwargsrepr="{}", ignore_result=True)
        app.close()

    def outcomes(self) -> dict[int, OutcomeEvent]:
        entries: Any = self.client.xrange(OUTCOMES_STREAM)
        events = [OutcomeEvent.model_validate_json(fields[b"event"]) for _, fields in entries]
        return {event.start: event for event in events}

    def works(self, start: int) -> bool:
        """A usual utterance at `start` is worked on (the speech worker hands it on, the analyzer ends it)."""
        pcm = demo_clips()[0].pcm
        job = UtteranceJob(session=SESSION, start=start, end=start + len(pcm) // 2)
        if self.name == "stt_worker":
            self.client.delete(ANALYZER_QUEUE)
            self.send(pcm, job.model_dump(mode="json"))
            wait_until(lambda: self.client.llen(ANALYZER_QUEUE) == 1, WORK_SEC, f"handed on: {self.worker.tail()}")
        else:
            self.send(AnalyzeJob(**job.model_dump(), text="I love it.", spoken_language="en").model_dump(mode="json"))
            wait_until(lambda: start in self.outcomes(), WORK_SEC, f"ended: {self.worker.tail()}")
        return self.worker.running

    def settled(self) -> bool:
        """Nothing waits, and nothing is being worked on."""
        return not tasks_left(self.client, self.queue)


@pytest.fixture(scope="module", params=["stt_worker", "analyzer_worker"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A real worker on the dummy models, and a Redis of its own."""
    name: str = request.param
    folder = tmp_path_factory.mktemp(name)
    port = free_port()
    queue, task = {
        "stt_worker": (STT_QUEUE, TRANSCRIBE_TASK),
        "analyzer_worker": (ANALYZER_QUEUE, ANALYZE_TASK),
    }[name]
    environment = {
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(port),
        "WHISPER_MODEL": "dummy",
        "SENTIMENT_MODEL": "dummy",
        "DEBUG_WAV_DIR": str(folder / "debug" / "wav"),
        "VISIBILITY_TIMEOUT_SEC": "10",
    }
    worker = celery_worker(name, queue, environment, folder)
    with start_redis(port, folder), redis.Redis(port=port) as client:
        worker.start()
        try:
            wait_until(lambda: "ready." in worker.tail(400) or not worker.running, START_SEC, "the worker is ready")
            assert worker.running, worker.tail()
            yield Target(name, queue, task, worker, client, port, folder)
        finally:
            worker.stop()


def files_beside(target: Target) -> set[str]:
    usual = {"redis.log", f"{target.name}.log"}
    return {
        str(path.relative_to(target.folder))
        for path in target.folder.rglob("*")
        if path.is_file() and path.name not in usual and "append" not in str(path) and "wav" not in path.parts
    }


def test_messages_in_other_formats_are_refused_and_run_nothing(target: Target) -> None:
    trace = target.folder / "unpickled"
    call: tuple[Any, ...] = ((), {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None})
    pickled = pickle.dumps((Payload(trace), {}, {}))
    pickle.loads(pickle.dumps(Payload(target.folder / "proof")))
    assert (target.folder / "proof").is_dir(), "the payload does work where somebody unpickles it"
    for content_type in ("application/x-python-serialize", "application/x-python-pickle", "application/x-msgpack"):
        target.push(content_type, pickled)
    yaml = b"!!python/object/apply:os.mkdir ['" + str(trace).encode() + b"']"
    target.push("application/x-yaml", yaml)
    target.push("application/json", json.dumps([["/etc/passwd", {"session": SESSION}], {}, call[2]]).encode())
    target.push("application/data", b"\x00\xff" * 100)
    target.push("text/plain", SECRET_TEXT.encode())
    target.push("application/x-msgpack", b"\xc1" * 50)
    shape: Any
    for shape in (5, None, "text", {"a": 1}, [1, 2], [[], {}], [[], {}, 7], [5, 6, {}], [[], [], []]):
        target.push("application/x-msgpack", msgpack.packb(shape))
    for task in (5, None, [target.task], {"x": 1}):
        target.push("application/x-msgpack", msgpack.packb(call), task=task)
    for junk in (b"\x80\x04junk", b"{}", b"[]", b"5", b"[" * 5_000, b'{"properties":5}', SECRET_TEXT.encode()):
        target.client.lpush(target.queue, junk)
    envelope = {"body": "%%%=", "headers": {"task": target.task}, "content-type": "application/x-msgpack"}
    for encoding in ("base64", "rot13", 5):
        properties = {
            "delivery_tag": "t",
            "body_encoding": encoding,
            "delivery_info": {"exchange": "", "routing_key": ""},
        }
        target.client.lpush(target.queue, json.dumps(envelope | {"properties": properties}))
    target.push("application/x-msgpack", msgpack.packb([SECRET_TEXT]))
    target.push("application/x-msgpack", msgpack.packb(call), task="os.system")
    target.push("application/x-msgpack", msgpack.packb([[["echo", SECRET_TEXT]], {}, {}]), task="celery.starmap")
    assert target.works(1_000_000)
    wait_until(target.settled, WORK_SEC, "all of them were dealt with")
    assert not trace.exists()
    log = target.worker.log.read_text(errors="replace")
    assert "discarded" in log or "deleted" in log
    assert SECRET_TEXT not in log


def hostile_headers() -> list[Any]:
    pcm_samples = 16_000
    good = {"session": SESSION, "start": 0, "end": pcm_samples}
    headers: list[Any] = [None, 5, "text", [], {}, {"v": 1}, b"\x00" * 100]
    for path in PATHS:
        headers += [
            good | {"session": path},
            good | {"session": f"{path}/{'a' * 20}"},
            good | {"language": path},
            good | {"start": path},
        ]
    headers += [
        good | {"start": -1},
        good | {"start": 2**63, "end": 2**63 + pcm_samples},
        good | {"start": 1.5},
        good | {"end": float("inf")},
        good | {"stamped_ms": float("nan")},
        good | {"timings_ms": {"x": float("inf")}},
        good | {"timings_ms": {"x" * 10_000: 1.0}},
        good | {"v": 99},
        good | {"session": "\x1b[2J" + "a" * 20},
        good | {"session": SESSION + "\n2026-01-01 00:00:00 ERROR forged line"},
        good | {"language": "en\n"},
    ]
    return headers


def test_hostile_headers_end_nothing_but_themselves(target: Target) -> None:
    before = files_beside(target)
    count = 0
    for header in hostile_headers():
        arguments = (bytes(32_000), header) if target.name == "stt_worker" else (header,)
        target.send(*arguments)
        count += 1
    assert count > 30
    assert target.works(2_000_000)
    wait_until(target.settled, WORK_SEC, "all of them were dealt with")
    assert set(target.outcomes()) <= {1_000_000, 2_000_000}, "nobody was told what nobody said"
    assert files_beside(target) == before
    log = target.worker.log.read_text(errors="replace")
    assert "\x1b" not in log and "\nforged" not in log and "ERROR forged" not in log
    assert "root:" not in log
    assert not any(path in log for path in PATHS)


def test_fields_that_look_like_options_choose_nothing(target: Target) -> None:
    """Only the settings say which model is loaded and what is written where."""
    before = files_beside(target)
    pcm = demo_clips()[0].pcm
    start = 3_000_000
    job = UtteranceJob(session=SESSION, start=start, end=start + len(pcm) // 2)
    wanted: dict[str, Any] = {
        "model": "/etc/passwd",
        "whisper_model": "large-v3",
        "sentiment_model": "evil/model",
        "debug_wav_dir": str(target.folder / "chosen"),
        "device": "cuda",
        "temperature": 5,
        "initial_prompt": "/etc/passwd",
        "utterance": "../../outside",
    }
    if target.name == "stt_worker":
        target.client.delete(ANALYZER_QUEUE)
        target.send(pcm, job.model_dump(mode="json") | wanted)
        wait_until(lambda: target.client.llen(ANALYZER_QUEUE) == 1, WORK_SEC, f"handed on: {target.worker.tail()}")
        wavs = [path.name for path in (target.folder / "debug" / "wav").iterdir()]
        assert f"{job.utterance}.wav" in wavs
        assert all(name.endswith(".wav") and "/" not in name for name in wavs)
    else:
        text = "</s>/etc/passwd\x1b[31m ${jndi:ldap://x} I love it."
        analyze = AnalyzeJob(**job.model_dump(), text=text, spoken_language="en", sentiment_text=text)
        target.send(analyze.model_dump(mode="json") | wanted)
        wait_until(lambda: start in target.outcomes(), WORK_SEC, f"ended: {target.worker.tail()}")
        message = target.outcomes()[start].message
        assert message.type == "result" and message.text == text, "text stays the text that it was"
    assert not (target.folder / "chosen").exists()
    assert files_beside(target) == before
    assert target.worker.running
