"""A pause that the client does not mark, because its gate takes something else for speech: a worker hears that nobody
speaks any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import numpy as np
import pytest

from contract.events import Ending
from contract.speech.partials import PartialRequest
from fastapi_service.live.options import Options
from fastapi_service.settings import GatewaySettings
from fastapi_service.speaking import pauses, sentences
from fastapi_service.speaking.partials import HURRIED_SEC
from fastapi_service.speaking.unheard import SILENT_SEC, SPEECH_FADES_SEC, UNHEARD_SEC
from tests.support.lone_connection import Client, lone_client, until

SOUND = np.random.default_rng(6).normal(0, 3000, 16_000).astype("<i2").tobytes()  # a second
NEVER_SEC = 600.0
FADED = round(SPEECH_FADES_SEC * 16_000)


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No utterance ends by itself."""
    monkeypatch.setattr(sentences, "BEGIN_WITHIN_SEC", 600.0)
    for name in ("FALLBACK_SEC", "LOOK_SEC", "LIKELY_SEC"):
        monkeypatch.setattr(pauses, name, NEVER_SEC)


def speaker(options: Options | None = None) -> AbstractAsyncContextManager[Client]:
    settings = GatewaySettings(idle_cut_sec=30).model_copy(update={"sentence_wait_sec": 1.2})
    return lone_client(options or Options(sentences="1"), settings)


def run(story: Callable[[Client], Awaitable[None]], options: Options | None = None) -> None:
    async def told() -> None:
        async with speaker(options) as client:
            await story(client)

    asyncio.run(told())


async def partial_of(client: Client, seconds: int) -> PartialRequest:
    """Say so many seconds, and take what is asked about them."""
    for _ in range(seconds):
        await client.say(SOUND)
    await until(lambda: bool(client.asking.asked))
    return PartialRequest(session="o" * 32, start=0, end=client.connection.segmenter.position)


def spoken(client: Client, request: PartialRequest, speech_end: int | None) -> None:
    """Answer a partial: somebody spoke up to there."""
    client.connection.partial(request.answer("I love it", speech_end=speech_end))


@pytest.mark.parametrize("ending", ["sentence", "likely", "silence"])
def test_what_may_be_a_sentence_ends_where_nobody_speaks_any_more(ending: Ending) -> None:
    async def story(client: Client) -> None:
        spoken(client, await partial_of(client, 2), 20_000)
        asked = await client.question()
        assert (asked.start, asked.end) == (0, 20_000 + FADED)
        await client.say(SOUND)
        client.answer(asked, ending, "I love it.")
        assert await client.accepted() == (0, 20_000 + FADED)
        ((job, pcm),) = client.pipeline.sent
        assert job.looked_until == job.end
        assert pcm == (SOUND * 3)[: 2 * job.end]
        assert job.timings_ms["endpoint"] >= 550, "it is told from there"

    run(story)


def test_an_open_sentence_is_waited_for_and_no_longer() -> None:
    async def story(client: Client) -> None:
        spoken(client, await partial_of(client, 2), 20_000)
        client.answer(await client.question(), "open", "I love")
        await client.say(SOUND)
        assert client.of("accepted") == []
        spoken(client, await partial_of(client, 1), 20_000)
        assert await client.accepted() == (0, 20_000 + FADED)
        assert len(client.questions) == 1

    run(story)


def test_what_is_likely_ends_once_it_has_been_silent_for_longer_than_between_words() -> None:
    async def story(client: Client) -> None:
        request = await partial_of(client, 2)
        first = request.end - round(0.4 * 16_000)
        spoken(client, request, first)
        client.answer(await client.question(), "likely", "I love it")
        await client.say(SOUND[: 2 * 1_000])
        assert client.of("accepted") == []
        await client.say(SOUND[: 2 * 1_000])  # half a second by now
        assert await client.accepted() == (0, first + FADED)
        assert len(client.questions) == 1

    run(story)


def test_who_goes_on_after_what_is_likely_is_not_interrupted() -> None:
    async def story(client: Client) -> None:
        request = await partial_of(client, 2)
        first = request.end - round(0.4 * 16_000)
        spoken(client, request, first)
        client.answer(await client.question(), "likely", "I love it")
        spoken(client, request.model_copy(update={"end": request.end + 1_600}), request.end)
        await client.say(SOUND)
        assert client.of("accepted") == []

    run(story)


