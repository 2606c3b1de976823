"""Long speech is cut between two sentences as soon as that is settled, and nothing is lost or said twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import numpy as np
import pytest

from contract.events import SentenceEnd
from contract.ids import utterance_id
from contract.speech.partials import PartialRequest
from fastapi_service.live.options import Options
from fastapi_service.settings import GatewaySettings
from fastapi_service.speaking import pauses, sentences
from tests.support.lone_connection import SESSION, Client, lone_client, until

SPEECH = np.random.default_rng(4).normal(0, 3000, 16_000 * 40).astype("<i2")
SECOND = 16_000
TEXT = "We went home. And then we ate"
FIRST = len("We went home.")


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No utterance ends by itself."""
    monkeypatch.setattr(sentences, "BEGIN_WITHIN_SEC", 600.0)
    for name in ("FALLBACK_SEC", "LOOK_SEC", "LIKELY_SEC"):
        monkeypatch.setattr(pauses, name, 600.0)


def speaker(recorded_end: int | None = None, **options: Any) -> AbstractAsyncContextManager[Client]:
    settings = GatewaySettings(idle_cut_sec=30, partial_every_sec=1, outstanding_max=20)
    settings = settings.model_copy(update={"sentence_wait_sec": 600.0})
    return lone_client(Options(**{"sentences": "1", **options}), settings, recorded_end)


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def told() -> None:
        await story()

    asyncio.run(told())


END = SentenceEnd(chars=FIRST, position=5 * SECOND)
Answer = tuple[str, SentenceEnd | None]


