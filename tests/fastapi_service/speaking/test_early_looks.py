"""A question before the client marks the pause: asked once it is quiet, and what it counts for when it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import numpy as np
import pytest

from contract.events import Ending
from contract.speech.sentences import SentenceRequest
from fastapi_service.live.options import Options
from fastapi_service.settings import GatewaySettings
from fastapi_service.speaking import pauses, sentences
from fastapi_service.speaking.asking import Asked
from fastapi_service.speaking.quiet import FRAME_SAMPLES, QuietTail
from tests.support.lone_connection import Client, lone_client, until

RNG = np.random.default_rng(5)
SPEECH = RNG.normal(0, 3000, 16_000).astype("<i2").tobytes()
HUSH = RNG.normal(0, 10, 1_600).astype("<i2").tobytes()  # 100 ms, 50 dB below
NEVER_SEC = 600.0


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No utterance ends by itself."""
    monkeypatch.setattr(sentences, "BEGIN_WITHIN_SEC", 600.0)
    for name in ("FALLBACK_SEC", "LOOK_SEC", "LIKELY_SEC"):
        monkeypatch.setattr(pauses, name, NEVER_SEC)


def speaker() -> AbstractAsyncContextManager[Client]:
    settings = GatewaySettings(idle_cut_sec=30).model_copy(update={"sentence_wait_sec": NEVER_SEC})
    return lone_client(Options(sentences="1", partials="0"), settings)


def run(story: Callable[[Client], Awaitable[None]]) -> None:
    async def told() -> None:
        async with speaker() as client:
            await story(client)

    asyncio.run(told())


async def asked_early(client: Client, number: int = 1) -> SentenceRequest:
    """Say a second and be quiet for a tenth of one: the question that this raises."""
    await client.say(SPEECH)
    await client.say(HUSH)
    return await client.question(number)


def test_a_question_comes_before_the_pause_and_its_answer_ends_the_utterance_at_the_pause() -> None:
    async def story(client: Client) -> None:
        asked = await asked_early(client)
        assert (asked.start, asked.end) == (0, 17_600)
        client.answer(asked, "sentence", "I love it.")
        await client.say(HUSH)
        assert client.of("accepted") == [], "nobody has marked a pause"
        await client.pause()
        assert await client.accepted() == (0, 19_200)
        assert client.cuts("sentence") == 1
        ((job, pcm),) = client.pipeline.sent
        assert (job.end, job.looked_until) == (19_200, 17_600), "its final is what the look has heard"
        assert pcm == SPEECH + HUSH * 2
        assert len(client.questions) == 1

    run(story)


@pytest.mark.parametrize("ending", ["sentence", "silence"])
def test_an_answer_behind_the_mark_counts_as_well(ending: Ending) -> None:
    async def story(client: Client) -> None:
        asked = await asked_early(client)
        await client.say(HUSH)
        await client.pause()
        client.answer(asked, ending, "I love it.")
        assert await client.accepted() == (0, 19_200)
        assert client.pipeline.sent[0][0].looked_until == 17_600

    run(story)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_sentence_that_goes_on_before_a_pause_is_marked_is_not_cut(when: str) -> None:
    async def story(client: Client) -> None:
        asked = await asked_early(client)
        if when == "before":
            client.answer(asked, "sentence", "I love it.")
        await client.say(SPEECH)
        if when == "after":
            client.answer(asked, "sentence", "I love it.")
        await client.say(HUSH)
        again = await client.question(2)
        assert (again.start, again.end) == (0, 16_000 * 2 + 1_600 * 2)
        await client.say(HUSH)
        await client.pause()
        assert client.of("accepted") == []
        client.answer(again, "sentence")
        assert await client.accepted() == (0, 16_000 * 2 + 1_600 * 3)

    run(story)


def test_a_pause_waits_for_the_look_at_an_earlier_one_and_is_looked_at_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses, "FALLBACK_SEC", 0.2)

    async def story(client: Client) -> None:
        early = await asked_early(client)
        await client.say(SPEECH)
        await client.pause()
        await asyncio.sleep(0.4)  # longer than where nobody looks
        assert client.of("accepted") == []
        client.answer(early, "open", "I love")
        late = await client.question(2)
        assert (late.start, late.end) == (0, 16_000 * 2 + 1_600)
        assert client.of("accepted") == []
        client.answer(late, "sentence", "I love it.")
        assert await client.accepted() == (0, late.end)

    run(story)


