"""Pauses that a program marks: what travels, what is sent again, and that without them nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from recorder_service.client.client import StreamClient
from recorder_service.client.errors import Backoff
from tests.recorder_service.fakes import FakeGateway, fake_gateway, noise, run, until

FIRST, SECOND, THIRD = (noise(0.3, seed) for seed in range(3))
SAMPLES = len(FIRST) // 2


def client_of(gateway: FakeGateway, **options: Any) -> StreamClient:
    return StreamClient(gateway.url, backoff=Backoff(0.02, 0.1), **options)


def looking(wait_sec: float = 1.2) -> FakeGateway:
    """A server that looks for the ends of sentences."""
    gateway = FakeGateway()
    gateway.sentence_wait_sec = wait_sec
    return gateway


def test_speech_goes_on_after_a_pause_until_a_sentence_ends() -> None:
    async def story() -> None:
        async with fake_gateway(looking()) as gateway:
            gateway.sentence_ends = {2 * SAMPLES}
            async with client_of(gateway, sentences=True) as client:
                assert client.sentence_wait_sec == 1.2
                await client.send(FIRST)
                await client.pause()
                await client.pause()  # a second one must not travel: it would be an end
                await client.send(SECOND)
                await client.pause()
                await until(lambda: client.position == 2 * SAMPLES)
                await client.end_utterance()  # of what has ended already
                await client.send(THIRD)
                assert await client.drain(10)
                assert client.waiting == 0
            assert gateway.only.accepted == {0: FIRST + SECOND, 2 * SAMPLES: THIRD}
            assert gateway.visits[0].query == {"sentences": "1", "speakers": "1"}
            assert gateway.visits[0].frames == [FIRST, b"", SECOND, b"", THIRD, b"", b""]

    run(story)


@pytest.mark.parametrize("frames", range(8))
def test_a_lost_connection_is_resumed_with_as_many_empty_frames_as_there_were(frames: int) -> None:
    """Broken behind any frame, also between the two of one position."""
    travels = [FIRST, b"", SECOND, b"", b"", THIRD, b"", b""]

    async def story() -> None:
        async with fake_gateway(looking()) as gateway:
            gateway.break_after_frames = frames
            async with client_of(gateway, sentences=True) as client:
                await client.send(FIRST)
                await client.pause()
                await client.send(SECOND)
                await client.pause()
                await client.end_utterance()
                await client.send(THIRD)
                assert await client.drain(10)
            assert gateway.only.accepted == {0: FIRST + SECOND, 2 * SAMPLES: THIRD}
            broken, again = gateway.visits
            assert broken.frames == travels[: frames + 1]
            assert again.frames == (travels if again.position == 0 else travels[5:])
            assert again.position == (0 if frames < 5 else 2 * SAMPLES)
            assert again.query["sentences"] == "1"

    run(story)


@pytest.mark.parametrize(("wait_sec", "options"), [(1.2, {}), (0.0, {"sentences": True})])
def test_where_one_side_does_not_do_it_a_pause_is_nothing(wait_sec: float, options: dict[str, bool]) -> None:
    async def story() -> None:
        async with fake_gateway(looking(wait_sec)) as gateway:
            async with client_of(gateway, **options) as client:
                assert client.sentence_wait_sec == 0
                await client.send(FIRST)
                await client.pause()
                await client.send(SECOND)
                await client.end_utterance()
                await client.send(THIRD)
                assert await client.drain(10)
            assert gateway.only.accepted == {0: FIRST + SECOND, 2 * SAMPLES: THIRD}
            assert ("sentences" in gateway.visits[0].query) == bool(options)

    run(story)


def test_an_end_without_a_pause_before_it_is_an_end() -> None:
    async def story() -> None:
        async with fake_gateway(looking()) as gateway:
            async with client_of(gateway, sentences=True) as client:
                await client.send(FIRST)
                await client.end_utterance()
                await until(lambda: client.position == SAMPLES)
            assert gateway.visits[0].frames == [FIRST, b"", b""]

    run(story)


def test_nothing_is_known_of_the_wait_before_the_server_has_said_it() -> None:
    async def story() -> None:
        async with fake_gateway(looking()) as gateway:
            gateway.busy_times = 1_000
            async with client_of(gateway, sentences=True, open_timeout_sec=0.3) as client:
                assert client.sentence_wait_sec == 0
                gateway.busy_times = 0
                await until(lambda: client.sentence_wait_sec == 1.2)

    run(story)
