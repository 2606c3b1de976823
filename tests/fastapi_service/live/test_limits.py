"""Each limit at its edge: what is within is served, what is beyond is refused in words or slowed, never buffered."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
import redis

from contract.keys import (
    SESSIONS_KEY,
    session_outcomes_key,
    shown_stats_key,
    speaker_events_key,
    speakers_key,
    stats_key,
)
from fastapi_service.access.attempts import ADDRESSES_REMEMBERED, LoginAttempts, client_address
from fastapi_service.live.limits import ByteRate, ConnectionLimit, NoPlaceError
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.fake_pipeline import FakePipeline
from tests.support.http_requests import request
from tests.support.raw_client import RawClient
from tests.support.raw_socket import connect

Start = Callable[..., GatewayProcess]
SECOND = bytes(32_000)


class FakeClock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_places_are_counted_in_all_and_per_address() -> None:
    places = ConnectionLimit(in_all=3, per_address=2)
    with ExitStack() as held:
        held.enter_context(places.take("a"))
        with places.take("a"), pytest.raises(NoPlaceError, match="from your address"), places.take("a"):
            pass
        held.enter_context(places.take("a"))
        held.enter_context(places.take("b"))
        with pytest.raises(NoPlaceError, match="no connection is free"), places.take("c"):
            pass
    assert len(places) == 0
    with places.take("c"):
        assert len(places) == 1


def test_no_limit_per_address_is_zero() -> None:
    places = ConnectionLimit(in_all=50, per_address=0)
    with ExitStack() as held:
        for _ in range(50):
            held.enter_context(places.take("a"))


def test_bytes_are_slowed_to_the_rate_after_the_burst() -> None:
    clock = FakeClock()
    rate = ByteRate(per_sec=1_000, burst=10_000, clock=clock)
    assert rate.spend(10_000) == 0
    assert rate.spend(500) == pytest.approx(0.5)
    clock.now += 0.5
    assert rate.spend(1_000) == pytest.approx(1.0)
    clock.now += 1_000
    assert rate.spend(10_000) == 0, "the burst is full again, and no more than full"
    assert rate.spend(1_000) == pytest.approx(1.0)


def test_tiny_frames_count_as_more_than_they_are() -> None:
    rate = ByteRate(per_sec=1_000, burst=2_560, clock=FakeClock())
    waits = [rate.spend(0) for _ in range(11)]
    assert waits[:10] == [0.0] * 10
    assert waits[10] > 0


def test_failures_are_counted_down_and_of_bounded_number() -> None:
    clock = FakeClock()
    failures = LoginAttempts(per_min=6, clock=clock)
    for _ in range(6):
        assert failures.wait_sec("a") == 0
        failures.failed("a")
    assert failures.wait_sec("a") == pytest.approx(10)
    assert failures.wait_sec("b") == 0
    clock.now += 10
    assert failures.wait_sec("a") == pytest.approx(0)
    failures.failed("a")
    assert failures.wait_sec("a") == pytest.approx(10)
    clock.now += 3_600
    assert failures.wait_sec("a") == 0
    for number in range(ADDRESSES_REMEMBERED + 500):
        failures.failed(str(number))
    assert len(failures) == ADDRESSES_REMEMBERED


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2%eth0", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        ("x" * 500, "x" * 64),
    ],
)
def test_whom_a_limit_counts_as_one(host: str, counted: str) -> None:
    assert client_address({"client": (host, 1234)}) == counted
    assert client_address({"client": None}) == ""


def test_connections_of_one_address_are_bounded_behind_a_proxy_as_well(start_gateway: Start) -> None:
    gateway = start_gateway(ADDRESS_CONNECTIONS_MAX="2")
    here, there = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    with RawClient(gateway.ws_url, headers=here) as one, RawClient(gateway.ws_url, headers=here) as two:
        one.expect("session")
        two.expect("session")
        with RawClient(gateway.ws_url, headers=here) as three:
            busy = three.expect("busy")
            assert busy["code"] == "connections_full" and "your address" in busy["message"]
            assert three.close_code() == 1013
        with RawClient(gateway.ws_url, headers=there) as neighbour:
            neighbour.expect("session")
    wait_until(lambda: is_served(gateway, here), 10, "a place that was left is free")


def is_served(gateway: GatewayProcess, headers: dict[str, str]) -> bool:
    with RawClient(gateway.ws_url, headers=headers) as client:
        return bool(client.receive()["type"] == "session")


def test_a_fast_client_is_slowed_and_all_of_it_arrives(start_gateway: Start, pipeline: FakePipeline) -> None:
    """Not faster than the bucket gives; how much slower is the machine's matter."""
    gateway = start_gateway(STREAM_SPEED_MAX="10", STREAM_BURST_BYTES="65536")
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        began = time.monotonic()
        for _ in range(30):
            client.send(SECOND)
        client.send(b"")
        outcomes: list[dict[str, Any]] = []
        while sum(int(message["text"].split()[0]) for message in outcomes) < 30 * 16_000:
            outcomes.append(client.expect("result", 30))
        assert time.monotonic() - began >= (30 * 32_000 - 65_536) / 320_000 - 0.1
    assert sum(len(pcm) for _, pcm in pipeline.seen) == 30 * 32_000


def test_slowing_does_not_end_an_utterance(start_gateway: Start, pipeline: FakePipeline) -> None:
    """A frame of 64 KiB takes its 2 s to be paid for; that is no silence."""
    slow = {"STREAM_SPEED_MAX": "1", "STREAM_BURST_BYTES": "65536"}
    gateway = start_gateway(IDLE_CUT_SEC="0.3", SENTENCE_WAIT_SEC="0", **slow)
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        for _ in range(3):
            client.send(bytes(65_536))
        client.send(b"")
        assert client.expect("result", 30)["text"] == f"{3 * 32_768} samples"