@pytest.mark.parametrize("silent_sec", [1.1, 0.9])
def test_the_last_moments_of_a_silence_no_worker_has_to_have_heard(silent_sec: float) -> None:
    async def story(client: Client) -> None:
        request = await partial_of(client, 2)
        last = request.end - round(0.4 * 16_000)
        spoken(client, request, last)
        client.answer(await client.question(), "open", "I love")
        spoken(client, request.model_copy(update={"end": last + round(silent_sec * 16_000)}), last + 800)
        await client.say(SOUND[: 2 * 12_000])
        assert client.of("accepted") == []
        await client.say(SOUND[: 2 * 2_000])  # more than 1.2 s by now
        if silent_sec >= 1.2 - UNHEARD_SEC:
            assert await client.accepted() == (0, last + FADED)
        else:
            assert client.of("accepted") == []
            spoken(client, request.model_copy(update={"end": request.end + 14_000}), last)
            assert await client.accepted() == (0, last + FADED)

    run(story)


def test_a_look_at_a_pause_that_music_ends_tells_where_somebody_last_spoke() -> None:
    async def story(client: Client) -> None:
        await client.say(SOUND)
        await client.say(SOUND)
        await client.pause()
        asked = await client.question()
        await client.say(SOUND)  # the gate opens again
        last = asked.end - round(0.4 * 16_000)
        client.connection.partial(asked.answer("I love it.", "likely", speech_end=last))
        assert client.of("accepted") == []
        spoken(client, asked.model_copy(update={"end": asked.end + 8_000}), last)
        assert await client.accepted() == (0, last + FADED)
        assert len(client.questions) == 1

    run(story)


@pytest.mark.parametrize("ending", ["likely", "open"])
def test_in_a_loud_room_a_marked_pause_is_as_long_as_nobody_has_spoken(
    ending: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses, "LIKELY_SEC", 0.68)

    async def story(client: Client) -> None:
        await client.say(SOUND + SOUND)
        await client.pause()
        asked = await client.question()
        ends = (pauses.LIKELY_SEC if ending == "likely" else 1.2) - 0.05
        client.connection.partial(asked.answer("I love", ending, speech_end=asked.end - round(ends * 16_000)))
        async with asyncio.timeout(0.4):  # without what was silent before it would be 1.1 s for an open one
            assert await client.accepted() == (0, 32_000)

    run(story)


def test_in_a_quiet_room_a_soft_word_at_the_end_makes_no_pause_longer() -> None:
    async def story(client: Client) -> None:
        await client.say(SOUND + SOUND + bytes(640))
        await client.pause()
        asked = await client.question()
        client.connection.partial(asked.answer("I love", "open", speech_end=1))
        assert client.connection._sentences._pause is not None
        assert client.connection._sentences._pause.silent_before_sec == 0

    run(story)


@pytest.mark.parametrize(("quiet", "asked"), [(b"", 2), (bytes(640), 1)])
def test_in_a_loud_room_partials_come_sooner_to_find_the_pauses(quiet: bytes, asked: int) -> None:
    async def story(client: Client) -> None:
        await client.say(SOUND + SOUND)
        await until(lambda: len(client.partials) == 1)
        client.connection.partial(client.partials[0].answer("I love"))
        await client.say(quiet + SOUND[: 2 * round(HURRIED_SEC * 16_000) - len(quiet)])
        await client.say(SOUND[:2])
        if asked == 2:
            await until(lambda: len(client.partials) == 2)
            assert client.partials[1].end <= 32_000 + HURRIED_SEC * 16_000 + 1
        else:
            await client.say(SOUND[: 2 * 8_000])
            await until(lambda: len(client.partials) == 2)
            assert client.partials[1].end > 32_000 + 0.75 * 16_000

    run(story)


def test_who_speaks_is_not_interrupted() -> None:
    async def story(client: Client) -> None:
        request = await partial_of(client, 2)
        spoken(client, request, request.end - round(SILENT_SEC * 16_000) + 1)
        spoken(client, request, request.end)
        spoken(client, request, None)
        spoken(client, request.model_copy(update={"start": 8_000}), 9_000)
        await client.pause()
        asked = await client.question()
        assert asked.end == 32_000
        spoken(client, request, 8_000)
        client.answer(asked, "open")
        await client.pause()
        assert await client.accepted() == (0, 32_000)

    run(story)


def test_a_client_that_marks_no_pauses_ends_utterances_itself() -> None:
    async def story(client: Client) -> None:
        spoken(client, await partial_of(client, 3), 8_000)
        client.send(b"")
        assert await client.accepted() == (0, 48_000)
        assert client.questions == []

    run(story, Options())
