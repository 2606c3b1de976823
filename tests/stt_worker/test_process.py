"""The worker as a process: start, tasks good and bad, stop, kill, and a Redis that goes away or fills up."""

from __future__ import annotations

import base64
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from celery.exceptions import Reject
from celery.worker import state as worker_state

from contract.jobs import UtteranceJob
from contract.keys import session_outcomes_key, tries_key
from contract.queues import STT_QUEUE, TRANSCRIBE_TASK
from harness.processes import ROOT, answers, free_port, start_redis, wait_until
from runtime.broker.privacy import keep_messages_private
from runtime.redis_retry import RedisUnavailableError
from runtime.worker.exit_codes import CANNOT_START_EXIT_CODE, RESTART_EXIT_CODE
from stt_worker import stt_worker
from stt_worker.process import SttProcess
from stt_worker.settings import SttSettings
from tests.stt_worker.conftest import Say
from tests.stt_worker.worker_processes import (
    SESSION,
    SPOKEN,
    START_SEC,
    TEXT,
    WORK_SEC,
    Held,
    MakeWorker,
    events,
    handed_on,
    heartbeats,
    send,
    send_plain,
    send_raw,
    sender,
    wait_ready,
)
from tests.support.dummy_speech import dummy_text
from tests.support.redelivery import timeout_passes


@pytest.fixture(scope="module")
def speech(say: Say) -> bytes:
    return say(SPOKEN)


# --- inside this process ----------------------------------------------------------------------------


def test_import_loads_no_model_and_no_torch() -> None:
    code = "import sys, stt_worker; print(sorted({'torch', 'whisper', 'silero_vad'} & set(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", code], check=False, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert (ran.stdout.strip(), ran.returncode) == ("[]", 0), ran.stderr


def test_the_names_are_the_contracts() -> None:
    assert stt_worker.celery.tasks[TRANSCRIBE_TASK].name == stt_worker.transcribe_audio.name
    assert [queue.name for queue in stt_worker.celery.conf.task_queues] == [STT_QUEUE]


def test_a_task_before_the_start_is_refused_in_words() -> None:
    with pytest.raises(RuntimeError, match="not started"):
        SttProcess(SttSettings(), sender(1)).run(b"", {})


@pytest.fixture(params=["demo"])
def started(request: pytest.FixtureRequest, redis_port: int, redis_client: redis.Redis) -> Iterator[SttProcess]:
    settings = SttSettings(redis_host="127.0.0.1", redis_port=redis_port, whisper_model=request.param, stt_threads=1)
    process = SttProcess(settings, sender(redis_port))
    process.start()
    yield process
    process.stop()


