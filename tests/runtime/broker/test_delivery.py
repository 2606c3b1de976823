"""Messages on their way from a queue to a worker: in one place at every moment, also when Redis is full."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from kombu import connection as kombu_connection
from kombu.entity import Queue
from kombu.messaging import Consumer, Producer
from kombu.transport import redis as redis_transport

from contract.keys import taken_key
from contract.settings import ServiceSettings
from runtime.broker.app import transport_options
from runtime.broker.delivery import GIVE_BACK_SEC, ReliableChannel
from runtime.broker.recovery import ReliableQoS

QUEUE = "take_queue"


class Channel(ReliableChannel):
    """As `install_recovery` sets it up."""

    QoS = ReliableQoS


class Transport(redis_transport.Transport):
    """kombu's, for this test alone."""

    Channel = Channel


@pytest.fixture
def channel(redis_port: int, redis_client: redis.Redis) -> Iterator[Any]:
    """A worker's channel; two messages, "one" and "two", wait."""
    options = transport_options(ServiceSettings())
    url = f"redis://127.0.0.1:{redis_port}/0"
    with kombu_connection.Connection(url, transport=Transport, transport_options=options) as connection:
        queue = connection.SimpleQueue(QUEUE)
        queue.put("one")
        queue.put("two")
        queue.close()
        yield connection.channel()


def places(client: redis.Redis) -> tuple[Any, Any, Any]:
    """How many messages wait, are taken, and are recorded as being worked on."""
    return client.llen(QUEUE), client.llen(taken_key(QUEUE)), client.hlen("unacked")


def test_a_message_goes_from_the_queue_to_the_record(channel: Any, redis_client: redis.Redis) -> None:
    message = channel.basic_get(QUEUE)
    assert message.decode() == "one"
    assert places(redis_client) == (1, 0, 1)
    message.ack()
    assert places(redis_client) == (1, 0, 0)


@pytest.mark.parametrize("body", [None, 5, "abcde"])
def test_one_whose_body_cannot_be_decoded_is_deleted(channel: Any, redis_client: redis.Redis, body: Any) -> None:
    message: Any = redis_client.lindex(QUEUE, -1)
    redis_client.rpush(QUEUE, json.dumps(json.loads(message) | {"body": body}))
    assert channel.basic_get(QUEUE) is None
    assert places(redis_client) == (2, 0, 0)
    assert channel.basic_get(QUEUE).decode() == "one"


def test_a_consumer_knows_how_many_it_leaves(
    channel: Any, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReliableChannel, "still_queued", None)
    connection = channel.connection.client
    left: list[int | None] = []
    with Consumer(channel, [Queue(QUEUE)], callbacks=[lambda *_: left.append(ReliableChannel.still_queued)]):
        connection.drain_events(timeout=10)
        connection.drain_events(timeout=10)
        redis_client.set("unacked", "no hash: what comes next cannot be recorded")
        Producer(channel).publish("three", routing_key=QUEUE, exchange="")
        connection.drain_events(timeout=10)
        redis_client.delete("unacked")
    assert left == [1, 0, None]


def test_one_that_is_rejected_waits_again(channel: Any, redis_client: redis.Redis) -> None:
    channel.basic_get(QUEUE).reject(requeue=True)
    assert places(redis_client) == (2, 0, 0)
    assert {channel.basic_get(QUEUE).decode() for _ in range(2)} == {"one", "two"}


def test_who_acknowledges_nothing_leaves_nothing_behind(channel: Any, redis_client: redis.Redis) -> None:
    assert channel.basic_get(QUEUE, no_ack=True).decode() == "one"
    assert places(redis_client) == (1, 0, 0)


def test_a_full_redis_gives_its_messages_all_the_same(channel: Any, redis_client: redis.Redis) -> None:
    """The more they are taken, the sooner it is not full any more; recording them must wait."""
    redis_client.config_set("maxmemory", 1)
    try:
        assert channel.basic_get(QUEUE).decode() == "one"
        assert places(redis_client) == (1, 0, 0)
    finally:
        redis_client.config_set("maxmemory", 0)


def test_what_nobody_recorded_goes_back_as_the_next(
    channel: Any, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    channel.basic_consume(QUEUE, False, lambda message: None, "tag")
    redis_client.lmove(QUEUE, taken_key(QUEUE), "RIGHT", "LEFT")
    channel.give_back(redis_client)
    assert places(redis_client) == (1, 1, 0), "somebody may be about to record it"
    channel.give_back(redis_client)
    assert places(redis_client) == (1, 1, 0), "not asked again so soon"
    now += GIVE_BACK_SEC + 1
    channel.give_back(redis_client)
    assert places(redis_client) == (2, 0, 0)
    assert channel.basic_get(QUEUE).decode() == "one"
