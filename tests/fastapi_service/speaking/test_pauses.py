"""Where an utterance ends whose client marks pauses: what the answers, and their absence, do, in every order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import numpy as np
import pytest
import redis

from contract.events import Ending
from contract.speech.partials import PartialRequest
from contract.speech.sentences import SentenceRequest
from fastapi_service.live.options import Options
from fastapi_service.settings import GatewaySettings
from fastapi_service.speaking import pauses, sentences
from fastapi_service.speaking.asking import Asked
from tests.support.lone_connection import Client, lone_client, until

HALF = np.random.default_rng(9).normal(0, 3000, 8_000).astype("<i2").tobytes()
SOFT = np.random.default_rng(9).normal(0, 600, 8_000).astype("<i2").tobytes()  # quieter, and no pause
NEVER_SEC = 600.0


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No utterance ends by itself, unless a test says so."""
    monkeypatch.setattr(pauses, "FALLBACK_SEC", NEVER_SEC)
    monkeypatch.setattr(pauses, "LOOK_SEC", NEVER_SEC)
    monkeypatch.setattr(pauses, "LIKELY_SEC", NEVER_SEC)
    monkeypatch.setattr(sentences, "BEGIN_WITHIN_SEC", NEVER_SEC)


def speaker(
    recorded_end: int | None = None, wait_sec: float = NEVER_SEC, **options: Any
) -> AbstractAsyncContextManager[Client]:
    settings = GatewaySettings(idle_cut_sec=30).model_copy(update={"sentence_wait_sec": wait_sec})
    return lone_client(Options(**{"sentences": "1", **options}), settings, recorded_end)


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def told() -> None:
        await story()

    asyncio.run(told())


async def pause_after(client: Client, number: int = 1) -> SentenceRequest:
    """Say half a second, and pause; what is asked then."""
    await client.say(HALF)
    await client.pause()
    return await client.question(number)


async def end(client: Client, number: int = 1) -> tuple[int, int]:
    """Say half a second more and end the utterance: where it began and ended."""
    await client.say(HALF)
    await client.pause()
    await client.pause()
    return await client.accepted(number)


def test_what_is_asked_is_what_the_task_will_be() -> None:
    async def story() -> None:
        async with speaker(language="ko", hints="Ada", words="1") as client:
            asked = await pause_after(client)
            assert (asked.start, asked.end) == (0, 8_000)
            client.answer(asked, "sentence")
            await client.accepted()
            ((job, pcm),) = client.pipeline.sent
            shared = ("session", "start", "end", "language", "language_assumed", "hints", "word_times")
            assert [getattr(asked, name) for name in shared] == [getattr(job, name) for name in shared]
            assert (asked.language, asked.hints, asked.word_times) == ("ko", "Ada", True)
            assert pcm == HALF

    run(story)


@pytest.mark.parametrize(("ending", "reason"), [("sentence", "sentence"), ("silence", "pause")])
def test_an_end_is_cut_at_once_and_nothing_shown_before(ending: Ending, reason: str) -> None:
    async def story() -> None:
        async with speaker() as client:
            client.answer(await pause_after(client), ending, "I love it.")
            assert await client.accepted() == (0, 8_000)
            assert client.cuts(reason) == 1
            assert client.of("partial") == []

    run(story)


def test_a_sentence_ends_at_its_pause_also_when_more_was_said() -> None:
    async def story() -> None:
        async with speaker() as client:
            asked = await pause_after(client)
            await client.say(HALF)
            client.answer(asked, "sentence", "I love it.")
            assert await client.accepted() == (0, 8_000)
            assert (client.connection.segmenter.start, client.connection.segmenter.position) == (8_000, 16_000)
            assert await end(client, 2) == (8_000, 24_000)
            assert [pcm for _, pcm in client.pipeline.sent] == [HALF, HALF * 2]
            assert client.of("partial") == []

    run(story)


@pytest.mark.parametrize("ending", ["silence", "likely", "open", None])
def test_every_other_answer_lets_a_speaker_go_on_who_has(ending: Ending | None) -> None:
    async def story() -> None:
        async with speaker() as client:
            asked = await pause_after(client)
            await client.say(HALF)
            client.answer(asked, ending, "I love")
            assert await end(client) == (0, 24_000)
            assert [message["text"] for message in client.of("partial")] == ["I love"]
            assert client.cuts("end") == 1

    run(story)


@pytest.mark.parametrize("ending", ["likely", "open"])
def test_a_speaker_who_goes_on_while_that_is_waited_for_goes_on(ending: Ending) -> None:
    async def story() -> None:
        async with speaker() as client:
            client.answer(await pause_after(client), ending, "I love")
            await until(lambda: client.of("partial") != [])
            assert client.of("accepted") == []
            again = await pause_after(client, 2)
            assert (again.start, again.end) == (0, 16_000)
            client.answer(again, "sentence")
            assert await client.accepted() == (0, 16_000)

    run(story)


