"""The stream client against a server that follows docs/protocol.md and fails on demand."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

import pytest

from contract.messages import Accepted, Busy, Error, Result, ServerMessage, Session
from recorder_service.client.client import ConnectionState, StreamClient
from recorder_service.client.connection import websocket_url
from recorder_service.client.errors import Backoff, BufferFull, CannotConnect, Refused
from tests.recorder_service.fakes import FakeGateway, fake_gateway, noise, run, until


def client_of(gateway: FakeGateway, **options: Any) -> StreamClient:
    return StreamClient(gateway.url, backoff=Backoff(0.02, 0.1), **options)


async def heard(client: StreamClient) -> list[ServerMessage]:
    """What is left to read of a client that has been closed."""
    messages: list[ServerMessage] = []
    with suppress(Refused):
        async for message in client.messages():
            messages.append(message)
    return messages


def results(messages: list[ServerMessage]) -> list[int]:
    return [message.seq for message in messages if isinstance(message, Result)]


def test_utterances_arrive_bit_exact_and_end() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            async with client_of(gateway, language="en") as client:
                for seed in range(3):
                    await client.send(noise(0.7, seed))
                    await client.end_utterance()
                    await client.end_utterance()  # a second one must not travel
                assert await client.drain(10)
                assert client.waiting == 0
                assert client.unsafe_sec == 0
                assert client.position == 3 * 11_200
                assert client.last_seq == 3
            messages = await heard(client)
            assert isinstance(messages[0], Session)
            assert results(messages) == [1, 2, 3]
            assert gateway.only.audio == b"".join(noise(0.7, seed) for seed in range(3))
            assert [len(frame) for frame in gateway.visits[0].frames].count(0) == 3
            assert gateway.visits[0].query == {"language": "en", "speakers": "1"}
            assert gateway.visits[0].offered == ["wta.v1"]

    run(story)


@pytest.mark.parametrize("frames", [0, 1, 3, 4, 7])
def test_lost_connection_is_resumed_with_the_empty_frames(frames: int) -> None:
    """Broken behind any frame: the same utterances with the same bounds, from the position the server names."""

    async def story() -> None:
        async with fake_gateway() as gateway:
            gateway.break_after_frames = frames
            states: list[ConnectionState] = []
            async with client_of(gateway, on_state=states.append) as client:
                first, second = noise(1.3, 1), noise(1.1, 2)
                await client.send(first)
                await client.end_utterance()
                await client.send(second)
                assert await client.drain(10)
            session = gateway.only
            assert session.accepted == {0: first, 20_800: second}
            assert results(await heard(client)) == [1, 2]
            again = gateway.visits[1]
            assert again.offered == ["wta.v1", f"session.{session.name}"]
            assert int(again.query["from"]) <= again.position
            expected = (first + second)[again.position * 2 :]
            assert b"".join(again.frames) == expected
            assert again.frames.count(b"") == (2 if again.position == 0 else 1 if expected else 0)
            assert [state.state for state in states[:3]] == ["connected", "waiting", "connected"]

    run(story)


def test_audio_spoken_while_the_connection_is_down_is_sent_later() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            gateway.break_after_frames = 0
            gateway.busy_times = 0
            async with client_of(gateway) as client:
                await client.send(noise(0.1, 1))
                await until(lambda: gateway.break_after_frames is None)
                gateway.busy_times = 2  # and the server stays away for two more attempts
                for seed in range(2, 12):
                    await client.send(noise(0.1, seed))
                    await asyncio.sleep(0.01)
                assert await client.drain(10)
            assert gateway.only.audio == b"".join(noise(0.1, seed) for seed in range(1, 12))

    run(story)


def test_outcomes_that_come_twice_are_shown_once() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            gateway.repeat_outcomes = True
            async with client_of(gateway) as client:
                for seed in range(4):
                    await client.send(noise(0.2, seed))
                    await client.end_utterance()
                assert await client.drain(10)
            assert results(await heard(client)) == [1, 2, 3, 4]

    run(story)


def test_an_outcome_that_was_missed_is_asked_for_by_number() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            gateway.silent_outcomes = {2}
            async with client_of(gateway) as client:
                for seed in range(3):
                    await client.send(noise(0.2, seed))
                    await client.end_utterance()
                assert await client.drain(10)
            assert results(await heard(client)) == [1, 2, 3]
            assert [visit.query.get("after") for visit in gateway.visits] == [None, "1"]

    run(story)


def test_outcomes_made_while_the_connection_was_down_come_after_it() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            gateway.hold_outcomes = True
            gateway.break_after_frames = 5
            async with client_of(gateway) as client:
                for seed in range(2):
                    await client.send(noise(0.2, seed))
                    await client.end_utterance()
                assert not await client.drain(0.2), "nothing has ended yet"
                assert client.waiting == 2
                gateway.hold_outcomes = False
                await client.send(noise(0.2, 9))
                await client.send(noise(0.2, 10))
                assert await client.drain(10)
            assert results(await heard(client)) == [1, 2, 3]
            assert gateway.visits[1].query["after"] == "0"

    run(story)


def test_an_outcome_that_the_server_no_longer_has_is_given_up_after_asking_once() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway, client_of(gateway) as client:
            await client.send(noise(0.2, 1))
            assert await client.drain(10)
            gateway.silent_outcomes = {2}
            await client.send(noise(0.2, 2))
            await client.end_utterance()
            await until(lambda: len(gateway.only.outcomes) == 2)
            del gateway.only.outcomes[1]
            # number 2 is gone for good; the server goes on with number 3
            gateway.only.outcomes.insert(1, Result(seq=3, utterance="x-6400", text="third", language="en"))
            await client.send(noise(0.2, 3))
            await client.end_utterance()
            await until(lambda: len(gateway.visits) == 2)
            await until(lambda: client.last_seq == 3)

    run(story)


def test_resume_from_an_earlier_run() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            async with client_of(gateway) as client:
                for seed in range(3):
                    await client.send(noise(0.2, seed))
                    await client.end_utterance()
                assert await client.drain(10)
                session = client.session
            async with client_of(gateway, session=session, after=1) as later:
                assert later.session == session
                assert later.position == later.origin == 9_600
                await later.send(noise(0.2, 7))
                assert await later.drain(10)
            assert results(await heard(later)) == [2, 3, 4]
            assert "from" not in gateway.visits[1].query, "nothing was held"

    run(story)


def test_a_server_that_lost_the_session_gets_what_is_kept_and_the_rest_is_told() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            gateway.hold_outcomes = True
            async with client_of(gateway) as client:
                await client.send(noise(0.5, 1))
                await client.end_utterance()
                await until(lambda: client.position == 8_000)
                gateway.forget()
                gateway.hold_outcomes = False
                gateway.break_after_frames = 2
                await client.send(noise(0.3, 2))
                await client.end_utterance()
                assert await client.drain(10)
                assert client.origin == -8_000, "positions begin at 0 again"
            messages = await heard(client)
            lost = [message for message in messages if isinstance(message, Error)]
            assert [message.code for message in lost] == ["session_lost"]
            assert gateway.only.audio == noise(0.3, 2)
            assert results(messages) == [1]

    run(story)


def test_busy_is_waited_for_and_shown() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            gateway.busy_times = 2
            states: list[ConnectionState] = []
            async with client_of(gateway, on_state=states.append) as client:
                await client.send(noise(0.2))
                assert await client.drain(10)
            waits = [state for state in states if state.state == "waiting"]
            assert [state.words for state in waits] == ["Full. Trying again soon."] * 2
            assert all(state.retry_in_sec >= 0.05 for state in waits), "retry_after_sec is kept to"
            messages = await heard(client)
            assert sum(isinstance(message, Busy) for message in messages) == 2

    run(story)


def test_a_busy_server_does_not_keep_recording_from_starting() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            gateway.busy_times = 1_000
            async with client_of(gateway, open_timeout_sec=0.3) as client:
                await client.send(noise(0.4, 5))
                assert client.session is None
                gateway.busy_times = 0
                assert await client.drain(10)
            assert gateway.only.audio == noise(0.4, 5)

    run(story)


def test_an_idle_connection_is_opened_again_when_speech_comes() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            gateway.close_when_idle = True
            states: list[ConnectionState] = []
            async with client_of(gateway, on_state=states.append) as client:
                await client.send(noise(0.2, 1))
                assert await client.drain(10)
                await until(lambda: states[-1].state == "idle")
                await asyncio.sleep(0.3)
                assert len(gateway.visits) == 1, "no connection while there is nothing to say"
                await client.send(noise(0.2, 2))
                assert await client.drain(10)
            assert gateway.only.audio == noise(0.2, 1) + noise(0.2, 2)

    run(story)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1003, "binary frames only"),
        (1007, "odd number of bytes"),
        (1008, "does not let this client in"),
        (1009, "too big"),
        (4001, "newer connection"),
    ],
)
def test_final_closes_are_errors_in_words(code: int, words: str) -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            gateway.close_with = (code, Error(code="why", message="Because of the test."))
            async with client_of(gateway) as client:
                await client.send(noise(0.2))
                with pytest.raises(Refused, match=words) as refusal:
                    await client.drain(10)
                assert refusal.value.code == code
                assert "Because of the test." in str(refusal.value)
                with pytest.raises(Refused):
                    await client.send(noise(0.1))
                with pytest.raises(Refused):
                    async for message in client.messages():
                        assert isinstance(message, Session | Error)
            assert len(gateway.visits) == 1, "no second attempt"

    run(story)


def test_a_full_buffer_stops_and_what_was_taken_still_arrives() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            gateway.unread.clear()
            async with client_of(gateway, buffer_sec=2.0) as client:
                await client.send(noise(2.0, 1))
                with pytest.raises(BufferFull, match="2 s of speech"):
                    await client.send(noise(0.1, 2))
                gateway.unread.set()
                assert await client.drain(10)
            assert gateway.only.audio == noise(2.0, 1)

    run(story)


def test_waiting_for_room_bounds_the_memory_and_loses_nothing() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway, client_of(gateway, buffer_sec=20.0, wait_when_full=True) as client:
            pcm = noise(65.0, 3)
            task = asyncio.create_task(client.send(pcm))
            while not task.done():
                assert client.unsafe_sec <= 20.0
                await asyncio.sleep(0.005)
            assert await client.drain(10)
            assert gateway.only.audio == pcm
            assert len(gateway.only.accepted) >= 5, "cut by length on the server"

    run(story)


def test_no_server_is_an_error_in_words() -> None:
    async def story() -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with pytest.raises(CannotConnect, match=f"no connection to ws://127.0.0.1:{port}/ws"):
            async with StreamClient(f"ws://127.0.0.1:{port}", open_timeout_sec=0.5, backoff=Backoff(0.05)):
                pass

    run(story)


def test_a_server_of_another_protocol_is_refused_at_once() -> None:
    async def story() -> None:
        gateway = FakeGateway()
        from websockets.asyncio.server import serve

        async with serve(gateway.handle, "127.0.0.1", 0, close_timeout=1) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            with pytest.raises(Refused, match=r"does not speak wta\.v1"):
                async with StreamClient(f"ws://127.0.0.1:{port}/ws", open_timeout_sec=5):
                    pass

    run(story)


def test_odd_lengths_are_refused_before_they_travel() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway, client_of(gateway) as client:
            with pytest.raises(ValueError, match="even number"):
                await client.send(b"abc")

    run(story)


def test_messages_can_be_read_beside_sending() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            seen: list[ServerMessage] = []

            async def read(client: StreamClient) -> None:
                async for message in client.messages():
                    seen.append(message)

            async with client_of(gateway) as client:
                reader = asyncio.create_task(read(client))
                for seed in range(5):
                    await client.send(noise(0.2, seed))
                    await client.end_utterance()
                assert await client.drain(10)
                await until(lambda: len(results(seen)) == 5)
            await reader
            assert sum(isinstance(message, Accepted) for message in seen) == 5

    run(story)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("ws://localhost:8000", "ws://localhost:8000/ws"),
        ("ws://localhost:8000/", "ws://localhost:8000/ws"),
        ("https://host", "wss://host/ws"),
        ("wss://host/behind/ws?language=ko", "wss://host/behind/ws?language=ko"),
    ],
)
def test_addresses(given: str, url: str) -> None:
    assert websocket_url(given) == url


@pytest.mark.parametrize("given", ["localhost:8000", "ftp://host/ws", "ws://", "ws://host:99999/ws", "", "ws://h/#x"])
def test_what_is_no_address_is_told_in_words(given: str) -> None:
    with pytest.raises(ValueError, match="no WebSocket address"):
        websocket_url(given)


def test_backoff_doubles_up_to_its_longest_with_jitter() -> None:
    backoff = Backoff()
    delays = [backoff.next_delay() for _ in range(8)]
    for delay, plain in zip(delays, [1, 2, 4, 8, 16, 30, 30, 30], strict=True):
        assert plain <= delay <= plain * 1.25
    assert backoff.next_delay(at_least_sec=60) >= 60
    backoff.reset()
    assert backoff.next_delay() <= 1.25


def test_partials_can_be_declined() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            async with client_of(gateway, partials=False):
                pass
            assert gateway.visits[0].query == {"partials": "0", "speakers": "1"}

    run(story)


def test_hints_and_the_times_of_words_are_asked_for() -> None:
    async def story() -> None:
        async with fake_gateway() as gateway:
            async with client_of(gateway, hints="김민준 & O'Brien", words=True) as client:
                await client.send(noise(0.5))
                await client.end_utterance()
                assert await client.drain(10)
            assert gateway.visits[0].query == {"hints": "김민준 & O'Brien", "words": "1", "speakers": "1"}

    run(story)
