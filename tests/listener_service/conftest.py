"""Outcomes for the listener, ended as the workers end them."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from contract.jobs import UtteranceJob
from contract.messages import Result, Sentiment, Zone
from contract.settings import ServiceSettings
from contract.state.outcome import dropped, end_utterance, failed

SESSION = "Zx3kQ9rT1uVwYb7nM4pL8sDfGhJkC2aE"
OTHER_SESSION = "b7nM4pL8sDfGhJkC2aEZx3kQ9rT1uVwY"
TIMINGS_MS = {"queue": 4.0, "speech": 120.0, "sentiment": 6.0}


def sentiment(zone: Zone = "positive", score: float = 0.9) -> Sentiment:
    label = "NEGATIVE" if zone == "negative" else "POSITIVE"
    return Sentiment(label=label, score=score, scores={label: score}, zone=zone)


class Ender:
    """Ends utterances of two seconds, one after the other, through the outcome script."""

    def __init__(self, client: redis.Redis, settings: ServiceSettings | None = None) -> None:
        self.client = client
        self.settings = settings or ServiceSettings()
        self._starts: dict[str, int] = {}

    def _next(self, session: str) -> UtteranceJob:
        start = self._starts.get(session, 0)
        self._starts[session] = start + 32_000
        return UtteranceJob(session=session, start=start, end=start + 32_000, timings_ms=dict(TIMINGS_MS))

    def result(
        self, text: str = "I love this movie.", session: str = SESSION, repetition: bool = False, **changes: Any
    ) -> str:
        """End the next utterance as a result; returns its id."""
        job = self._next(session).model_copy(update={"repetition": repetition})
        fields = {**job.outcome_fields(), "text": text, "language": "en", "sentiment": sentiment(), **changes}
        end_utterance(self.client, job, Result(**fields), self.settings)
        return job.utterance

    def dropped(self, reason: str = "no_speech", session: str = SESSION) -> str:
        """End the next utterance as not speech."""
        job = self._next(session)
        end_utterance(self.client, job, dropped(job, reason, "speech probability 0.03"), self.settings)
        return job.utterance

    def error(self, code: str = "speech_failed", session: str = SESSION) -> str:
        """End the next utterance as an error."""
        job = self._next(session)
        end_utterance(self.client, job, failed(job, code, "It could not be understood."), self.settings)
        return job.utterance


@pytest.fixture
def ender(redis_client: redis.Redis) -> Ender:
    """On the Redis that all tests share."""
    return Ender(redis_client)
