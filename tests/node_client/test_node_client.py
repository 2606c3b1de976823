"""docs/protocol.md is enough: a client in node, written from it alone, against the whole system."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.messages import Result
from fastapi_service.live.closing import BUSY_RETRY_SEC
from harness.gateway import GatewayProcess
from harness.speech import Clip, demo_clips, words_of
from harness.stack import Stack
from recorder_service.client.client import StreamClient
from tests.node_client.node_speaker import NodeSpeaker, speaking
from tests.support.cutting_proxy import CuttingProxy
from tests.support.raw_client import RawClient

TOKEN = "node-client-token-0123456789"


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return demo_clips()


@pytest.fixture
def strict_gateway(stack: Stack, tmp_path: Path) -> Iterator[GatewayProcess]:
    """A second gateway of the same system, with a token, and room for one connection."""
    settings = {"ACCESS_TOKEN": TOKEN, "CONNECTIONS_MAX": "1"}
    gateway = GatewayProcess(stack.redis_port, tmp_path, **settings)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.service.stop()


async def python_texts(url: str, clips: list[Clip]) -> list[str]:
    """What the project's own client gets for `clips`."""
    async with StreamClient(url, language="en") as client:
        for clip in clips:
            await client.send(clip.pcm)
            await client.end_utterance()
        assert await client.drain(120)
    return [message.text async for message in client.messages() if isinstance(message, Result)]


def spoken_words(clips: list[Clip]) -> list[list[str]]:
    return [words_of(clip.text) for clip in clips]


def heard_words(speaker: NodeSpeaker) -> list[list[str]]:
    return [words_of(text) for text in speaker.texts()]


def test_in_real_time_it_is_told_everything(stack: Stack, clips: list[Clip]) -> None:
    async def story() -> None:
        async with speaking(stack.ws_url, clips[:2], 1) as speaker:
            await speaker.until("complete")
            assert heard_words(speaker) == spoken_words(clips[:2])
            first, second = speaker.messages("accepted")
            assert (first["start"], second["start"]) == (0, first["position"])
            assert speaker.messages("stats")
            assert speaker.count("waiting") == 0

    asyncio.run(story())


def test_faster_than_real_time_it_hears_what_the_python_client_hears(stack: Stack, clips: list[Clip]) -> None:
    async def story() -> None:
        async with speaking(stack.ws_url, clips, 0) as speaker:
            await speaker.until("complete")
        expected = await python_texts(stack.ws_url, clips)
        assert len(expected) == len(clips)
        assert speaker.texts() == expected

    asyncio.run(story())


def test_cut_connections_lose_nothing_and_show_nothing_twice(stack: Stack, clips: list[Clip]) -> None:
    """Cut in the middle of an utterance, and again when the first outcome has come."""

    async def story() -> None:
        async with (
            CuttingProxy(stack.port) as proxy,
            speaking(f"ws://127.0.0.1:{proxy.port}/ws", clips[:5], 3) as speaker,
        ):
            await speaker.until("spoken")
            assert proxy.cut() == 1
            await speaker.until("waiting")
            await speaker.until("message", type="result")
            assert proxy.cut() == 1
            await speaker.until("complete")
        assert heard_words(speaker) == spoken_words(clips[:5])
        welcomes = speaker.messages("session")
        assert len(welcomes) >= 3
        assert len({one["session"] for one in welcomes}) == 1
        positions = [one["position"] for one in welcomes]
        assert positions == sorted(positions)

    asyncio.run(story())


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restarted_gateway_is_come_back_to(stack: Stack, clips: list[Clip], how: str) -> None:
    async def story() -> None:
        async with speaking(stack.ws_url, clips[:4], 2) as speaker:
            await speaker.until("message", type="accepted")
            await asyncio.to_thread(getattr(stack.services["gateway"], how))
            assert (await speaker.until("waiting"))["code"] == (1012 if how == "stop" else 1006)
            stack.services["gateway"].start()
            await speaker.until("complete")
        assert heard_words(speaker) == spoken_words(clips[:4])

    try:
        asyncio.run(story())
    finally:
        stack.wait_ready()


def test_a_busy_service_is_waited_for(strict_gateway: GatewayProcess, clips: list[Clip]) -> None:
    async def story() -> None:
        with RawClient(strict_gateway.ws_url, token=TOKEN) as holder:
            async with speaking(strict_gateway.ws_url, clips[:2], 0, token=TOKEN) as speaker:
                told = await speaker.until("message", type="busy")
                assert told["message"]["code"] == "connections_full"
                waiting = await speaker.until("waiting")
                assert waiting["code"] == 1013
                assert BUSY_RETRY_SEC <= waiting["sec"] <= 1.25 * BUSY_RETRY_SEC, "retry_after_sec is kept to"
                await asyncio.to_thread(holder.socket.close)
                await speaker.until("complete")
                assert heard_words(speaker) == spoken_words(clips[:2])

    asyncio.run(story())


def test_a_wrong_token_is_no_reason_to_try_again(strict_gateway: GatewayProcess, clips: list[Clip]) -> None:
    async def story() -> None:
        async with speaking(strict_gateway.ws_url, clips[:1], 0, token="another-token-0123456789") as speaker:
            told = await speaker.until("refused")
            assert told["code"] == 1008
            assert await speaker.process.wait() == 1
            assert [one["code"] for one in speaker.messages("error")] == ["not_allowed"]

    asyncio.run(story())


def test_who_speaks_is_told_where_it_asks(stack: Stack, clips: list[Clip]) -> None:
    async def story() -> None:
        async with speaking(stack.ws_url, clips[:2], speed=4, speakers="1") as speaker:
            while len({one["utterance"] for one in speaker.messages("turns")}) < 2:
                await speaker.until("message", type="turns")
            revisions = [one["rev"] for one in speaker.messages("turns", "speakers")]
            assert revisions == sorted(set(revisions))

    asyncio.run(story())
