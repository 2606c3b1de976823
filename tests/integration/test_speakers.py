"""Who speaks, on the whole way: from the queue of speech to the session's own stream, beside its text."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import cast

import pytest
import redis

from contract.events import OutcomeEvent, SpeakerEvent
from contract.jobs import UtteranceJob
from contract.keys import OUTCOMES_STREAM, session_outcomes_key, speaker_events_key
from contract.messages import Result, Speakers, Turns
from contract.queues import SPEAKER_QUEUE
from contract.settings import ServiceSettings
from harness.processes import wait_until
from harness.stack import Stack, start_stack
from runtime.broker.app import make_celery, send_utterance
from tests.speaker_worker.conftest import RATE, voice
from tests.support.metrics import scrape

WAIT_SEC = 30.0


@pytest.fixture(scope="module")
def dummies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole system without models."""
    told = {"WHISPER_MODEL": "dummy", "SENTIMENT_MODEL": "dummy"}
    with start_stack(tmp_path_factory.mktemp("speakers"), VISIBILITY_TIMEOUT_SEC="5", **told) as running:
        yield running


class Told:
    """One session's utterances, sent as the gateway would, and what came of them."""

    def __init__(self, stack: Stack, session: str) -> None:
        self.client = redis.Redis(port=stack.redis_port)
        self._session = session
        self._app = make_celery("sender", ServiceSettings(redis_host="127.0.0.1", redis_port=stack.redis_port))
        self._at = 0

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *_: object) -> None:
        self._app.close()
        self.client.close()

    def say(self, name: str, **fields: bool | int) -> int:
        pcm = voice(name)
        start, self._at = self._at, self._at + 5 * RATE
        given = {"session": self._session, "start": start, "end": start + len(pcm) // 2, "speakers": True}
        send_utterance(self._app, pcm, UtteranceJob.model_validate(given | fields))
        return start

    def results(self) -> dict[int, Result]:
        entries = cast(list[tuple[bytes, dict[bytes, bytes]]], self.client.xrange(session_outcomes_key(self._session)))
        events = [OutcomeEvent.model_validate_json(fields[b"event"]) for _, fields in entries]
        return {event.start: event.message for event in events if isinstance(event.message, Result)}

    def events(self) -> list[SpeakerEvent]:
        entries = cast(list[tuple[bytes, dict[bytes, bytes]]], self.client.xrange(speaker_events_key(self._session)))
        return [SpeakerEvent.model_validate_json(fields[b"event"]) for _, fields in entries]

    def turns(self) -> dict[int | None, Turns]:
        return {event.start: event.speakers for event in self.events() if isinstance(event.speakers, Turns)}


def test_turns_are_those_of_the_text(dummies: Stack) -> None:
    with Told(dummies, "whole-way-00000000") as told:
        starts = [told.say(name) for name in ("low", "high", "low")]
        wait_until(lambda: len(told.turns()) == len(told.results()) == len(starts), WAIT_SEC, "all is told")
        turns, results = told.turns(), told.results()
        for start, speaker in zip(starts, (1, 2, 1), strict=True):
            [turn] = turns[start].turns
            assert (turn.speaker, turn.first_char, turn.end_char) == (speaker, 0, len(results[start].text))
            assert turns[start].utterance == results[start].utterance
            assert results[start].start_sec <= turn.start_sec < turn.end_sec
            assert results[start].speaker is None, "no text waits for it"
        known = [event.speakers for event in told.events() if isinstance(event.speakers, Speakers)]
        assert [[one.speaker for one in message.speakers] for message in known] == [[1], [1, 2]]
        streams = told.client.xrange(OUTCOMES_STREAM)
        assert {name for _, fields in cast(list[tuple[bytes, dict[bytes, bytes]]], streams) for name in fields} == {
            b"event",
            b"speakers",
        }
    counted = {
        "stt_worker": lambda found: found.value("wta_stt_speaker_questions_total", outcome="asked") >= 3,
        "speaker_worker": lambda found: found.value("wta_speaker_behind_seconds_count") >= 3,
    }
    for service, enough in counted.items():  # a worker counts when it has told
        url = dummies.metrics_url(service)
        wait_until(lambda enough=enough, url=url: enough(scrape(url)), WAIT_SEC, f"{service} counts them")  # type: ignore[misc]


def test_a_channel_is_a_speaker_by_itself(dummies: Stack) -> None:
    with Told(dummies, "by-channels-000000") as told:
        start = told.say("low", channel=2)
        wait_until(lambda: start in told.results(), WAIT_SEC, "it has a result")
        result = told.results()[start]
        assert (result.channel, result.speaker) == (2, 2)
        behind = told.say("low")
        wait_until(lambda: behind in told.turns(), WAIT_SEC, "the next is told")
        assert start not in told.turns()


def test_nobody_is_told_who_did_not_ask(dummies: Stack) -> None:
    with Told(dummies, "who-does-not-ask-0") as told:
        start, behind = told.say("low", speakers=False), told.say("low")
        wait_until(lambda: behind in told.turns(), WAIT_SEC, "the next is told")
        assert start in told.results()
        assert set(told.turns()) == {behind}


def test_without_a_speaker_worker_texts_come_as_ever(dummies: Stack) -> None:
    worker = dummies.services["speaker_worker"]
    assert dummies.readiness()["speaker_workers"] == 1
    worker.stop()
    try:
        wait_until(lambda: dummies.readiness()["speaker_workers"] == 0, 15, "it has signed off")
        assert dummies.readiness()["ready"]
        url = dummies.metrics_url("stt_worker")
        refused = scrape(url).value("wta_stt_speaker_questions_total", outcome="no_worker")
        with Told(dummies, "without-a-worker-0") as told:
            began = time.monotonic()

            def asked_nobody() -> bool:
                start = told.say("low")
                wait_until(lambda: start in told.results(), WAIT_SEC, "it has a result")
                return scrape(url).value("wta_stt_speaker_questions_total", outcome="no_worker") > refused

            wait_until(asked_nobody, WAIT_SEC, "the speech worker has noticed")
            assert time.monotonic() - began < WAIT_SEC
            told.client.delete(SPEAKER_QUEUE)
            last = told.say("low")
            wait_until(lambda: last in told.results(), WAIT_SEC, "it has a result")
            assert told.client.exists(SPEAKER_QUEUE) == 0
            assert told.turns() == {}
    finally:
        worker.start()
        dummies.wait_ready()