def test_an_end_that_the_client_marks_takes_what_was_heard_as_well() -> None:
    async def story(client: Client) -> None:
        client.answer(await asked_early(client), "open", "I love")
        await client.say(HUSH)
        await client.pause()
        await client.pause()
        assert await client.accepted() == (0, 19_200)
        assert client.cuts("end") == 1
        assert client.pipeline.sent[0][0].looked_until == 17_600

    run(story)


def test_an_open_sentence_is_waited_for() -> None:
    async def story(client: Client) -> None:
        client.answer(await asked_early(client), "open", "I love")
        await client.pause()
        await client.say(SPEECH)
        await client.pause()
        await client.pause()
        assert await client.accepted() == (0, 33_600)
        assert client.pipeline.sent[0][0].looked_until == 33_600

    run(story)


def test_a_question_that_found_no_room_is_asked_at_the_mark() -> None:
    async def story(client: Client) -> None:
        became = iter([Asked.BACKLOG])
        client.asking.becomes = lambda _: next(became, Asked.QUEUED)
        await asked_early(client)
        await client.say(HUSH)
        await client.pause()
        again = await client.question(2)
        assert (again.start, again.end) == (0, 19_200)
        client.answer(again, "sentence")
        assert await client.accepted() == (0, 19_200)
        assert client.pipeline.sent[0][0].looked_until == 19_200

    run(story)


def test_what_was_not_asked_before_somebody_speaks_is_not_asked() -> None:
    async def story(client: Client) -> None:
        for _ in range(4):
            await client.asking.turn.acquire()
        await client.say(SPEECH)
        await client.say(HUSH)
        await client.say(SPEECH)
        for _ in range(4):
            client.asking.turn.release()
        await client.pause()
        asked = await client.question()
        assert asked.end == 33_600

    run(story)


def test_in_long_speech_partials_look_for_ends_of_sentences() -> None:
    async def story(client: Client) -> None:
        for _ in range(8):
            await client.say(SPEECH)
        await client.say(HUSH)
        await client.say(HUSH)
        await client.pause()
        assert (await client.question()).end == 8 * 16_000 + 3_200, "at the mark, not before it"

    run(story)


def test_while_another_speaker_waits_for_an_answer_nobody_is_asked_early() -> None:
    async def story(client: Client) -> None:
        client.asking.outstanding.add("another", NEVER_SEC)
        await client.say(SPEECH)
        await client.say(HUSH)
        await client.say(HUSH)
        await client.pause()
        asked = await client.question()
        assert asked.end == 19_200
        client.asking.outstanding.add("another", -1)
        client.answer(asked, "open")
        await asked_early(client, 2)

    run(story)


def test_a_breath_at_the_beginning_raises_no_question() -> None:
    async def story(client: Client) -> None:
        await client.say(SPEECH[:6_400])
        await client.say(HUSH)
        await client.say(SPEECH)
        await client.say(HUSH)
        await until(lambda: client.questions != [])
        assert [asked.end for asked in client.questions] == [3_200 + 1_600 + 16_000 + 1_600]

    run(story)


@pytest.mark.parametrize("piece", [2, 320, 640, 1_000, 2_560])
def test_quiet_is_counted_in_whole_frames_whatever_the_pieces_are(piece: int) -> None:
    tail = QuietTail()
    sound = SPEECH + HUSH * 3 + SPEECH[:3_200] + HUSH * 2
    for first in range(0, len(sound), piece):
        tail.hear(sound[first : first + piece])
    assert tail.samples == 10 * FRAME_SAMPLES


def test_nothing_is_quiet_before_anything_was_loud_nor_in_a_noisy_room() -> None:
    tail = QuietTail()
    tail.hear(bytes(32_000))
    assert tail.samples == 0
    tail.hear(SPEECH)
    tail.hear(RNG.normal(0, 300, 16_000).astype("<i2").tobytes())  # 20 dB below
    assert tail.samples == 0
    tail.hear(bytes(1_280))
    assert tail.samples == 2 * FRAME_SAMPLES


def test_a_room_is_loud_where_nothing_is_far_below_the_loudest_for_long() -> None:
    tail, music = QuietTail(), RNG.normal(0, 300, 16_000).astype("<i2").tobytes()  # 20 dB below
    tail.hear(SPEECH + music[:24_000])
    assert tail.room_is_loud
    tail.hear(HUSH)
    assert not tail.room_is_loud
    tail.hear(music + music[: 32_000 - 16_000 - 640])
    assert not tail.room_is_loud, "1.48 s"
    tail.hear(music[:640])
    assert tail.room_is_loud
