"""The file worker as a process, with speech recognition in the test's hands: who goes first, resume, what is left."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery

from contract.keys import FILES_KEY, file_key, session_outcomes_key
from contract.messages import Result
from contract.queues import FILE_QUEUE, STT_QUEUE
from contract.settings import ServiceSettings
from contract.state.files import FileJob, begin_call, file_path
from harness.processes import Service, free_port, start_redis, wait_until
from runtime.broker.app import make_celery
from tests.file_worker.running import FILE_ID, SESSION, asked_of, begin, send, start_worker, state, talk, written
from tests.support.fake_pipeline import FakePipeline

MANY = 40


def test_segments_come_back_in_order_and_nothing_is_left(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
) -> None:
    speech_workers(2)
    worker = make_worker()
    job = begin(redis_client, app, folder, talk(6))
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    found = written(redis_client)
    assert len(found) == 6
    assert [one.start for one in found] == sorted(one.start for one in found)
    assert [one.outcome.type for one in found] == ["result"] * 6
    wait_until(lambda: not os.listdir(folder), 10, "its bytes are deleted, a moment later")
    assert redis_client.zcard(FILES_KEY) == 0
    assert not redis_client.exists(session_outcomes_key(job.session))
    wait_until(lambda: not redis_client.exists("unacked", "unacked_index"), 10, "the task is acknowledged")
    assert worker.stop() == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_no_more_segments_are_out_than_workers_and_none_while_somebody_speaks(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
    workers: int,
) -> None:
    pipeline.pause()
    speech_workers(workers)
    worker = make_worker()
    live = b"a live speaker's task"
    redis_client.lpush(STT_QUEUE, live)
    begin(redis_client, app, folder, talk(4))

    def holds_back() -> bool:
        return redis_client.hget(file_key(FILE_ID), "holds_back") == b"1"

    wait_until(holds_back, 30, "the file waits for the speaker")
    assert redis_client.lrange(STT_QUEUE, 0, -1) == [live]
    redis_client.lrem(STT_QUEUE, 1, live.decode())
    wait_until(lambda: redis_client.llen(STT_QUEUE) == 1, 10, "a segment is sent once nobody waits")
    # It is in the queue, so it counts as waiting: the next is sent when a speech worker has taken it.
    for taken in range(1, workers):
        redis_client.rpoplpush(STT_QUEUE, "taken-by-the-test")
        wait_until(lambda: redis_client.llen(STT_QUEUE) == 1, 10, f"segment {taken + 1} is sent")
    redis_client.rpoplpush(STT_QUEUE, "taken-by-the-test")
    done = redis_client.hget(file_key(FILE_ID), "touched")
    wait_until(lambda: redis_client.hget(file_key(FILE_ID), "touched") != done, 10, "the worker has looked again")
    assert redis_client.llen(STT_QUEUE) == 0  # as many are out as there are workers
    # Whoever speaks now has as many segments before him as there are workers: each of them is busy with one.
    while redis_client.rpoplpush("taken-by-the-test", STT_QUEUE):
        pass
    pipeline.go_on()
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    assert len(written(redis_client)) == 4
    assert len(pipeline.seen) == 4
    assert worker.running


@pytest.fixture
def half_done(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
) -> Service:
    """A worker that has done 7 of the MANY segments of a file, and gets no more."""
    speech_workers(1)
    worker = make_worker()
    pipeline.most = 7
    begin(redis_client, app, folder, talk(MANY))
    wait_until(lambda: len(written(redis_client)) == 7, 30, "some segments are done")
    return worker


def test_a_killed_worker_is_followed_by_another_that_does_nothing_twice(
    redis_client: redis.Redis,
    folder: Path,
    make_worker: Callable[..., Service],
    half_done: Service,
    pipeline: FakePipeline,
) -> None:
    half_done.kill()
    assert state(redis_client) == "working"
    pipeline.most = None
    make_worker("second")
    wait_until(lambda: state(redis_client) == "done", 60, "the file is done")
    found = written(redis_client)
    assert len(found) == MANY
    assert len({one.start for one in found}) == MANY
    assert len(pipeline.seen) <= MANY + 1  # one was on its way when the worker died
    wait_until(lambda: not os.listdir(folder), 10, "its bytes are deleted, a moment later")


def test_a_worker_that_is_told_to_stop_gives_its_file_back(
    redis_client: redis.Redis,
    folder: Path,
    make_worker: Callable[..., Service],
    half_done: Service,
    pipeline: FakePipeline,
) -> None:
    assert half_done.stop() == 0
    assert state(redis_client) == "working"
    assert redis_client.llen(FILE_QUEUE) == 1  # at once, not after the visibility timeout
    pipeline.most = None
    make_worker("second")
    wait_until(lambda: state(redis_client) == "done", 60, "the file is done")
    assert len(written(redis_client)) == MANY


def test_a_long_file_is_not_given_to_another_worker(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
) -> None:
    """The work takes far longer than the visibility timeout, and a second worker waits for something to do."""
    pipeline.pause()
    speech_workers(1)
    workers = [make_worker("first"), make_worker("second")]
    begin(redis_client, app, folder, talk(2))
    wait_until(lambda: redis_client.llen(STT_QUEUE) == 1, 30, "the first segment is out")
    holder = redis_client.hget(file_key(FILE_ID), "holder")
    touches = set()

    def long_enough() -> bool:
        touches.add(redis_client.hget(file_key(FILE_ID), "touched"))
        return len(touches) > 12  # a renewal each sixth of the timeout: two timeouts

    wait_until(long_enough, 40, "two visibility timeouts pass")
    assert redis_client.hget(file_key(FILE_ID), "holder") == holder
    assert redis_client.llen(FILE_QUEUE) == 0
    assert sum("another worker is on it" in worker.tail(500) for worker in workers) == 0
    pipeline.go_on()
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")


@pytest.fixture(scope="module")
def other_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Redis that the other tests do not use."""
    port = free_port()
    with start_redis(port, tmp_path_factory.mktemp("redis")):
        yield port


