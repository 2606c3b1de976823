"""How many of a file's segments are out at once: several while nobody speaks, else one a worker."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import pytest
import redis

from contract.keys import done_key, workers_key
from contract.queues import FILE_QUEUE, STT_QUEUE
from file_worker.settings import FileSettings
from file_worker.store import LIVE_SEC, FileStore
from runtime.broker.app import make_celery
from runtime.worker.heartbeat import WorkerInfo

SESSION = "t" * 32


@pytest.fixture
def store(redis_client: redis.Redis, redis_port: int) -> FileStore:
    settings = FileSettings(redis_host="127.0.0.1", redis_port=redis_port, file_segments_together=3)
    return FileStore(redis_client, make_celery("test", settings, FILE_QUEUE), settings)


def workers(client: redis.Redis, *spoken_sec_ago: float | None) -> None:
    """Heartbeats of workers that somebody spoke to so many seconds ago; None for never."""
    now = time.time()
    for number, ago in enumerate(spoken_sec_ago):
        info = WorkerInfo("base", False, now + 60, 0.0, 1, 0.3, 0.0 if ago is None else now - ago)
        client.hset(workers_key(STT_QUEUE), f"w{number}", json.dumps(asdict(info)))


def sent(store: FileStore, client: redis.Redis, together: bool = True, takes: int = 0) -> int:
    """How many segments may be sent one after the other, of which workers take the first `takes` from the queue."""
    count = 0
    while count < 50 and store.may_send(SESSION, count, together):
        client.lpush(STT_QUEUE, f"segment {count}")
        if count < takes:
            client.rpop(STT_QUEUE)
        count += 1
    return count


def test_without_a_worker_none_is_sent(store: FileStore, redis_client: redis.Redis) -> None:
    assert sent(store, redis_client) == 0


@pytest.mark.parametrize(("takes", "out"), [(0, 3), (1, 4), (3, 6), (9, 6)])
def test_while_nobody_speaks_as_many_wait_as_go_together(
    store: FileStore, redis_client: redis.Redis, takes: int, out: int
) -> None:
    workers(redis_client, None)
    assert sent(store, redis_client, takes=takes) == out


def test_each_worker_has_its_own(store: FileStore, redis_client: redis.Redis) -> None:
    workers(redis_client, None, LIVE_SEC + 5)
    assert sent(store, redis_client, takes=99) == 12


def test_when_somebody_has_spoken_one_a_worker_is_out_and_none_waits(
    store: FileStore, redis_client: redis.Redis
) -> None:
    workers(redis_client, None, LIVE_SEC - 5)
    assert sent(store, redis_client, takes=99) == 2
    redis_client.flushall()
    workers(redis_client, None, LIVE_SEC - 5)
    redis_client.lpush(STT_QUEUE, "somebody's utterance")
    assert sent(store, redis_client) == 0


def test_until_the_language_is_known_one_a_worker_is_out(store: FileStore, redis_client: redis.Redis) -> None:
    workers(redis_client, None)
    assert sent(store, redis_client, together=False, takes=99) == 1


def test_what_has_ended_makes_room(store: FileStore, redis_client: redis.Redis) -> None:
    workers(redis_client, None)
    assert sent(store, redis_client, takes=99) == 6
    redis_client.set(done_key(SESSION, 2), 1)
    assert store.may_send(SESSION, 100, True)
    assert not store.may_send(SESSION, 101, True)
