"""Load beyond what the workers can do in time is refused in words, by their own pace."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
import redis

from contract.keys import SENT_SEGMENTS_KEY, workers_key
from contract.queues import STT_QUEUE
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.raw_client import RawClient

Start = Callable[..., GatewayProcess]
SECOND = bytes(32_000)


def workers_say(client: redis.Redis, *paces_sec: float) -> None:
    """Live workers that take so long for an utterance."""
    for number, pace_sec in enumerate(paces_sec):
        told = {"model": "demo", "demo": True, "expires": time.time() + 60, "busy_sec": 0, "tasks_done": 1}
        client.hset(workers_key(STT_QUEUE), f"worker-{number}", json.dumps(told | {"pace_sec": pace_sec}))


def utterances_wait(client: redis.Redis, count: int) -> None:
    """So many tasks in the queue; nobody takes them here."""
    client.rpush(STT_QUEUE, *["waiting"] * count)


def refused(gateway: GatewayProcess, session: str | None = None, query: str = "") -> str:
    """The code a connection is refused with, empty where it is let in."""
    with RawClient(gateway.ws_url, session, query) as client:
        first = client.receive()
        if first["type"] == "session":
            return ""
        assert first["retry_after_sec"] > 0
        assert client.close_code() == 1013
        return str(first["code"])


def test_who_brings_work_is_refused_while_utterances_wait_too_long(
    start_gateway: Start, redis_client: redis.Redis
) -> None:
    gateway = start_gateway(ADMIT_WAIT_MAX_SEC="2")
    with RawClient(gateway.ws_url) as client:
        session = client.expect("session")["session"]
    workers_say(redis_client, 0.5, 0.5)  # four utterances a second
    utterances_wait(redis_client, 9)
    wait_until(lambda: refused(gateway) == "queue_full", 10, "a new speaker is refused")
    assert refused(gateway, session, "from=0") == "queue_full"
    assert refused(gateway, session) == "", "one who has nothing to send wants results and is let in"
    redis_client.ltrim(STT_QUEUE, 0, 5)
    wait_until(lambda: not refused(gateway), 10, "new speakers are let in again")


def test_parts_of_files_that_wait_keep_nobody_out(start_gateway: Start, redis_client: redis.Redis) -> None:
    gateway = start_gateway(ADMIT_WAIT_MAX_SEC="2")
    workers_say(redis_client, 0.5)  # two utterances a second
    utterances_wait(redis_client, 6)
    wait_until(lambda: refused(gateway) == "queue_full", 10, "three seconds of what is spoken")
    redis_client.zadd(SENT_SEGMENTS_KEY, {f"segment {number}": time.time() * 1000 for number in range(4)})
    wait_until(lambda: not refused(gateway), 10, "four of them are parts of files, which what is spoken goes before")


def test_the_queue_holds_what_the_workers_do_in_time(start_gateway: Start, redis_client: redis.Redis) -> None:
    gateway = start_gateway(QUEUE_WAIT_MAX_SEC="5", ADMIT_WAIT_MAX_SEC="600", OUTSTANDING_MAX="64")
    workers_say(redis_client, 0.5)  # ten utterances in five seconds
    wait_until(lambda: _fills(gateway, redis_client) == 10, 15, "the queue takes ten")


def _fills(gateway: GatewayProcess, client: redis.Redis) -> int:
    """How many utterances of one speaker the queue takes before it is full."""
    client.delete(STT_QUEUE)
    with RawClient(gateway.ws_url) as speaker:
        speaker.expect("session")
        for _ in range(30):
            speaker.send(SECOND)
            speaker.send(b"")
        told = [""]
        while told.count("accepted") < 30 and told[-1] != "busy":
            told.append(speaker.receive()["type"])
        if told[-1] == "busy":
            assert speaker.close_code() == 1013
    return client.llen(STT_QUEUE)


@pytest.mark.parametrize("paces_sec", [(), (0.0,), (0.5, 0.0)])
def test_while_a_pace_is_unknown_the_number_alone_counts(
    start_gateway: Start, redis_client: redis.Redis, paces_sec: tuple[float, ...]
) -> None:
    gateway = start_gateway(QUEUE_MAX="12", QUEUE_WAIT_MAX_SEC="0.5", OUTSTANDING_MAX="64")
    workers_say(redis_client, *paces_sec)
    assert _fills(gateway, redis_client) == 12
    assert refused(gateway) == ""
