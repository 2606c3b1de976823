"""Who speaks in a file: asked when all of it was heard, waited for, never for long, and told to be missing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import redis
from celery import Celery

from contract.keys import file_key, file_voices_key, workers_key
from contract.queues import SPEAKER_QUEUE
from contract.state.files import FileJob, FileSpeakers, FileTurn, note_call
from file_worker.speakers import NO_WORKER, SEND_AGAIN_SEC, TOO_LATE, WORDS
from harness.processes import Service, wait_until
from runtime.worker.heartbeat import WorkerInfo
from tests.file_worker.running import FILE_ID, asked_of, begin, seen, state, talk
from tests.support.fake_pipeline import FakePipeline
from tests.support.fake_speaker_worker import FakeSpeakerWorker

TURNS = [FileTurn(speaker=1, start=0, end=16_000), FileTurn(speaker=2, start=16_000, end=48_000)]
FOR_EVER = "600"


@pytest.fixture
def speaker_worker(redis_port: int, redis_client: redis.Redis) -> Iterator[FakeSpeakerWorker]:
    with FakeSpeakerWorker(redis_port, TURNS) as running:
        yield running


@pytest.fixture
def begin_file(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
) -> Callable[..., FileJob]:
    """A worker, and a file of two segments that it gets."""

    def begun(wait_sec: str = FOR_EVER, pcm: bytes | None = None, speakers: bool = True) -> FileJob:
        speech_workers(1)
        make_worker(FILE_SPEAKERS_WAIT_SEC=wait_sec)
        return begin(redis_client, app, folder, talk(2) if pcm is None else pcm, speakers=speakers)

    return begun


def missing(client: redis.Redis) -> str:
    """Why a file that is done has no speakers."""
    view = seen(client)
    assert view is not None and view.state == "done"
    return view.no_speakers


def test_a_file_ends_once_its_speakers_are_told(
    redis_client: redis.Redis,
    begin_file: Callable[..., FileJob],
    pipeline: FakePipeline,
    speaker_worker: FakeSpeakerWorker,
) -> None:
    speaker_worker.silent.set()
    job = begin_file()
    wait_until(lambda: redis_client.llen(SPEAKER_QUEUE) == 1, 30, "it is asked who speaks")
    assert state(redis_client) == "working"
    redis_client.hset(file_voices_key(job.session), "0", b"voices")
    speaker_worker.silent.clear()
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    (asked,) = speaker_worker.asked
    assert (asked.file, asked.session, asked.again_session) == (job.id, job.session, job.again_session)
    told = redis_client.hget(file_key(FILE_ID), "speakers")
    assert isinstance(told, bytes) and FileSpeakers.model_validate_json(told).turns == TURNS
    assert missing(redis_client) == ""
    wait_until(lambda: not redis_client.exists(file_voices_key(job.session)), 10, "no voice is kept")
    utterances = asked_of(pipeline, job)
    assert len(utterances) == 2
    assert all(one.speakers and one.word_times for one in utterances), "a text is divided by the times of its words"


def test_who_does_not_ask_for_speakers_gets_none(
    redis_client: redis.Redis,
    begin_file: Callable[..., FileJob],
    pipeline: FakePipeline,
    speaker_worker: FakeSpeakerWorker,
) -> None:
    job = begin_file(speakers=False)
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    assert not any(one.speakers or one.word_times for one in asked_of(pipeline, job))
    assert not speaker_worker.asked
    assert not redis_client.hexists(file_key(FILE_ID), "speakers")
    assert missing(redis_client) == ""


def test_nothing_is_waited_for_where_no_speaker_worker_lives(
    redis_client: redis.Redis, begin_file: Callable[..., FileJob]
) -> None:
    begin_file(FOR_EVER)
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    assert missing(redis_client) == WORDS[NO_WORKER]
    assert not redis_client.exists(SPEAKER_QUEUE)


def test_a_speaker_worker_that_was_killed_is_waited_for(
    redis_client: redis.Redis, begin_file: Callable[..., FileJob], redis_port: int
) -> None:
    """Its heartbeat has expired, and it has not signed off."""
    killed = WorkerInfo("resemblyzer", False, time.time() - 5.0, 0.0, 0)
    redis_client.hset(workers_key(SPEAKER_QUEUE), "host-1", json.dumps(asdict(killed)))
    begin_file(FOR_EVER)
    wait_until(lambda: redis_client.llen(SPEAKER_QUEUE) == 1, 30, "it is asked who speaks")
    with FakeSpeakerWorker(redis_port, TURNS):
        wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    assert missing(redis_client) == ""


def test_nobody_is_asked_who_speaks_in_silence(
    redis_client: redis.Redis, begin_file: Callable[..., FileJob], speaker_worker: FakeSpeakerWorker
) -> None:
    begin_file(pcm=bytes(64_000))
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    assert not speaker_worker.asked
    assert missing(redis_client) == ""


def test_an_answer_that_does_not_come_is_not_waited_for_long(
    redis_client: redis.Redis, begin_file: Callable[..., FileJob], speaker_worker: FakeSpeakerWorker
) -> None:
    speaker_worker.lost = 1
    begin_file("1")
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    assert len(speaker_worker.asked) == 1
    assert missing(redis_client) == WORDS[TOO_LATE]


def test_a_failure_is_not_waited_out(
    redis_client: redis.Redis, begin_file: Callable[..., FileJob], speaker_worker: FakeSpeakerWorker
) -> None:
    speaker_worker.failure = "The voices broke it."
    begin_file(FOR_EVER)
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    assert len(speaker_worker.asked) == 1
    assert missing(redis_client) == "The voices broke it."
    assert not redis_client.hexists(file_key(FILE_ID), "speakers")


def test_a_question_that_was_lost_is_asked_again(
    redis_client: redis.Redis, begin_file: Callable[..., FileJob], speaker_worker: FakeSpeakerWorker
) -> None:
    speaker_worker.lost = 1
    begin_file()
    wait_until(lambda: state(redis_client) == "done", 30 + SEND_AGAIN_SEC, "the file is done")
    assert len(speaker_worker.asked) == 2
    assert missing(redis_client) == ""


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_worker_that_ends_while_it_waits_is_followed_by_another(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
    speaker_worker: FakeSpeakerWorker,
    end: str,
) -> None:
    speaker_worker.silent.set()
    speech_workers(1)
    worker = make_worker(FILE_SPEAKERS_WAIT_SEC=FOR_EVER)
    job = begin(redis_client, app, folder, talk(2), speakers=True)
    wait_until(lambda: redis_client.llen(SPEAKER_QUEUE) == 1, 30, "it is asked who speaks")
    if end == "kill":
        worker.kill()
    else:
        assert worker.stop() == 0
    assert state(redis_client) == "working"
    speaker_worker.silent.clear()
    make_worker("second", FILE_SPEAKERS_WAIT_SEC=FOR_EVER)
    wait_until(lambda: state(redis_client) == "done", 60, "the file is done")
    assert missing(redis_client) == ""
    assert len(asked_of(pipeline, job)) == 2, "nothing is heard twice"


def test_a_file_that_is_cancelled_is_not_waited_for(
    redis_client: redis.Redis, begin_file: Callable[..., FileJob], folder: Path, speaker_worker: FakeSpeakerWorker
) -> None:
    speaker_worker.silent.set()
    begin_file()
    wait_until(lambda: redis_client.llen(SPEAKER_QUEUE) == 1, 30, "it is asked who speaks")
    script, keys, arguments = note_call(FILE_ID, {"state": "cancelled"}, 60)
    redis_client.eval(script, len(keys), *keys, *arguments)
    wait_until(lambda: not list(folder.iterdir()), 30, "the worker leaves it, and its bytes are deleted")
    assert state(redis_client) == "cancelled"
