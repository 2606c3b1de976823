"""One job after the other, against a real Redis and a model that does as it is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import redis

from analyzer_worker.settings import AnalyzerSettings
from analyzer_worker.task import Analyzer
from contract.events import OutcomeEvent
from contract.jobs import TRIES_MAX, AnalyzeJob
from contract.keys import OUTCOMES_STREAM, analyzer_tries_key, done_key
from contract.messages import Dropped, Error, Result, Sentiment
from contract.state.outcome import dropped, end_utterance
from harness.processes import free_port
from runtime.redis_retry import RedisUnavailableError

SESSION = "Zx3kQ9rT1uVwYb7nM4pL8sDfGhJkC2aE"
SECRET = "The password is swordfish."
GOOD = Sentiment(label="POSITIVE", score=0.9, scores={"POSITIVE": 0.9, "NEGATIVE": 0.1}, zone="positive")


class FakeJudge:
    """Fails as often as it is told, for texts that it is told."""

    name = "fake"
    demo = True

    def __init__(self, failures: int = 0, always_fails_on: str = "") -> None:
        self.texts: list[str] = []
        self.at_once: list[int] = []
        self._failures = failures
        self._always_fails_on = always_fails_on

    def judge(self, text: str) -> Sentiment:
        self.texts.append(text)
        if self._failures > 0:
            self._failures -= 1
            raise RuntimeError(f"CUDA error while judging {text}")
        if self._always_fails_on and self._always_fails_on in text:
            raise IndexError(f"index out of range in {text}")
        return GOOD

    def judge_all(self, texts: Sequence[str]) -> list[Sentiment]:
        self.at_once.append(len(texts))
        return [self.judge(text) for text in texts]


def settings(**changes: Any) -> AnalyzerSettings:
    return AnalyzerSettings(analyzer_redis_patience_sec=0.6, **changes)


def job(start: int = 48_000, **changes: Any) -> dict[str, Any]:
    fields = {
        "session": SESSION,
        "start": start,
        "end": start + 32_000,
        "timings_ms": {"queue": 4.0, "speech": 120.0},
        "text": "I love this movie.",
        "spoken_language": "en",
        "sentiment_text": "I love this movie.",
    }
    return AnalyzeJob(**{**fields, **changes}).model_dump(mode="json")


def outcomes(client: redis.Redis) -> list[OutcomeEvent]:
    entries: Any = client.xrange(OUTCOMES_STREAM)
    return [OutcomeEvent.model_validate_json(fields[b"event"]) for _, fields in entries]


def only_result(client: redis.Redis) -> Result:
    (event,) = outcomes(client)
    assert isinstance(event.message, Result)
    return event.message


def test_a_result_has_text_sentiment_and_stages(redis_client: redis.Redis) -> None:
    judge = FakeJudge()
    Analyzer(redis_client, judge, settings()).handle(job(translation=None))
    result = only_result(redis_client)
    assert (result.text, result.language, result.sentiment) == ("I love this movie.", "en", GOOD)
    assert result.sentiment_reason is None
    assert (result.start_sec, result.duration_sec) == (3.0, 2.0)
    assert list(result.timings_ms) == ["queue", "speech", "analyzer_queue", "sentiment"]
    assert outcomes(redis_client)[0].seq == 1


def test_the_translation_is_judged_and_passed_on(redis_client: redis.Redis) -> None:
    judge = FakeJudge()
    translated = job(
        text="이 영화 정말 좋아요.", spoken_language="ko", translation="I love it.", sentiment_text="  I love\n it. "
    )
    Analyzer(redis_client, judge, settings()).handle(translated)
    assert judge.texts == ["I love it."]
    result = only_result(redis_client)
    assert (result.text, result.language, result.translation) == ("이 영화 정말 좋아요.", "ko", "I love it.")


KOREAN = {
    "text": "이 영화 정말 좋아요.",
    "spoken_language": "ko",
    "translation": "I love it.",
    "sentiment_text": "I love it.",
}


@pytest.mark.parametrize(
    ("read", "changes", "judged", "reason"),
    [
        ("en", {}, ["I love it."], None),
        ("en,ko", {}, ["이 영화 정말 좋아요."], None),
        ("*", {}, ["이 영화 정말 좋아요."], None),
        ("de", {}, [], "The sentiment model does not read this language."),
        ("*", {"translation": None, "sentiment_text": None, "sentiment_reason": "."}, ["이 영화 정말 좋아요."], None),
        ("en,de", {"translation": None, "sentiment_text": None, "sentiment_reason": "Why."}, [], "Why."),
    ],
)
def test_a_model_that_reads_the_language_judges_what_was_said(
    redis_client: redis.Redis, read: str, changes: dict[str, Any], judged: list[str], reason: str | None
) -> None:
    judge = FakeJudge()
    Analyzer(redis_client, judge, settings(sentiment_languages=read)).handle(job(**{**KOREAN, **changes}))
    result = only_result(redis_client)
    assert (judge.texts, result.sentiment_reason) == (judged, reason)
    assert result.sentiment == (GOOD if judged else None)
    assert result.translation == {**KOREAN, **changes}["translation"]


def test_languages_side_by_side_are_each_judged_as_the_model_reads_them(redis_client: redis.Redis) -> None:
    judge = FakeJudge()
    jobs = [
        job(start, **more)
        for start, more in ((0, {}), (64_000, KOREAN), (128_000, {**KOREAN, "spoken_language": "ja"}))
    ]
    Analyzer(redis_client, judge, settings(sentiment_languages="en,ko")).handle_all(jobs)
    assert judge.at_once == [3]
    assert judge.texts == ["I love this movie.", "이 영화 정말 좋아요.", "I love it."]


def test_words_and_how_sure_the_language_is_are_passed_on(redis_client: redis.Redis) -> None:
    words = [{"word": "I", "start_sec": 3.1, "end_sec": 3.2}]
    Analyzer(redis_client, FakeJudge(), settings()).handle(job(words=words, language_probability=0.75))
    result = only_result(redis_client)
    assert result.words is not None
    assert [one.model_dump() for one in result.words] == words
    assert result.language_probability == 0.75


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sentiment_text": None, "sentiment_reason": "turbo cannot translate"}, "turbo cannot translate"),
        ({"sentiment_text": None}, "There is no English text to judge."),
        ({"sentiment_text": " \n\t "}, "The text is empty."),
    ],
)
def test_no_sentiment_has_a_reason(redis_client: redis.Redis, changes: dict[str, Any], reason: str) -> None:
    judge = FakeJudge()
    Analyzer(redis_client, judge, settings()).handle(job(**changes))
    result = only_result(redis_client)
    assert (result.sentiment, result.sentiment_reason, judge.texts) == (None, reason, [])


def test_a_job_that_comes_twice_ends_once(redis_client: redis.Redis) -> None:
    judge = FakeJudge()
    analyzer = Analyzer(redis_client, judge, settings())
    analyzer.handle(job())
    analyzer.handle(job())
    assert len(outcomes(redis_client)) == 1
    assert len(judge.texts) == 1


def test_what_another_service_has_ended_stays_ended(redis_client: redis.Redis) -> None:
    other = AnalyzeJob.model_validate(job())
    end_utterance(redis_client, other, dropped(other, "no_speech"), settings())
    Analyzer(redis_client, FakeJudge(), settings()).handle(job())
    (event,) = outcomes(redis_client)
    assert isinstance(event.message, Dropped)


def test_the_race_between_two_workers_is_lost_quietly(redis_client: redis.Redis) -> None:
    """The other worker ends the utterance while this one judges it."""

    class SlowJudge(FakeJudge):
        def judge(self, text: str) -> Sentiment:
            Analyzer(redis_client, FakeJudge(), settings()).handle(job())
            return super().judge(text)

    Analyzer(redis_client, SlowJudge(), settings()).handle(job())
    assert len(outcomes(redis_client)) == 1


def test_a_model_that_fails_once_is_tried_again(redis_client: redis.Redis) -> None:
    analyzer = Analyzer(redis_client, FakeJudge(failures=1), settings())
    analyzer.handle(job())
    assert only_result(redis_client).sentiment == GOOD
    assert not analyzer.broken


def test_a_text_that_breaks_the_model_is_shown_without_sentiment(
    redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    analyzer = Analyzer(redis_client, FakeJudge(always_fails_on="swordfish"), settings())
    analyzer.handle(job(text=SECRET, sentiment_text=SECRET))
    result = only_result(redis_client)
    assert (result.text, result.sentiment) == (SECRET, None)
    assert result.sentiment_reason == "The sentiment model failed on this text."
    assert not analyzer.broken, "the model works on other texts"
    assert "IndexError in " in caplog.text
    assert "swordfish" not in caplog.text


def test_a_model_that_fails_on_everything_is_broken(redis_client: redis.Redis) -> None:
    analyzer = Analyzer(redis_client, FakeJudge(failures=100), settings())
    analyzer.handle(job())
    assert only_result(redis_client).text == "I love this movie."
    assert analyzer.broken


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the task runs after it."""


