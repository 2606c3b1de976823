"""Who speaks, through the whole system: told after the text, named, counted, and there again after a reconnect."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import redis

from contract.keys import speakers_key
from contract.messages import Result, ServerMessage, Speakers, Stats, Turns
from contract.speakers.names import shown_speaker
from contract.speakers.parts import parts_of
from contract.speakers.told import with_turns
from contract.text.words import count_words
from harness.speech import demo_clips
from harness.stack import Stack
from recorder_service.client.client import StreamClient
from tests.support.http_requests import request

SPOKEN = 4
PATIENCE_SEC = 60.0


async def read(client: StreamClient, until: Any) -> list[ServerMessage]:
    """The messages up to that after which `until` holds of all so far."""
    messages: list[ServerMessage] = []
    async with asyncio.timeout(PATIENCE_SEC):
        async for message in client.messages():
            messages.append(message)
            if until(messages):
                return messages
    raise AssertionError("the stream has ended")


def of(kind: type[Any], messages: list[ServerMessage]) -> list[Any]:
    return [message for message in messages if isinstance(message, kind)]


def post(stack: Stack, path: str, **body: Any) -> Any:
    answer = request(stack.url, path, "POST", json.dumps(body).encode(), {"Content-Type": "application/json"})
    assert answer.status == 200, answer.text
    return answer.json


def test_who_speaks_is_told_named_counted_and_told_again(stack: Stack) -> None:
    async def story() -> None:
        async with StreamClient(stack.ws_url, language="en") as client:
            clips = demo_clips()
            for number in range(SPOKEN):  # somebody is known once two seconds were heard
                await client.send(clips[number].pcm + clips[number + 1].pcm)
                await client.end_utterance()

            def all_told(messages: list[ServerMessage]) -> bool:
                results = {one.utterance for one in of(Result, messages)}
                return len(results) == SPOKEN and results <= {one.utterance for one in of(Turns, messages)}

            messages = await read(client, all_told)
            assert await client.drain(PATIENCE_SEC)
            session = client.session or ""
            for result in of(Result, messages):
                parts = parts_of(with_turns(result, _turns(messages)[result.utterance].turns))
                assert "".join(part.text for part in parts).replace(" ", "") == result.text.replace(" ", "")
            assert _words(messages), "nobody was known"
            known = post(stack, "/v1/speakers", session=session, speaker=1, name="Anna")

            def counted(more: list[ServerMessage]) -> bool:
                everything = [*messages, *more]
                return _named(more) and _counted(everything) == _words(everything)

            messages += await read(client, counted)
            told = [one.rev for one in messages if isinstance(one, Turns | Speakers)]
            assert told == sorted(set(told))
            assert of(Speakers, messages)[-1].model_dump(mode="json") == known
        async with StreamClient(stack.ws_url, session=session, after=0) as again:

            def all_again(replayed: list[ServerMessage]) -> bool:
                latest = max((one.rev for one in of(Speakers, replayed)), default=0)
                return latest == known["rev"] and len(of(Result, replayed)) == SPOKEN

            replayed = await read(again, all_again)
            for result in of(Result, replayed):
                assert result.turns == _turns(messages)[result.utterance].turns
            assert of(Speakers, replayed)[-1].speakers[0].name == "Anna"
        with redis.Redis(port=stack.redis_port) as client_of_redis:
            assert client_of_redis.hget(speakers_key(session), "state")
            post(stack, "/v1/speakers/forget", session=session)
            assert client_of_redis.hget(speakers_key(session), "state") == b""

    asyncio.run(story())


def _turns(messages: list[ServerMessage]) -> dict[str, Turns]:
    """The latest of each utterance."""
    return {one.utterance: one for one in of(Turns, messages)}


def _words(messages: list[ServerMessage]) -> dict[str, int]:
    """How many words each speaker said, by the latest that was told."""
    speakers = of(Speakers, messages)[-1].speakers
    words: dict[str, int] = {}
    for result in of(Result, messages):
        for part in parts_of(with_turns(result, _turns(messages)[result.utterance].turns)):
            if part.speaker is not None:
                number = str(shown_speaker(part.speaker, speakers))
                words[number] = words.get(number, 0) + count_words(part.text)
    return words


def _named(messages: list[ServerMessage]) -> bool:
    """Whether a name was told."""
    return any(one.name for told in of(Speakers, messages) for one in told.speakers)


def _counted(messages: list[ServerMessage]) -> dict[str, int]:
    """The words of each speaker by the latest statistics."""
    stats = of(Stats, messages)
    return {} if not stats else {number: one.words for number, one in stats[-1].session.speakers.items()}


def test_who_did_not_ask_is_not_compared(stack: Stack) -> None:
    async def story() -> None:
        async with StreamClient(stack.ws_url, language="en", speakers=False) as client:
            await client.send(demo_clips()[0].pcm)
            assert await client.drain(PATIENCE_SEC)
            messages = await read(client, lambda messages: of(Stats, messages))
            session = client.session or ""
        assert not of(Turns, messages)
        with redis.Redis(port=stack.redis_port) as client_of_redis:
            assert not client_of_redis.exists(speakers_key(session))

    asyncio.run(story())
