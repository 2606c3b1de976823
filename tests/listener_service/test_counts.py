"""Counting, percentiles, and the state that survives a restart. No Redis here."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.messages import Dropped, Error, LatencyStats, Result, SentenceSentiment, SentimentShare, StatsBlock, Turn
from contract.text.words import count_words
from listener_service.counts import Statistics, load_statistics
from listener_service.percentiles import RELATIVE_ERROR, LatencyHistogram
from tests.listener_service.conftest import sentiment

ROUNDING = 1e-9


def result(text: str = "I love this movie.", **changes: Any) -> Result:
    fields: dict[str, Any] = {"utterance": "u", "duration_sec": 2.0, "text": text, "language": "en"}
    return Result(**{**fields, "timings_ms": {"queue": 10.0, "speech": 90.0}, **changes})


def histogram_of(values: list[float]) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for value in values:
        histogram.add(value)
    return histogram


@pytest.mark.parametrize("percent", [0, 5, 50, 95, 99, 100])
@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(1).lognormal(6, 0.5, 5_000),
        np.random.default_rng(2).uniform(0.2, 30_000, 3_000),
        np.concatenate([np.full(950, 200.0), np.full(50, 9_000.0)]),
        np.arange(1.0, 21.0),
        np.array([100.0, 400.0]),
    ],
    ids=["lognormal", "uniform", "two levels", "twenty", "two"],
)
def test_percentiles_are_within_one_percent_of_numpys(values: np.ndarray, percent: float) -> None:
    mine = histogram_of(values.tolist()).percentile(percent)
    assert mine == pytest.approx(np.percentile(values, percent), rel=RELATIVE_ERROR + ROUNDING)


@given(st.lists(st.floats(0.1, 1e8), min_size=1, max_size=60), st.floats(0, 100))
def test_percentiles_of_anything_in_range(values: list[float], percent: float) -> None:
    mine = histogram_of(values).percentile(percent)
    assert mine == pytest.approx(float(np.percentile(values, percent)), rel=RELATIVE_ERROR + ROUNDING)


def test_a_single_value_is_exact() -> None:
    histogram = histogram_of([152.9])
    assert histogram.percentile(50) == histogram.percentile(95) == 152.9


def test_no_value_has_no_percentile() -> None:
    assert LatencyHistogram().percentile(50) is None
    assert histogram_of([math.nan, math.inf, -math.inf]).percentile(50) is None


def test_memory_is_bounded_whatever_comes() -> None:
    histogram = histogram_of((10.0 ** np.random.default_rng(3).uniform(-9, 15, 50_000)).tolist())
    assert len(histogram) == 50_000
    assert len(histogram.to_json()["buckets"]) <= 1_050
    assert histogram.percentile(0) == pytest.approx(0.1, rel=RELATIVE_ERROR)
    assert histogram.percentile(100) == pytest.approx(1e8, rel=RELATIVE_ERROR)
    assert LatencyHistogram.from_json(histogram.to_json()).to_json() == histogram.to_json()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I love this movie.", 4),
        ("  don't   stop \n now ", 3),
        ("wait - what ... ?!", 2),
        ("", 0),
        ("이 영화 정말 좋아요.", 4),
        ("我喜欢这部电影。", 7),
        ("映画が好きです", 7),
        ("iPhoneを買う 2", 5),
        ("l'été très chaud", 3),
    ],
)
def test_words(text: str, words: int) -> None:
    assert count_words(text) == words


def test_a_block_of_all_three_outcomes() -> None:
    statistics = Statistics()
    statistics.add(result("I love this movie.", sentiment=sentiment("positive", 0.9)))
    statistics.add(result("It is fine", sentiment=sentiment("positive", 0.7), timings_ms={"speech": 300.0}))
    statistics.add(result("no", sentiment=sentiment("negative", 0.95), duration_sec=1.0))
    statistics.add(result("비가 와요", sentiment=None, sentiment_reason="turbo cannot translate"))
    statistics.add(Dropped(utterance="u", duration_sec=1.5, reason="no_speech", timings_ms={"queue": 9_999.0}))
    statistics.add(Error(utterance="u", duration_sec=0.5, code="speech_failed", message="...", seq=1))
    block = statistics.block()
    p50, p95 = np.percentile([100.0, 300.0, 100.0, 100.0], [50, 95])
    assert block.latency_ms.p50 == pytest.approx(p50, rel=RELATIVE_ERROR)
    assert block.latency_ms.p95 == pytest.approx(p95, rel=RELATIVE_ERROR)
    assert block.model_copy(update={"latency_ms": LatencyStats()}) == StatsBlock(
        utterances=6,
        results=4,
        dropped=1,
        errors=1,
        words=10,
        audio_sec=9.0,
        words_per_minute=85.7,  # 10 words in the 7 s of the results
        unjudged=1,
        sentiment={
            "positive": SentimentShare(count=2, share=0.6667, mean_score=0.8),
            "negative": SentimentShare(count=1, share=0.3333, mean_score=0.95),
        },
    )


def test_sentences_are_counted_and_results_stay_utterances() -> None:
    statistics = Statistics()
    splinter = sentiment("neutral", 0.96).model_copy(update={"neutral_reason": "too_short"})
    feelings = [sentiment("positive", 0.9), sentiment("negative", 0.8), splinter]
    sentences = [SentenceSentiment(text="x", sentiment=felt) for felt in feelings]
    statistics.add(result(sentiment=sentiment("positive", 0.7), sentences=sentences))
    statistics.add(result(sentiment=sentiment("positive", 0.7)))  # of an older worker
    block = statistics.block()
    assert (block.results, block.unjudged) == (2, 0)
    assert {zone: share.count for zone, share in block.sentiment.items()} == {
        "positive": 2,
        "neutral": 1,
        "negative": 1,
    }
    assert block.sentiment["positive"] == SentimentShare(count=2, share=0.5, mean_score=0.8)


def test_a_state_from_before_sentences_were_counted_goes_on() -> None:
    statistics = Statistics()
    statistics.add(result(sentiment=sentiment()))
    statistics.add(result(sentiment=None))
    old = statistics.to_json()
    del old["unjudged"]
    again = load_statistics(json.dumps(old))
    assert again is not None
    assert again.block() == statistics.block()
    assert again.block().unjudged == 1


def test_nothing_yet_is_a_block_too() -> None:
    assert Statistics().block() == StatsBlock()


def test_the_example_of_the_contract() -> None:
    statistics = Statistics()
    statistics.add(result(sentiment=sentiment("positive", 0.998), timings_ms={"all": 152.9}))
    statistics.add(Dropped(utterance="u", duration_sec=1.2, reason="no_speech"))
    with open("contract/examples.json", encoding="utf-8") as file:
        expected = StatsBlock.model_validate(json.load(file)["stats"]["session"])
    spoken = sentiment("positive", 0.998)
    turn = Turn(speaker=1, start_sec=0.1, end_sec=1.8, first_char=0, end_char=18)
    statistics.speakers.add_result(0, 1, result(sentiment=spoken, turns=[turn]))
    assert statistics.block() == expected


def test_the_state_survives_as_json() -> None:
    statistics = Statistics()
    for number in range(50):
        zone = sentiment("neutral" if number % 3 else "negative", 0.5 + number / 100)
        statistics.add(result("two words", sentiment=zone, timings_ms={"speech": 37.0 * number}))
    statistics.add(Dropped(utterance="u", duration_sec=1.5, reason="no_speech"))
    statistics.last_seq = 51
    again = load_statistics(json.dumps(statistics.to_json()))
    assert again is not None
    assert again.block() == statistics.block()
    assert again.last_seq == 51
    for one in (statistics, again):
        one.add(result("three more words", sentiment=sentiment()))
    assert again.to_json() == statistics.to_json()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense",
        b"[]",
        b"null",
        b"{}",
        b'{"v": 99}',
        json.dumps({**Statistics().to_json(), "zones": {"sideways": [1, 0.5]}}),
        json.dumps({**Statistics().to_json(), "zones": 7}),
        json.dumps({**Statistics().to_json(), "latency": {"buckets": {"999999": 1}, "least": 1, "most": 2}}),
        json.dumps({**Statistics().to_json(), "results": None}),
    ],
)
def test_a_state_that_cannot_be_read_is_none(raw: bytes | str) -> None:
    assert load_statistics(raw) is None


def test_no_state_is_none() -> None:
    assert load_statistics(None) is None
