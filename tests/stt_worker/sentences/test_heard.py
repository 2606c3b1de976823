"""What a look at a sentence keeps for the final: used once, and only for the same audio asked for in the same way."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from contract.jobs import AnalyzeJob, UtteranceJob
from contract.keys import heard_key
from contract.speech.sentences import HEARD_TTL_SEC
from stt_worker.sentences.heard import Heard, take_heard

SESSION = "s" * 32
JOB = UtteranceJob(session=SESSION, start=100, end=16_100, language="en", language_assumed=True, word_times=True)


@pytest.fixture
def kept(redis_client: redis.Redis) -> Heard:
    verdict = AnalyzeJob(**JOB.model_dump(), text="Yes.", spoken_language="en", sentiment_text="Yes.")
    heard = Heard(verdict=verdict, notes={"tokens": 3, "again": False, "temperature": None})
    heard.keep(redis_client)
    return heard


def test_it_is_taken_once(redis_client: redis.Redis, kept: Heard) -> None:
    assert 0 < redis_client.ttl(heard_key(SESSION, 100)) <= HEARD_TTL_SEC
    assert take_heard(redis_client, JOB) == kept
    assert take_heard(redis_client, JOB) is None


@pytest.mark.parametrize(
    "other", [{"end": 16_101}, {"language": None}, {"language_assumed": False}, {"word_times": False}, {"start": 101}]
)
def test_it_is_not_for_another_piece_or_another_wish(
    redis_client: redis.Redis, kept: Heard, other: dict[str, Any]
) -> None:
    assert take_heard(redis_client, JOB.model_copy(update=other)) is None


def test_what_was_heard_before_the_quiet_is_of_the_utterance_that_ends_behind_it(
    redis_client: redis.Redis, kept: Heard
) -> None:
    job = JOB.model_copy(update={"end": 17_700, "looked_until": 16_100})
    assert take_heard(redis_client, job) == kept


@pytest.mark.parametrize("other", [{"end": 17_700, "looked_until": 16_101}, {"looked_until": 8_000}])
def test_it_is_not_what_was_looked_at(redis_client: redis.Redis, kept: Heard, other: dict[str, Any]) -> None:
    assert take_heard(redis_client, JOB.model_copy(update=other)) is None


@pytest.mark.parametrize("junk", [b"", b"\xff", b"[]", b'{"verdict": {"text": "a secret"}}'])
def test_junk_is_none(redis_client: redis.Redis, junk: bytes, caplog: pytest.LogCaptureFixture) -> None:
    redis_client.set(heard_key(SESSION, 100), junk)
    assert take_heard(redis_client, JOB) is None
    assert "unusable" in caplog.text
    assert "secret" not in caplog.text
    assert SESSION not in caplog.text