class DeadlyJudge(FakeJudge):
    def judge(self, text: str) -> Sentiment:
        self.texts.append(text)
        raise Killed


def test_an_utterance_whose_workers_die_ends_as_an_error(redis_client: redis.Redis) -> None:
    judge = DeadlyJudge()
    analyzer = Analyzer(redis_client, judge, settings())
    for _ in range(TRIES_MAX):
        with pytest.raises(Killed):
            analyzer.handle(job())
    assert outcomes(redis_client) == []
    analyzer.handle(job())
    (event,) = outcomes(redis_client)
    assert isinstance(event.message, Error)
    assert (event.message.code, event.message.utterance) == (
        "analyzer_failed",
        AnalyzeJob.model_validate(job()).utterance,
    )
    assert len(judge.texts) == TRIES_MAX


def test_the_count_of_tries_expires_and_goes_with_the_outcome(redis_client: redis.Redis) -> None:
    key = analyzer_tries_key(SESSION, 48_000)
    with pytest.raises(Killed):
        Analyzer(redis_client, DeadlyJudge(), settings(session_ttl_sec=600)).handle(job())
    assert redis_client.get(key) == b"1"
    assert 0 < redis_client.ttl(key) <= 600
    Analyzer(redis_client, FakeJudge(), settings(session_ttl_sec=600)).handle(job())
    assert only_result(redis_client).sentiment == GOOD
    assert not redis_client.exists(key)