@pytest.fixture(scope="module")
def idle_worker(other_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A worker on that Redis: one for all that it is to drop."""
    folder = tmp_path_factory.mktemp("idle")
    worker = start_worker(other_port, folder / "uploads", folder)
    yield worker
    worker.stop()


def dropped(worker: Service) -> int:
    log = worker.log.read_text(errors="replace")
    return log.count("names no file") + log.count("ended before")


@pytest.mark.parametrize(
    "argument", ["../../etc/passwd", "/etc/passwd", "x", "", 5, None, ["f" * 32], {"id": 1}, "é" * 32, "n" * 32]
)
def test_a_task_that_names_no_file_reads_none_and_ends_nothing(
    other_port: int, idle_worker: Service, argument: object
) -> None:
    before = dropped(idle_worker)
    app = make_celery("test", ServiceSettings(redis_host="127.0.0.1", redis_port=other_port))
    send(app, argument)
    app.close()
    wait_until(lambda: dropped(idle_worker) > before, 30, f"it is dropped: {idle_worker.tail()}")
    with redis.Redis(port=other_port) as client:
        wait_until(lambda: not client.exists("unacked"), 10, "and acknowledged")
    assert idle_worker.running
    assert "Traceback" not in idle_worker.tail(500)


def test_what_cannot_be_decoded_ends_as_that(
    redis_client: redis.Redis, app: Celery, folder: Path, make_worker: Callable[..., Service]
) -> None:
    make_worker()
    file_path(folder, FILE_ID).write_bytes(b"no sound at all")
    job = FileJob(id=FILE_ID, session=SESSION, content="0" * 64, file_bytes=1)
    script, keys, arguments = begin_call(job, 8, 600, 600)
    redis_client.eval(script, len(keys), *keys, *arguments)
    send(app, FILE_ID)
    wait_until(lambda: state(redis_client) == "failed", 30, "the file has failed")
    assert redis_client.hmget(file_key(FILE_ID), "status", "code") == [b"415", b"not_decodable"]
    wait_until(lambda: not os.listdir(folder), 10, "its bytes are deleted, a moment later")


def test_a_file_that_ends_its_workers_is_given_up(
    redis_client: redis.Redis, app: Celery, folder: Path, make_worker: Callable[..., Service]
) -> None:
    """Three workers have died on it, as the count of its tries says."""
    begin(redis_client, app, folder, talk(1))
    redis_client.hset(file_key(FILE_ID), "tries", 3)
    make_worker()
    wait_until(lambda: state(redis_client) == "failed", 30, "it is given up")
    assert redis_client.hget(file_key(FILE_ID), "code") == b"gave_up"
    wait_until(lambda: not os.listdir(folder), 10, "its bytes are deleted, a moment later")


def languages(client: redis.Redis) -> list[str]:
    """Of the segments that were written down."""
    outcomes = [one.outcome for one in written(client)]
    return [outcome.language for outcome in outcomes if isinstance(outcome, Result)]


def test_a_file_keeps_one_language(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
) -> None:
    """The first segment is heard in Thai by mistake; it is heard again once the file's language is found."""
    speech_workers(1)
    pipeline.languages = [("th", 0.5)] + [("en", 0.9)] * 30
    make_worker(FILE_LANGUAGE_SEC="3")
    job = begin(redis_client, app, folder, talk(10))
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    found = written(redis_client)
    assert len(found) == 10
    assert [one.start for one in found] == sorted({one.start for one in found})
    assert languages(redis_client) == ["en"] * 10
    again = [asked for asked in asked_of(pipeline, job) if asked.session == job.again_session]
    assert [(one.start, one.language, one.language_assumed) for one in again] == [(found[0].start, "en", False)]
    assert {(asked.session, asked.repetition) for asked in asked_of(pipeline, job)} == {
        (job.session, False),
        (job.again_session, True),
    }
    first = [asked.language for asked, _ in pipeline.seen if asked.session == job.session]
    assert len(first) == 10
    assert first[0] is None
    assert first[-1] == "en"
    assert redis_client.hget(file_key(FILE_ID), "language") == b"en"
    assert not redis_client.exists(session_outcomes_key(job.session), session_outcomes_key(job.again_session))


def test_a_language_that_the_sender_names_is_asked_for(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
) -> None:
    speech_workers(1)
    pipeline.languages = [("th", 0.9)] * 30
    make_worker(FILE_LANGUAGE_SEC="3")
    job = begin(redis_client, app, folder, talk(8), language="ko")
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    assert [asked.language for asked in asked_of(pipeline, job)] == ["ko"] * 8


def test_a_worker_that_dies_while_a_segment_is_heard_again_is_followed_by_another(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
) -> None:
    speech_workers(1)
    pipeline.languages = [("en", 0.9), ("th", 0.5)] + [("en", 0.9)] * 30
    pipeline.most = 6  # enough for the decision; what is heard again is in the queue then
    worker = make_worker(FILE_LANGUAGE_SEC="20", FILE_SEGMENTS_TOGETHER="1")
    job = begin(redis_client, app, folder, talk(10))
    wait_until(lambda: redis_client.hget(file_key(FILE_ID), "language") == b"en", 30, "the language is found")
    wait_until(lambda: redis_client.llen(STT_QUEUE) == 1, 30, "the second segment is sent again")
    worker.kill()
    pipeline.most = None
    make_worker("second", FILE_LANGUAGE_SEC="20")
    wait_until(lambda: state(redis_client) == "done", 60, "the file is done")
    found = written(redis_client)
    assert len(found) == len({one.start for one in found}) == 10
    assert languages(redis_client) == ["en"] * 10
    assert [one.start for one, _ in pipeline.seen if one.session == job.again_session] == [found[1].start]
