"""The client asks who speaks, books what it is told once, and waits a moment for the last of it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from contract.ids import utterance_id
from contract.messages import Result, Speaker, Speakers, Turns
from recorder_service.client.client import StreamClient
from recorder_service.client.errors import Backoff
from recorder_service.client.speakers import LAST_SEC, SpeakerTracker
from tests.recorder_service.fakes import FakeGateway, fake_gateway, noise, run, until


def client_of(gateway: FakeGateway, **options: Any) -> StreamClient:
    return StreamClient(gateway.url, backoff=Backoff(0.02, 0.1), **options)


def turns(rev: int, utterance: str = "u") -> Turns:
    return Turns(rev=rev, utterance=utterance, turns=[])


def result(utterance: str, **changes: Any) -> Result:
    return Result(utterance=utterance, text="a", language="en", **changes)


def test_nothing_is_told_twice() -> None:
    tracker = SpeakerTracker(3)
    assert [tracker.take(turns(rev)) for rev in (3, 4, 4, 2, 7)] == [False, True, False, False, True]
    assert not tracker.take(Speakers(rev=7, speakers=[]))
    assert tracker.take(turns(0)) and tracker.take(turns(0)), "a message without a revision is always news"
    assert tracker.last_rev == 7


def test_what_is_due_is_the_latest_once_anything_was_told() -> None:
    tracker = SpeakerTracker()
    tracker.result(result("a"))
    assert not tracker.due, "perhaps nobody tells here"
    tracker.take(turns(1, "a"))
    assert not tracker.due
    tracker.result(result("b"))
    assert tracker.due
    tracker.result(result("c", speaker=1))
    assert not tracker.due
    tracker.result(result("d"))
    tracker.take(turns(2, "d"))
    assert not tracker.due


def test_it_asks_unless_told_not_to_and_resumes_where_it_was() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            async with client_of(gateway) as client:
                await client.send(noise(0.5))
                assert await client.drain(10)
                await gateway.tell(Speakers(rev=4, speakers=[Speaker(speaker=1)]))
                await until(lambda: client.last_rev == 4)
                await gateway.tell(Speakers(rev=4, speakers=[Speaker(speaker=1)]))
                await gateway.tell(turns(5))
                await until(lambda: client.last_rev == 5)
                gateway.break_after_frames = 0
                await client.send(noise(0.5))
                assert await client.drain(10)
                gateway.forget()
                gateway.break_after_frames = 0
                await client.send(noise(0.5))
                assert await client.drain(10)
                assert client.last_rev == 0, "another session counts anew"
            heard = [message async for message in client.messages() if isinstance(message, Turns | Speakers)]
            assert [message.rev for message in heard] == [4, 5]
            assert [visit.query.get("speakers") for visit in gateway.visits] == ["1"] * len(gateway.visits)
            asked = [visit.query.get("speakers_after") for visit in gateway.visits]
            assert asked[:2] == [None, "5"]
            async with client_of(gateway, speakers=False) as silent:
                assert silent.last_rev == 0
            assert "speakers" not in gateway.visits[-1].query
            async with client_of(gateway, session="s" * 32, after=2, speakers_after=9):
                assert gateway.visits[-1].query["speakers_after"] == "9"

    run(story)


def test_who_spoke_the_last_is_waited_for_a_moment() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway, client_of(gateway) as client:
            await client.send(noise(0.5))
            began = time.monotonic()
            assert await client.drain(10)
            assert time.monotonic() - began < LAST_SEC, "nobody tells here"
            await gateway.tell(turns(1))
            await until(lambda: client.last_rev == 1)
            await client.send(noise(0.5))
            drained = asyncio.create_task(client.drain(10))
            await until(lambda: client.last_seq == 2)
            await asyncio.sleep(0.05)
            assert not drained.done()
            await gateway.tell(turns(2, utterance_id(gateway.only.name, 8_000)))
            assert await drained
            await client.send(noise(0.5))
            began = time.monotonic()
            assert await client.drain(10)
            assert LAST_SEC <= time.monotonic() - began < 3 * LAST_SEC

    run(story)