@pytest.mark.parametrize("raw", [None, 7, "text", [], {}, {"session": "short"}, {"v": 2, "session": SESSION}])
def test_what_is_no_job_is_dropped(redis_client: redis.Redis, raw: object, caplog: pytest.LogCaptureFixture) -> None:
    analyzer = Analyzer(redis_client, FakeJudge(), settings())
    analyzer.handle(raw)
    assert outcomes(redis_client) == []
    assert "dropped a task that is no job" in caplog.text
    analyzer.handle(job())
    assert only_result(redis_client).sentiment == GOOD


def test_a_bad_job_whose_utterance_is_known_is_an_error_for_its_user(
    redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {**job(), "text": {"nested": SECRET}}
    Analyzer(redis_client, FakeJudge(), settings()).handle(bad)
    (event,) = outcomes(redis_client)
    assert isinstance(event.message, Error)
    assert event.message.code == "invalid_job"
    assert "swordfish" not in caplog.text


def test_a_redis_that_stays_away_raises_within_the_patience() -> None:
    judge = FakeJudge()
    nowhere = redis.Redis(port=free_port(), socket_connect_timeout=1)
    with nowhere, pytest.raises(RedisUnavailableError, match="ConnectionError"):
        Analyzer(nowhere, judge, settings()).handle(job())
    assert judge.texts == []


def test_a_redis_that_comes_back_is_used(redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = redis_client.eval
    calls = []

    def flaky(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise redis.ConnectionError("gone for a moment")
        return real(*arguments)

    monkeypatch.setattr(redis_client, "eval", flaky)
    Analyzer(redis_client, FakeJudge(), settings()).handle(job())
    assert only_result(redis_client).sentiment == GOOD
    assert len(calls) == 2


def test_a_full_redis_raises_and_the_job_works_later(redis_client: redis.Redis) -> None:
    analyzer = Analyzer(redis_client, FakeJudge(), settings())
    redis_client.config_set("maxmemory-policy", "noeviction")
    redis_client.config_set("maxmemory", 1)
    try:
        with pytest.raises(RedisUnavailableError, match="OutOfMemoryError"):
            analyzer.handle(job())
    finally:
        redis_client.config_set("maxmemory", 0)
    assert not redis_client.exists(done_key(SESSION, 48_000))
    analyzer.handle(job())
    assert only_result(redis_client).sentiment == GOOD


def of_session(letter: str, **changes: Any) -> dict[str, Any]:
    return job(session=letter * 32, **changes)


def test_several_go_through_the_model_together(redis_client: redis.Redis) -> None:
    judge = FakeJudge()
    jobs = [of_session(letter, sentiment_text=f"text of {letter}") for letter in "abc"]
    assert Analyzer(redis_client, judge, settings()).handle_all(jobs) == [None] * 3
    assert judge.at_once == [3]
    assert judge.texts == ["text of a", "text of b", "text of c"]
    assert [event.session[0] for event in outcomes(redis_client)] == ["a", "b", "c"]


def test_a_text_that_breaks_the_model_leaves_its_neighbours_alone(redis_client: redis.Redis) -> None:
    judge = FakeJudge(always_fails_on="swordfish")
    jobs = [of_session("a"), of_session("b", sentiment_text="swordfish"), of_session("c"), {"no": "job"}]
    assert Analyzer(redis_client, judge, settings()).handle_all(jobs) == [None] * 4
    found: list[Any] = [event.message for event in outcomes(redis_client)]
    assert [message.sentiment for message in found] == [GOOD, None, GOOD]


def test_one_that_may_have_ended_a_worker_is_judged_alone(redis_client: redis.Redis) -> None:
    judge = FakeJudge()
    suspect = AnalyzeJob.model_validate(of_session("b"))
    redis_client.set(analyzer_tries_key(suspect.session, suspect.start), 1)
    jobs = [of_session(letter) for letter in "abc"]
    assert Analyzer(redis_client, judge, settings()).handle_all(jobs) == [None] * 3
    assert judge.at_once == [2]
    assert len(outcomes(redis_client)) == 3
