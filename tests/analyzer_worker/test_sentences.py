"""An utterance's sentences through the analyzer, against a real Redis and a model that knows two words."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pytest
import redis

from analyzer_worker.sentences.verdict import neutral
from analyzer_worker.task import SENTENCES_AT_ONCE, Analyzer
from contract.messages import Result, Sentiment
from tests.analyzer_worker.test_task import KOREAN, FakeJudge, job, of_session, only_result, outcomes, settings


def felt(text: str) -> Sentiment:
    """Negative where there is hate in it."""
    bad = "hate" in text
    scores = {"POSITIVE": 0.1 if bad else 0.9, "NEGATIVE": 0.9 if bad else 0.1}
    label = "NEGATIVE" if bad else "POSITIVE"
    return Sentiment(label=label, score=0.9, scores=scores, zone="negative" if bad else "positive")


class ReadingJudge(FakeJudge):
    def judge(self, text: str) -> Sentiment:
        super().judge(text)
        return felt(text)


def said(client: redis.Redis, judge: FakeJudge, text: str, **changes: Any) -> Result:
    Analyzer(client, judge, settings()).handle(job(text=text, sentiment_text=text, **changes))
    return only_result(client)


def told(result: Result) -> list[tuple[str, str, str | None]]:
    return [(one.text, one.sentiment.zone, one.sentiment.neutral_reason) for one in result.sentences]


def test_each_sentence_has_its_own_sentiment_beside_the_whole(redis_client: redis.Redis) -> None:
    judge = ReadingJudge()
    result = said(redis_client, judge, "I love this movie. I hate the  seats. Wonderful!")
    assert result.sentiment == felt("hate")
    assert told(result) == [
        ("I love this movie.", "positive", None),
        ("I hate the seats.", "negative", None),
        ("Wonderful!", "neutral", "too_short"),
    ]
    assert judge.texts[0] == "I love this movie. I hate the seats. Wonderful!"
    assert judge.at_once == [3], "the sentences go through the model together"


def test_one_sentence_costs_nothing_more(redis_client: redis.Redis) -> None:
    judge = ReadingJudge()
    result = said(redis_client, judge, "I love this movie.")
    assert (judge.texts, judge.at_once) == (["I love this movie."], [])
    assert result.sentiment == felt("love")
    assert [(one.text, one.sentiment) for one in result.sentences] == [("I love this movie.", result.sentiment)]


def test_a_splinter_is_neutral_and_keeps_what_the_model_said(redis_client: redis.Redis) -> None:
    result = said(redis_client, ReadingJudge(), "is not.")
    assert result.sentiment == neutral(felt("is not."), "too_short")
    assert result.sentiment is not None
    assert (result.sentiment.zone, result.sentiment.label, result.sentiment.score) == ("neutral", "POSITIVE", 0.9)
    assert result.sentiment_reason is None, "that is for results without a sentiment"
    assert told(result) == [("is not.", "neutral", "too_short")]


def test_nothing_but_splinters_is_neutral_as_a_whole(redis_client: redis.Redis) -> None:
    result = said(redis_client, ReadingJudge(), "Okay. Good morning.")
    assert result.sentiment is not None
    assert (result.sentiment.zone, result.sentiment.neutral_reason) == ("neutral", "too_short")


def test_the_length_limit_is_a_reason(redis_client: redis.Redis) -> None:
    result = said(redis_client, ReadingJudge(), "I love this movie. But I hate that they", cut_at_end=True)
    assert told(result) == [("I love this movie.", "positive", None), ("But I hate that they", "neutral", "cut")]


def test_sentences_are_those_of_the_text_that_is_judged(redis_client: redis.Redis) -> None:
    english = "I love it. It is long."
    changes: dict[str, Any] = {**KOREAN, "translation": english, "sentiment_text": english}
    Analyzer(redis_client, ReadingJudge(), settings()).handle(job(**changes))
    assert [one.text for one in only_result(redis_client).sentences] == ["I love it.", "It is long."]


def test_no_sentiment_no_sentences(redis_client: redis.Redis) -> None:
    Analyzer(redis_client, ReadingJudge(), settings()).handle(job(sentiment_text=None))
    assert only_result(redis_client).sentences == []


def test_several_utterances_keep_their_sentences_apart(redis_client: redis.Redis) -> None:
    judge = ReadingJudge()
    texts = ["I love it. I hate it.", "I love it.", "I hate this. I hate that. I love you."]
    jobs = [of_session(letter, sentiment_text=text) for letter, text in zip("abc", texts, strict=True)]
    Analyzer(redis_client, judge, settings()).handle_all(jobs)
    assert judge.at_once == [3, 5]
    found = [event.message for event in outcomes(redis_client)]
    zones = [[one.sentiment.zone for one in message.sentences] for message in found if isinstance(message, Result)]
    assert zones == [["positive", "negative"], ["positive"], ["negative", "negative", "positive"]]


def test_many_sentences_go_through_the_model_a_few_at_a_time(redis_client: redis.Redis) -> None:
    judge = ReadingJudge()
    jobs = [of_session(letter, sentiment_text="I love it. " * 30) for letter in "ab"]
    Analyzer(redis_client, judge, settings()).handle_all(jobs)
    assert judge.at_once == [2, SENTENCES_AT_ONCE, 60 - SENTENCES_AT_ONCE]


def test_a_sentence_that_breaks_the_model_costs_the_text_nothing(
    redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    class WholesOnly(ReadingJudge):
        def judge_all(self, texts: Sequence[str]) -> list[Sentiment]:
            raise RuntimeError(f"out of memory: {texts}")

    caplog.set_level(logging.DEBUG)
    result = said(redis_client, WholesOnly(), "I love this movie. The password is swordfish.")
    assert (result.sentiment, result.sentences) == (felt("love"), [])
    assert "swordfish" not in caplog.text