def test_what_is_likely_an_end_is_one_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(pauses, "LIKELY_SEC", 0.05)
        async with speaker() as client:
            client.answer(await pause_after(client), "likely", "I love it")
            assert await client.accepted() == (0, 8_000)
            assert client.cuts("pause") == 1

    run(story)


def test_an_open_sentence_ends_after_the_wait() -> None:
    async def story() -> None:
        async with speaker(wait_sec=0.3) as client:
            client.answer(await pause_after(client), "open", "I love")
            assert await client.accepted() == (0, 8_000)
            assert client.cuts("pause") == 1
            ((job, _),) = client.pipeline.sent
            assert job.timings_ms["endpoint"] >= 290

    run(story)


def test_an_open_sentence_outlasts_what_else_would_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with speaker() as client:
            asked = await pause_after(client)
            for name in ("FALLBACK_SEC", "LIKELY_SEC"):
                monkeypatch.setattr(pauses, name, 0.0)
            client.answer(asked, "open", "I love")
            assert await end(client) == (0, 16_000)

    run(story)


def test_the_stage_tells_of_the_pause_at_which_it_was_cut() -> None:
    async def story() -> None:
        async with speaker() as client:
            asked = await pause_after(client)
            await asyncio.sleep(0.2)  # a time that is measured
            await client.say(HALF)
            client.answer(asked, "sentence")
            await client.accepted()
            ((job, _),) = client.pipeline.sent
            assert job.timings_ms["endpoint"] >= 190

    run(story)


def test_nobody_who_could_look_means_half_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with speaker() as client:
            asked = await pause_after(client)
            monkeypatch.setattr(pauses, "FALLBACK_SEC", 0.0)
            client.answer(asked, None)
            assert await client.accepted() == (0, 8_000)
            assert client.cuts("pause") == 1

    run(story)


def lost(_: PartialRequest) -> Asked:
    raise redis.ConnectionError("gone")


@pytest.mark.parametrize("becomes", [lambda _: Asked.QUEUED, lambda _: Asked.BACKLOG, lambda _: Asked.OVER, lost])
def test_without_an_answer_the_utterance_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch, becomes: Callable[[PartialRequest], Asked]
) -> None:
    async def story() -> None:
        monkeypatch.setattr(pauses, "FALLBACK_SEC", 0.2)
        async with speaker(wait_sec=0.2) as client:
            client.asking.becomes = becomes
            await client.say(HALF)
            await client.pause()
            assert await client.accepted() == (0, 8_000)
            assert client.cuts("pause") == 1
            ((job, _),) = client.pipeline.sent
            assert job.timings_ms["endpoint"] >= 190

    run(story)


def test_a_look_that_is_slow_has_longer_where_nobody_else_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses, "LOOK_SEC", 0.2)

    async def alone() -> None:
        async with speaker(wait_sec=0.5) as client:
            await pause_after(client)
            await client.accepted()
            ((job, _),) = client.pipeline.sent
            assert job.timings_ms["endpoint"] >= 490

    async def beside_another() -> None:
        async with speaker() as client:  # whose wait never ends
            client.asking.outstanding.add("another", NEVER_SEC)
            await pause_after(client)
            assert await client.accepted() == (0, 8_000)

    run(alone)
    run(beside_another)


def test_an_answer_that_comes_after_the_cut_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(pauses, "LOOK_SEC", 0.2)
        async with speaker() as client:
            client.asking.outstanding.add("another", NEVER_SEC)
            asked = await pause_after(client)
            await client.accepted()
            monkeypatch.setattr(pauses, "LOOK_SEC", NEVER_SEC)
            following = await pause_after(client, 2)
            assert (following.start, following.end) == (8_000, 16_000), "the first question stands in nobody's way"
            client.answer(asked, "sentence", "too late")
            client.answer(following, "open", "in time")
            assert await end(client, 2) == (8_000, 24_000)
            assert [message["text"] for message in client.of("partial")] == ["in time"]

    run(story)


def test_the_second_empty_frame_in_a_row_is_an_end() -> None:
    async def story() -> None:
        async with speaker() as client:
            await client.pause()
            assert await end(client) == (0, 8_000)
            await client.pause()
            assert await end(client, 2) == (8_000, 16_000)
            assert client.cuts("end") == 2

    run(story)


def test_the_second_empty_frame_ends_a_wait() -> None:
    async def story() -> None:
        async with speaker() as client:
            client.answer(await pause_after(client), "open", "I love")
            await client.pause()
            assert await client.accepted() == (0, 8_000)
            assert client.cuts("end") == 1

    run(story)