class Talk:
    """Somebody who talks on, a second at a time, and each second's request for a partial is answered."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.segmenter = client.connection.segmenter
        self._answered = 0

    async def say(self, seconds: int, answer: Answer = ("We went", None)) -> PartialRequest:
        """Say so much, with this for an answer to each second; the last request."""
        for _ in range(seconds):
            await self.say_unanswered()
            request = await self.asked()
            self.client.answer(request, None, *answer)
        return request

    async def say_unanswered(self) -> None:
        """A second more."""
        first = self.segmenter.position
        await self.client.say(SPEECH[first : first + SECOND].tobytes())

    async def asked(self) -> PartialRequest:
        """The next request for a partial."""
        self._answered += 1
        await until(lambda: len(self.client.partials) >= self._answered)
        return self.client.partials[self._answered - 1]


def shown(client: Client) -> list[tuple[str, str, str]]:
    """Every partial: whose, what is settled of it, and the rest."""
    return [
        (one["utterance"], one["text"][: one["settled"]], one["text"][one["settled"] :]) for one in client.of("partial")
    ]


def test_it_is_cut_where_a_settled_sentence_ends_and_the_rest_goes_on() -> None:
    async def story() -> None:
        async with speaker() as client:
            talk = Talk(client)
            await talk.say(7)
            await talk.say(1, (TEXT, END))
            assert client.of("accepted") == [], "one text says so, and none before it"
            await talk.say(1, (f"{TEXT} fish", END))
            assert await client.accepted() == (0, 5 * SECOND)
            assert client.cuts("sentence") == 1
            request = await talk.say(1, ("and then we ate fish at", None))
            assert (request.start, request.end) == (5 * SECOND, 10 * SECOND)
            await client.pause()
            await client.pause()
            assert await client.accepted(2) == (5 * SECOND, 10 * SECOND)
            assert b"".join(pcm for _, pcm in client.pipeline.sent) == SPEECH[: 10 * SECOND].tobytes()
            first, second = utterance_id(SESSION, 0), utterance_id(SESSION, 5 * SECOND)
            assert shown(client)[-3:] == [
                (first, "We went home.", ""),
                (second, "And then we ate", " fish"),
                (second, "and then we ate fish", " at"),
            ]
            kinds = [one["type"] for one in client.messages if one["type"] in ("partial", "accepted")]
            assert kinds[-5:] == ["partial", "accepted", "partial", "partial", "accepted"]

    run(story)


def test_the_end_is_looked_for_once_the_utterance_is_long() -> None:
    async def story() -> None:
        async with speaker() as client:
            talk = Talk(client)
            await talk.say(9)
            assert [request.find_end for request in client.partials] == [False] * 7 + [True] * 2

    run(story)


def test_a_client_that_marks_no_pauses_is_cut_by_length_alone() -> None:
    async def story() -> None:
        async with speaker(sentences="0") as client:
            talk = Talk(client)
            await talk.say(9, (TEXT, END))
            assert not any(request.find_end for request in client.partials)
            assert client.of("accepted") == []
            assert shown(client)[-1][1] == TEXT.removesuffix(" ate"), "settled it is nevertheless"

    run(story)


def test_without_partials_to_show_it_is_asked_for_late_and_nothing_is_shown() -> None:
    async def story() -> None:
        async with speaker(partials="0") as client:
            talk = Talk(client)
            for _ in range(7):
                await talk.say_unanswered()
            assert client.partials == []
            await talk.say(2, (TEXT, END))
            assert await client.accepted() == (0, 5 * SECOND)
            assert client.of("partial") == []

    run(story)


@pytest.mark.parametrize("position", [SECOND, 10 * SECOND])
def test_a_word_alone_is_no_piece_nor_what_has_not_come(position: int) -> None:
    async def story() -> None:
        async with speaker() as client:
            talk = Talk(client)
            await talk.say(9, (TEXT, SentenceEnd(chars=FIRST, position=position)))
            await talk.say(1)
            assert client.of("accepted") == []

    run(story)


def test_a_speaker_who_pauses_is_left_to_the_pause() -> None:
    async def story() -> None:
        async with speaker() as client:
            talk = Talk(client)
            await talk.say(8, (TEXT, None))
            await talk.say_unanswered()
            request = await talk.asked()
            await client.pause()
            question = await client.question()
            client.answer(request, None, TEXT, END)
            client.answer(question, "sentence", TEXT)
            assert await client.accepted() == (0, 9 * SECOND)

    run(story)


def test_a_pause_that_is_still_looked_at_does_not_hold_it_up() -> None:
    async def story() -> None:
        async with speaker() as client:
            talk = Talk(client)
            await talk.say(8)
            await client.pause()
            await client.question()
            await talk.say(1, (f"{TEXT} fish", None))
            await talk.say(1, (f"{TEXT} fish at home", END))
            assert await client.accepted() == (0, 5 * SECOND)

    run(story)


def test_an_answer_about_an_utterance_that_has_ended_cuts_nothing() -> None:
    async def story() -> None:
        async with speaker() as client:
            talk = Talk(client)
            await talk.say(8, (TEXT, None))
            await talk.say_unanswered()
            late = await talk.asked()
            await client.pause()
            await client.pause()
            assert await client.accepted() == (0, 9 * SECOND)
            client.answer(late, None, TEXT, END)
            await talk.say(2)
            assert talk.segmenter.start == 9 * SECOND

    run(story)


def test_nothing_is_cut_before_a_recorded_end() -> None:
    async def story() -> None:
        async with speaker(recorded_end=9 * SECOND) as client:
            talk = Talk(client)
            await talk.say(8, (TEXT, END))
            await talk.say_unanswered()
            assert await client.accepted() == (0, 9 * SECOND)
            assert client.cuts("recorded") == 1

    run(story)


def test_running_speech_is_cut_again_and_again_and_never_by_length() -> None:
    async def story() -> None:
        async with speaker() as client:
            talk = Talk(client)
            for _ in range(30):
                await talk.say_unanswered()
                request = await talk.asked()
                long = request.end - request.start > 8 * SECOND
                end = SentenceEnd(chars=FIRST, position=request.end - 2 * SECOND - 77) if long else None
                client.answer(request, None, TEXT, end)
            await client.pause()
            await client.pause()
            await until(lambda: client.cuts("end") == 1)
            assert client.cuts("sentence") >= 3
            assert client.cuts("length") == 0
            sent = client.pipeline.sent
            assert [job.start for job, _ in sent] == [0, *(job.end for job, _ in sent[:-1])]
            assert b"".join(pcm for _, pcm in sent) == SPEECH[: 30 * SECOND].tobytes()

    run(story)