def test_task_called_directly(started: SttProcess, redis_client: redis.Redis, speech: bytes) -> None:
    [info] = heartbeats(redis_client)
    assert (info.model, info.demo) == ("demo", True)
    job = UtteranceJob(session=SESSION, start=0, end=len(speech) // 2)
    monkey = pytest.MonkeyPatch()
    try:
        monkey.setattr(stt_worker, "process", started)
        assert stt_worker.transcribe_audio(speech, job.model_dump(mode="json")) is None
    finally:
        monkey.undo()
    [(analyze, headers)] = handed_on(redis_client)
    assert analyze.text == SPOKEN
    assert analyze.sentiment_text == SPOKEN
    assert "movie" not in headers
    started.stop()
    assert heartbeats(redis_client) == []


@pytest.mark.parametrize("started", ["dummy"], indirect=True)
def test_what_becomes_of_failures(started: SttProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    transcriber = started._transcriber
    assert transcriber is not None
    with monkeypatch.context() as patched:
        patched.setattr(transcriber, "handle_all", lambda tasks: [RedisUnavailableError("gone") for _ in tasks])
        with pytest.raises(Reject) as rejected:
            started.run(b"", {})
        assert rejected.value.requeue
    monkeypatch.setattr(transcriber, "handle_all", lambda tasks: [None for _ in tasks])
    transcriber._recognition.failures_in_a_row = 4
    started.run(b"", {})
    assert worker_state.should_stop is None
    transcriber._recognition.failures_in_a_row = 5
    monkeypatch.setattr(worker_state, "should_stop", None)  # and back afterwards
    started.run(b"", {})
    assert worker_state.should_stop == RESTART_EXIT_CODE


def test_celerys_log_lines_lose_the_body(caplog: pytest.LogCaptureFixture) -> None:
    from celery.worker.consumer import consumer

    keep_messages_private()
    keep_messages_private()
    for message in (consumer.UNKNOWN_FORMAT, consumer.INVALID_TASK_ERROR, consumer.MESSAGE_DECODE_ERROR):
        consumer.logger.error(message, *["SECRET"] * message.count("%"))
    logging.getLogger("kombu.transport.redis").critical("Could not restore message: %r", "SECRET")
    assert len(caplog.records) == 4
    assert "SECRET" not in caplog.text
    assert "discarded" in caplog.text
    consumer.logger.error("something else: %s", "shown")
    assert "something else: shown" in caplog.text
    assert not logging.getLogger("celery.pool").isEnabledFor(logging.DEBUG)


# --- a real worker ----------------------------------------------------------------------------------


def test_worker_from_start_to_stop(
    make_worker: MakeWorker, redis_port: int, redis_client: redis.Redis, speech: bytes
) -> None:
    app = sender(redis_port)
    worker = make_worker(redis_port, "dummy", LOG_LEVEL="DEBUG")
    wait_ready(redis_client, worker)
    assert "DUMMY speech model" in worker.tail(400)
    assert "warm after" in worker.tail(400)
    junk = b"\x13\x37" * 3000
    good = UtteranceJob(session=SESSION, start=7, end=7 + 3000).model_dump(mode="json")
    send_raw(app, [])
    send_raw(app, [junk])
    send_raw(app, [junk, good, "too", "many"])
    send_raw(app, ["text", "job"])
    send_raw(app, [junk, {"session": SESSION, "start": "x"}])
    send_raw(app, [junk, good], name="stt_worker.no_such_task")
    send_plain(redis_port, {"audio": "SECRET-BODY"})
    send_plain(redis_port, "SECRET-BODY")
    send_raw(app, [junk[:-2], good | {"start": 5, "end": 3005}])
    silence = send(app, bytes(32_000), start=100_000)
    spoken = send(app, speech, start=200_000)
    wait_until(lambda: len(handed_on(redis_client)) == 1, WORK_SEC, f"speech comes out:\n{worker.tail(80)}")
    assert worker.running

    [(job, headers)] = handed_on(redis_client)
    text = dummy_text(speech)
    words = " ".join(text.split()[-3:-1])
    assert (job.utterance, job.text) == (spoken.utterance, text)
    assert words not in headers
    by_start = {event.start: event.message for event in events(redis_client)}
    assert set(by_start) == {5, 100_000}
    assert by_start[5].type == "error"
    assert by_start[100_000].type == "dropped"
    assert by_start[100_000].utterance == silence.utterance
    assert events(redis_client, session_outcomes_key(SESSION)) == events(redis_client)

    log = worker.log.read_text(errors="replace")
    for secret in (words, "SECRET-BODY", SESSION, repr(junk)[2:20], base64.b64encode(junk)[:24].decode()):
        assert secret not in log, secret
    assert "a task of an unknown name was discarded" in log

    assert worker.stop() == 0
    assert heartbeats(redis_client) == [], "signed off"
    assert redis_client.hlen("unacked") == 0
    assert redis_client.llen(STT_QUEUE) == 0


def test_worker_killed_at_work_loses_nothing(
    held: Held, redis_port: int, redis_client: redis.Redis, speech: bytes
) -> None:
    first = held.start_worker(redis_port)
    wait_ready(redis_client, first)
    job = send(sender(redis_port), speech)
    held.wait_working()
    assert redis_client.get(tries_key(job.session, job.start)) == b"1"
    first.kill()
    assert handed_on(redis_client) == []
    timeout_passes(redis_client)
    held.let_go()
    second = held.start_worker(redis_port)
    wait_until(lambda: len(handed_on(redis_client)) == 1, START_SEC, f"another does it:\n{second.tail()}")
    assert second.stop() == 0
    [(analyze, _)] = handed_on(redis_client)
    assert (analyze.utterance, analyze.text) == (job.utterance, TEXT)
    assert redis_client.hlen("unacked") == 0
    assert redis_client.llen(STT_QUEUE) == 0


def test_an_utterance_that_kills_workers_is_given_up(
    held: Held, redis_port: int, redis_client: redis.Redis, speech: bytes
) -> None:
    """The third worker that it kills was the last; the fourth only says so."""
    job = UtteranceJob(session=SESSION, start=0, end=len(speech) // 2)
    redis_client.set(tries_key(job.session, job.start), 2)
    first = held.start_worker(redis_port)
    wait_ready(redis_client, first)
    send(sender(redis_port), speech)
    held.wait_working()
    first.kill()
    timeout_passes(redis_client)
    second = held.start_worker(redis_port)
    wait_until(lambda: len(events(redis_client)) == 1, START_SEC, f"an outcome:\n{second.tail()}")
    [event] = events(redis_client)
    assert event.message.type == "error"
    assert event.message.code == "gave_up"


def test_worker_waits_for_redis_and_survives_its_loss(held: Held, tmp_path: Path, speech: bytes) -> None:
    """Lost for longer than the worker is patient: the task stays unacknowledged, and the worker takes work again."""
    port = free_port()
    worker = held.start_worker(port)
    wait_until(lambda: "warm after" in worker.tail(400), START_SEC, "the worker is up without Redis")
    with redis.Redis(host="127.0.0.1", port=port) as client, start_redis(port, tmp_path) as server:
        wait_ready(client, worker)
        app = sender(port)
        send(app, speech)
        held.wait_working()
        server.kill()
        held.let_go()
        wait_until(lambda: "could not be acknowledged or given back" in worker.tail(400), WORK_SEC, "it lets go")
        assert worker.running
        server.start()
        wait_until(lambda: answers(port), 15, "Redis answers")
        timeout_passes(client)
        wait_until(lambda: _handed_on(client) == 1, WORK_SEC, f"handed on all the same:\n{worker.tail()}")
        send(app, speech, start=999_999)
        wait_until(lambda: _handed_on(client) == 2, WORK_SEC, f"and the next one:\n{worker.tail()}")
        assert worker.stop() == 0
        assert client.hlen("unacked") == 0


def test_full_redis_is_no_crash(held: Held, tmp_path: Path, speech: bytes) -> None:
    port = free_port()
    with start_redis(port, tmp_path), redis.Redis(host="127.0.0.1", port=port) as client:
        worker = held.start_worker(port)
        wait_ready(client, worker)
        app = sender(port)
        send(app, speech)
        held.wait_working()
        send(app, speech, start=999_999)
        client.config_set("maxmemory", 1)
        held.let_go()
        wait_until(lambda: "could not be acknowledged or given back" in worker.tail(400), WORK_SEC, "it lets go")
        wait_until(lambda: "worked on unrecorded" in worker.tail(400), WORK_SEC, "the next is taken all the same")
        assert worker.running, worker.tail()
        client.config_set("maxmemory", 0)
        timeout_passes(client)
        wait_until(lambda: 0 in starts(client), WORK_SEC, f"the first goes on:\n{worker.tail()}")
        send(app, speech, start=1_999_999)
        wait_until(lambda: 1_999_999 in starts(client), WORK_SEC, f"and more:\n{worker.tail()}")
        assert worker.stop() == 0


def starts(client: redis.Redis) -> set[int]:
    return {job.start for job, _ in handed_on(client)}


def _handed_on(client: redis.Redis) -> int:
    try:
        return len(handed_on(client))
    except redis.RedisError:
        return 0


@pytest.mark.parametrize("content", [None, b"no checkpoint"])
def test_worker_without_its_model_ends(
    make_worker: MakeWorker, redis_port: int, tmp_path: Path, content: bytes | None
) -> None:
    model = tmp_path / "model.pt"
    if content is not None:
        model.write_bytes(content)
    worker = make_worker(redis_port, str(model))
    assert worker.process is not None
    assert worker.process.wait(START_SEC) == 78
    log = worker.tail(400)
    assert f"CRITICAL runtime.worker.process: WHISPER_MODEL={model}" in log
    assert ("neither a file nor the name" if content is None else "no openai-whisper checkpoint") in log
    assert "Traceback" not in log


def test_worker_refuses_prefork(redis_port: int) -> None:
    command = [sys.executable, "-m", "celery", "-A", "stt_worker:celery", "worker", "-Q", STT_QUEUE, "--pool=prefork"]
    ran = subprocess.run(
        command,
        check=False,
        env={"PYTHONPATH": str(ROOT), "REDIS_PORT": str(redis_port)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == CANNOT_START_EXIT_CODE
    assert "--pool=solo" in ran.stderr
    assert "Traceback" not in ran.stderr
