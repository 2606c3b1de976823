"""Whatever a client does, it ends in the documented way and the gateway goes on serving others."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import redis
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from contract.keys import session_key
from contract.queues import FINAL_STATS, RESULT_MESSAGES, STT_QUEUE
from contract.websocket import SUBPROTOCOL
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.fake_pipeline import FakePipeline
from tests.support.raw_client import RawClient

Start = Callable[..., GatewayProcess]
SECOND = bytes(32_000)


def speak(gateway: GatewayProcess, seconds: int = 1) -> str:
    """A well-behaved client is served; returns its text."""
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        for _ in range(seconds):
            client.send(SECOND)
        client.send(b"")
        return str(client.expect("result")["text"])


@pytest.mark.parametrize(
    ("frame", "code", "name"),
    [("hello", 1003, "text_frame"), (b"abc", 1007, "odd_bytes")],
)
def test_a_bad_frame_is_told_and_closed(
    gateway: GatewayProcess, pipeline: FakePipeline, frame: bytes | str, code: int, name: str
) -> None:
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        client.send(frame)
        error = client.expect("error")
        assert error["code"] == name
        assert error["message"]
        assert client.close_code() == code
    assert speak(gateway) == "16000 samples"


def test_a_frame_over_64_kib_is_closed_as_too_big(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        client.send(bytes(64 * 1024))
        client.send(b"")
        assert client.expect("result")["text"] == "32768 samples"
        client.send(bytes(64 * 1024 + 2))
        assert client.close_code() == 1009
    assert speak(gateway) == "16000 samples"


@pytest.mark.parametrize(
    "query",
    [
        "after=-1",
        "after=x",
        "from=1e9",
        "language=englisch",
        "language=xx",
        "language=%1b%5b31m",
        f"after={2**60}",
        "hints=" + "x" * 401,
        "hints=a%0Ab",
        "hints=%1b[31m",
        "words=yes",
        "sentences=",
        "sentences=2",
    ],
)
def test_a_bad_query_is_refused_in_words(gateway: GatewayProcess, query: str) -> None:
    with RawClient(gateway.ws_url, query=query) as client:
        assert query.split("=", maxsplit=1)[0] in client.expect("error")["message"]
        assert client.close_code() == 1008


def test_a_client_that_sends_nothing_is_closed_after_the_idle_limit(start_gateway: Start) -> None:
    gateway = start_gateway(IDLE_CLOSE_SEC="1", IDLE_CUT_SEC="0.3", SENTENCE_WAIT_SEC="0")
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        assert client.close_code() == 1000


def test_silence_after_speech_ends_the_utterance(start_gateway: Start, pipeline: FakePipeline) -> None:
    gateway = start_gateway(IDLE_CUT_SEC="0.3", SENTENCE_WAIT_SEC="0")
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        client.send(SECOND)
        result = client.expect("result")
    assert result["text"] == "16000 samples"
    assert result["timings_ms"]["endpoint"] >= 290


def test_a_monologue_of_five_minutes_is_cut_and_complete(start_gateway: Start, pipeline: FakePipeline) -> None:
    gateway = start_gateway(STREAM_SPEED_MAX="1000")  # test_limits.py is about the speed
    rng = np.random.default_rng(5)
    speech = (rng.normal(0, 3000, 300 * 16_000)).astype("<i2").tobytes()
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        sender = threading.Thread(target=send_all, args=(client, speech))
        sender.start()
        position = 0
        while position < len(speech) // 2:
            accepted = client.expect("accepted", 30)
            assert accepted["start"] == position
            assert 12.9 <= (accepted["position"] - position) / 16_000 <= 15 or accepted["position"] == len(speech) // 2
            position = accepted["position"]
        sender.join()
    wait_until(lambda: b"".join(pcm for _, pcm in pipeline.seen) == speech, 10, "every sample arrived once, in order")


def send_all(client: RawClient, speech: bytes, frame: int = 3200) -> None:
    """Send all of `speech` as fast as the connection takes it, then an end."""
    for begin in range(0, len(speech), frame):
        client.send(speech[begin : begin + frame])
    client.send(b"")


def test_a_client_that_is_too_fast_is_slowed_and_not_refused(start_gateway: Start, pipeline: FakePipeline) -> None:
    gateway = start_gateway(OUTSTANDING_MAX="2", STREAM_SPEED_MAX="1000")
    pipeline.pause()
    asyncio.run(speak_too_fast(gateway.ws_url, pipeline, utterances=60))
    assert [job.start for job, _ in pipeline.seen] == [n * 192_000 for n in range(60)]


async def speak_too_fast(url: str, pipeline: FakePipeline, utterances: int) -> None:
    """Send utterances of 12 s without a pause while nothing is worked on, then while it is."""
    sent = 0
    received: list[str] = []
    async with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None) as socket:

        async def send() -> None:
            nonlocal sent
            for _ in range(utterances):
                for _ in range(6):
                    await socket.send(bytes(64_000))
                await socket.send(b"")
                sent += 1

        async def receive() -> None:
            async for message in socket:
                received.append(json.loads(message)["type"])

        async def until(kind: str, count: int) -> None:
            async with asyncio.timeout(60):
                while received.count(kind) < count:  # noqa: ASYNC110 - two kinds of event, one condition
                    await asyncio.sleep(0.05)

        async with asyncio.TaskGroup() as group:
            sending, receiving = group.create_task(send()), group.create_task(receive())
            await until("accepted", 2)
            stalled = -1
            while sent > stalled:  # what the sockets' buffers take is all that goes out while nothing is worked on
                stalled = sent
                await asyncio.sleep(1.0)
            assert sent < utterances
            assert received.count("accepted") == 2
            pipeline.go_on()
            await until("result", utterances)
            await sending
            receiving.cancel()


def test_a_client_that_vanishes_in_a_word_leaves_an_utterance(start_gateway: Start, pipeline: FakePipeline) -> None:
    gateway = start_gateway(LINGER_SEC="1")
    client = RawClient(gateway.ws_url)
    session = client.expect("session")["session"]
    client.send(SECOND)
    client.vanish()
    wait_until(lambda: len(pipeline.seen) == 1, 10, "the rest was queued after the linger time")
    with RawClient(gateway.ws_url, session) as again:
        assert again.expect("session")["position"] == 16_000
        assert again.expect("result")["text"] == "16000 samples"


def test_malformed_messages_on_the_bus_are_skipped(
    gateway: GatewayProcess, pipeline: FakePipeline, redis_client: redis.Redis
) -> None:
    assert speak(gateway) == "16000 samples"
    for channel in (RESULT_MESSAGES, FINAL_STATS):
        for junk in (b"", b"\xff\xfe", b"[]", b'{"session": 5}', b'{"v":1,"session":"' + b"x" * 500_000):
            redis_client.publish(channel, junk)
    assert speak(gateway) == "16000 samples"


def test_a_full_queue_is_busy_in_words(start_gateway: Start, redis_client: redis.Redis) -> None:
    gateway = start_gateway(QUEUE_MAX="3", OUTSTANDING_MAX="64")
    with RawClient(gateway.ws_url) as client:
        session = client.expect("session")["session"]
        for _ in range(4):
            client.send(SECOND)
            client.send(b"")
        busy = client.expect("busy")
        assert busy["message"]
        assert busy["code"] == "queue_full"
        assert busy["retry_after_sec"] > 0
        assert client.close_code() == 1013
    assert redis_client.llen(STT_QUEUE) == 3
    assert redis_client.hget(session_key(session), "position") == b"48000"


def test_too_many_connections_are_busy(start_gateway: Start) -> None:
    gateway = start_gateway(CONNECTIONS_MAX="2")
    with RawClient(gateway.ws_url) as one, RawClient(gateway.ws_url) as two:
        one.expect("session")
        two.expect("session")
        with RawClient(gateway.ws_url) as three:
            assert three.expect("busy")["code"] == "connections_full"
            assert three.close_code() == 1013


def test_a_lost_redis_is_busy_and_then_forgotten(tmp_path: Path) -> None:
    from harness.processes import free_port, start_redis

    port = free_port()
    gateway = GatewayProcess(port, tmp_path)
    gateway.start()
    try:
        with RawClient(gateway.ws_url) as client:
            assert client.expect("busy", 30)["code"] == "unavailable"
            assert client.close_code() == 1013
        with start_redis(port, tmp_path), FakePipeline(port):
            wait_until(lambda: _speaks(gateway), 30, "the gateway serves once Redis is there")
    finally:
        gateway.service.stop()


def _speaks(gateway: GatewayProcess) -> bool:
    with RawClient(gateway.ws_url) as client:
        return bool(client.receive(30)["type"] == "session") and speak(gateway) == "16000 samples"
