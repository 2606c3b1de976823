"""Tasks taken beside the one in hand: acknowledged late, given back whole, shared fairly, nothing foreign run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from kombu.connection import Connection
from kombu.transport import redis as redis_transport

from contract.keys import workers_key
from contract.settings import ServiceSettings
from harness.processes import answers, free_port, start_redis, wait_until
from runtime.broker.app import make_celery
from runtime.broker.batch import TaskBatcher
from runtime.broker.delivery import ReliableChannel
from runtime.broker.recovery import ReliableQoS

QUEUE, TASK = "some_queue", "some.task"


@pytest.fixture
def app(redis_client: redis.Redis, redis_port: int) -> Celery:
    return make_celery("test", ServiceSettings(redis_port=redis_port, redis_host="127.0.0.1"), QUEUE)


@pytest.fixture
def batcher(app: Celery) -> Iterator[TaskBatcher]:
    taking = TaskBatcher(app, QUEUE, TASK, 1)
    yield taking
    taking.close()


def send(app: Celery, *arguments: Any, task: str = TASK) -> None:
    app.send_task(task, args=list(arguments), queue=QUEUE)


def test_nothing_waits_nothing_is_taken(batcher: TaskBatcher) -> None:
    assert batcher.take(7) == []


def test_the_oldest_come_first_with_their_bytes(app: Celery) -> None:
    batcher = TaskBatcher(app, QUEUE, TASK, 2)
    for number in range(5):
        send(app, bytes([number, 0, 255]), {"start": number})
    taken = batcher.take(3)
    batcher.close()
    assert [one.arguments for one in taken] == [[bytes([n, 0, 255]), {"start": n}] for n in range(3)]


def test_until_acknowledged_they_are_redis_s(app: Celery, batcher: TaskBatcher, redis_client: redis.Redis) -> None:
    for number in range(2):
        send(app, number)
    first, second = batcher.take(7)
    assert redis_client.hlen("unacked") == 2
    first.done()
    assert redis_client.hlen("unacked") == 1
    second.give_back()
    assert redis_client.hlen("unacked") == 0
    assert redis_client.llen(QUEUE) == 1
    (again,) = batcher.take(7)
    assert again.arguments == [1]


def test_closing_gives_back_what_was_not_acknowledged(app: Celery, redis_client: redis.Redis) -> None:
    send(app, 1)
    taking = TaskBatcher(app, QUEUE, TASK, 1)
    assert len(taking.take(7)) == 1
    taking.close()
    assert redis_client.llen(QUEUE) == 1


@pytest.mark.parametrize(("workers", "waiting", "share"), [(1, 6, 6), (2, 6, 3), (2, 1, 0), (3, 6, 2), (8, 6, 0)])
def test_each_worker_takes_its_share(
    app: Celery, batcher: TaskBatcher, redis_client: redis.Redis, workers: int, waiting: int, share: int
) -> None:
    redis_client.hset(workers_key(QUEUE), mapping={f"worker-{n}": "{}" for n in range(workers)})
    for number in range(waiting):
        send(app, number)
    assert len(batcher.take(16)) == share


def test_where_celery_left_none_nobody_looks_again(
    app: Celery, batcher: TaskBatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(app, 1)
    monkeypatch.setattr(ReliableChannel, "still_queued", 0)
    assert batcher.take(7) == []
    monkeypatch.setattr(ReliableChannel, "still_queued", 1)
    assert len(batcher.take(7)) == 1


def test_another_task_is_left_to_celery(app: Celery, batcher: TaskBatcher, redis_client: redis.Redis) -> None:
    send(app, 1, task="another.task")
    assert batcher.take(7) == []
    assert redis_client.llen(QUEUE) == 1


@pytest.mark.parametrize(("arguments", "keywords"), [([], {}), ([1, 2], {}), ([1], {"job": 2}), ([], {"job": 2})])
def test_a_task_with_other_arguments_is_left_to_celery(
    app: Celery, batcher: TaskBatcher, redis_client: redis.Redis, arguments: list[int], keywords: dict[str, int]
) -> None:
    app.send_task(TASK, args=arguments, kwargs=keywords, queue=QUEUE)
    send(app, 3)
    assert batcher.take(7) == []
    assert redis_client.llen(QUEUE) == 2


@pytest.mark.parametrize("serializer", ["json", "pickle"])
def test_a_serializer_that_we_do_not_send_is_not_read(
    app: Celery, batcher: TaskBatcher, redis_client: redis.Redis, redis_port: int, serializer: str
) -> None:
    with Connection(f"redis://127.0.0.1:{redis_port}/0") as connection:
        producer = connection.Producer(serializer=serializer)
        producer.publish([[1], {}, {}], routing_key=QUEUE, exchange="", headers={"task": TASK, "id": "x"})
    assert batcher.take(7) == []
    left: Any = redis_client.lrange(QUEUE, 0, -1)
    assert json.loads(left[0])["headers"]["task"] == TASK


def test_a_lost_redis_means_no_companions_and_then_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReliableChannel, "QoS", ReliableQoS)  # as in every worker
    monkeypatch.setattr(redis_transport.Transport, "Channel", ReliableChannel)
    port = free_port()
    with start_redis(port, tmp_path) as server:
        own = make_celery("test", ServiceSettings(redis_port=port, redis_host="127.0.0.1"), QUEUE)
        taking = TaskBatcher(own, QUEUE, TASK, 1)
        send(own, 1)
        (first,) = taking.take(7)
        server.kill()
        first.done()
        assert taking.take(7) == []
        server.start()
        wait_until(lambda: answers(port), 15, "Redis is back")
        own = make_celery("test", ServiceSettings(redis_port=port, redis_host="127.0.0.1"), QUEUE)
        send(own, 2)
        wait_until(lambda: bool(taking.take(7)), 15, "tasks are taken again")
        taking.close()