def test_one_question_at_a_time_and_then_about_the_latest_pause() -> None:
    async def story() -> None:
        async with speaker() as client:
            first = await pause_after(client)
            for _ in range(2):
                await client.say(HALF)
                await client.pause()
            await client.say(HALF)
            await client.pause()
            await client.say(HALF)  # so that the pause before was taken
            assert client.questions == [first]
            await client.pause()
            client.answer(first, "open")
            latest = await client.question(2)
            assert (latest.start, latest.end) == (0, 40_000)
            client.answer(latest, "sentence")
            assert await client.accepted() == (0, 40_000)

    run(story)


def test_a_pause_behind_the_end_of_a_sentence_is_asked_about_in_the_next_utterance() -> None:
    async def story() -> None:
        async with speaker() as client:
            first = await pause_after(client)
            await client.say(HALF)
            await client.pause()
            client.answer(first, "sentence")
            assert await client.accepted() == (0, 8_000)
            following = await client.question(2)
            assert (following.start, following.end) == (8_000, 16_000)
            client.answer(following, "sentence")
            assert await client.accepted(2) == (8_000, 16_000)
            assert client.cuts("sentence") == 2

    run(story)


@pytest.mark.parametrize("ending", ["sentence", "open"])
def test_an_answer_about_an_utterance_that_was_cut_by_length_is_too_late(ending: Ending) -> None:
    async def story() -> None:
        async with speaker() as client:
            for number in range(29):  # 14.5 s, with the quietest place at 13.5 s
                await client.say(SOFT if number == 27 else HALF)
            await client.pause()
            asked = await client.question()
            for _ in range(4):
                await client.say(HALF)
            _, cut = await client.accepted()
            assert 0 < cut < asked.end == 8_000 * 29
            assert client.cuts("length") == 1
            client.answer(asked, ending, "too late")
            assert await end(client, 2) == (cut, 8_000 * 34)
            assert client.of("partial") == []

    run(story)


def test_audio_that_redis_has_lost_is_sent_again_at_once() -> None:
    async def story() -> None:
        async with speaker(partials="0") as client:
            client.answer(await pause_after(client), "open")
            gone = iter([Asked.AUDIO_GONE])
            client.asking.becomes = lambda _: next(gone, Asked.QUEUED)
            again = await pause_after(client, 2)
            await client.question(3)
            assert [(position, audio) for _, position, audio in client.asking.asked] == [
                (0, HALF),
                (8_000, HALF),
                (0, HALF * 2),
            ]
            client.answer(again, "sentence")
            assert await client.accepted() == (0, 16_000)

    run(story)


def test_a_partial_of_the_same_samples_is_no_answer_to_the_question() -> None:
    async def story() -> None:
        async with speaker() as client:
            await client.say(HALF * 2)
            await until(lambda: client.asking.asked != [])
            ((partial, _, _),) = client.asking.asked
            await client.pause()
            asked = await client.question()
            assert (partial.start, partial.end) == (asked.start, asked.end)
            client.answer(partial, None, "I love")
            await until(lambda: client.of("partial") != [])
            client.answer(asked, "sentence")
            assert await client.accepted() == (0, 16_000)

    run(story)


def test_the_question_sends_what_partials_have_not() -> None:
    async def story() -> None:
        async with speaker() as client:
            await client.say(HALF * 2)
            await until(lambda: client.asking.asked != [])
            await pause_after(client)
            assert [(position, audio) for _, position, audio in client.asking.asked] == [(0, HALF * 2), (16_000, HALF)]

    run(story)


def test_no_partial_is_asked_for_while_somebody_looks() -> None:
    async def story() -> None:
        async with speaker() as client:
            asked = await pause_after(client)
            await client.say(HALF * 2)
            await client.say(HALF)
            assert len(client.asking.asked) == 1
            client.answer(asked, "open")
            await client.say(HALF)
            await until(lambda: len(client.asking.asked) == 2)
            assert not isinstance(client.asking.asked[1][0], SentenceRequest)

    run(story)


def test_a_client_without_partials_sees_no_text() -> None:
    async def story() -> None:
        async with speaker(partials="0") as client:
            asked = await pause_after(client)
            await client.say(HALF)
            client.answer(asked, "open", "I love")
            assert await end(client) == (0, 24_000)
            assert client.of("partial") == []

    run(story)


def test_pauses_before_a_recorded_end_do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(pauses, "FALLBACK_SEC", 0.0)
        async with speaker(recorded_end=20_000) as client:
            client.asking.becomes = lambda _: Asked.OVER
            for _ in range(2):
                await client.say(HALF)
                await client.pause()
            await client.say(HALF)
            assert await client.accepted() == (0, 20_000)
            assert client.cuts("recorded") == 1

    run(story)


@pytest.mark.parametrize("options", [{"sentences": "0"}, {"wait_sec": 0.0}])
def test_where_no_sentence_is_looked_for_an_empty_frame_is_an_end(options: dict[str, Any]) -> None:
    async def story() -> None:
        async with speaker(**options) as client:
            await client.say(HALF)
            await client.pause()
            assert await client.accepted() == (0, 8_000)
            assert client.cuts("end") == 1
            assert client.asking.asked == []

    run(story)