def test_sessions_are_bounded_and_the_unused_make_room(start_gateway: Start, redis_client: redis.Redis) -> None:
    gateway = start_gateway(SESSIONS_MAX="10")
    clients = [RawClient(gateway.ws_url) for _ in range(10)]
    sessions = [client.expect("session")["session"] for client in clients]
    with RawClient(gateway.ws_url) as eleventh:
        busy = eleventh.expect("busy")
        assert busy["code"] == "sessions_full" and busy["message"]
        assert eleventh.close_code() == 1013
    with RawClient(gateway.ws_url, sessions[3]) as again:
        assert again.expect("session")["session"] == sessions[3], "one that is kept can be resumed all the same"
    # One that was used long ago makes room, with all that belongs to it.
    redis_client.xadd(session_outcomes_key(sessions[5]), {"event": "x"})
    redis_client.xadd(speaker_events_key(sessions[5]), {"event": "x"})
    redis_client.hset(speakers_key(sessions[5]), "state", b"voices")
    redis_client.mset({stats_key(sessions[5]): "{}", shown_stats_key(sessions[5]): "{}", shown_stats_key("x"): "{}"})
    redis_client.zadd(SESSIONS_KEY, {sessions[5]: 1_000 * (time.time() - 2 * 3_600)})
    with RawClient(gateway.ws_url) as twelfth:
        twelfth.expect("session")
        assert redis_client.keys(f"*{sessions[5]}*") == []
        assert redis_client.exists(shown_stats_key("x"))
        assert redis_client.zcard(SESSIONS_KEY) == 10
    for client in clients:
        client.socket.close()
    assert redis_client.ttl(SESSIONS_KEY) > 0


def test_sessions_in_which_nothing_was_said_are_the_first_to_go(
    start_gateway: Start, pipeline: FakePipeline, redis_client: redis.Redis
) -> None:
    gateway = start_gateway(SESSIONS_MAX="10")
    with RawClient(gateway.ws_url) as speaker:
        spoken = speaker.expect("session")["session"]
        speaker.speak(SECOND)
    for _ in range(30):
        with RawClient(gateway.ws_url) as client:
            client.expect("session")
            client.socket.close()
        wait_until(lambda: all_left(redis_client, but=spoken), 5, "the session was left")
    assert redis_client.zcard(SESSIONS_KEY) == 10
    with RawClient(gateway.ws_url, spoken) as again:
        assert again.expect("session")["session"] == spoken


def all_left(client: redis.Redis, but: str) -> bool:
    recent = client.zrangebyscore(SESSIONS_KEY, 1_000 * (time.time() - 3_600), "+inf")
    return set(recent) <= {but.encode()}


def test_expired_sessions_do_not_count(start_gateway: Start, redis_client: redis.Redis) -> None:
    gateway = start_gateway(SESSIONS_MAX="10")
    redis_client.zadd(SESSIONS_KEY, {f"gone{n}": 1_000 * (time.time() - 2 * 86_400) for n in range(500)})
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
    assert redis_client.zcard(SESSIONS_KEY) == 1


@pytest.mark.parametrize("size", [4_096, 4_097])
def test_a_query_has_a_longest_length(gateway: GatewayProcess, size: int) -> None:
    query = "x=" + "a" * (size - 2)
    with RawClient(gateway.ws_url, query=query) as client:
        if size <= 4_096:
            client.expect("session")
        else:
            assert client.expect("error")["code"] == "bad_query"
            assert client.close_code() == 1008
    assert request(gateway.url, f"/healthz?{query}").status == (200 if size <= 4_096 else 414)


@pytest.mark.parametrize(
    ("protocols", "served"),
    [(["x"] * 7, True), (["x"] * 8, False), (["x" * 2_042], True), (["x" * 2_043], False)],
)
def test_subprotocols_have_a_largest_number_and_length(
    gateway: GatewayProcess, protocols: list[str], served: bool
) -> None:
    with RawClient(gateway.ws_url, protocols=protocols) as client:  # and `wta.v1`
        if served:
            client.expect("session")
        else:
            assert client.expect("error")["code"] == "bad_subprotocols"
            assert client.close_code() == 1008


def ends_within(raw: socket.socket, seconds: float) -> bool:
    raw.settimeout(seconds)
    try:
        while raw.recv(4_096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_request_that_is_never_complete_is_hung_up_on(start_gateway: Start, begun: bytes) -> None:
    gateway = start_gateway(HANDSHAKE_SEC="1")
    with connect(gateway.url) as raw:
        raw.sendall(begun)
        assert ends_within(raw, 10)
    with connect(gateway.url) as raw:  # nor the second one on a connection, a byte at a time
        raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while b"alive" not in answer:  # in one piece or in two
            piece = raw.recv(4_096)
            assert piece, answer
            answer += piece
        began = time.monotonic()
        try:
            for byte in b"GET /healthz HTTP/1.1\r\nX-Slow: " + b"a" * 500:
                raw.sendall(bytes([byte]))
                time.sleep(0.05)
        except ConnectionError:
            pass
        assert time.monotonic() - began < 15
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        time.sleep(1.5)  # the limit is for the handshake alone
        client.send(b"")
        client.send(SECOND)
        client.send(b"")
        client.expect("accepted")
