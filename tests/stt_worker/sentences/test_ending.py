"""How speech ends at a pause, by how probable the end of a sentence is and how sure its text."""

from __future__ import annotations

import math
from typing import Any

import pytest

from contract.jobs import AnalyzeJob
from contract.messages import Gap
from stt_worker.sentences.ending import BOTH, BOTH_IN, CONFIDENT, FALLS, LIKELY, SURE, SURE_IN, UNFINISHED, ending_of


def verdict(**fields: Any) -> AnalyzeJob:
    known = {"text": "Yes.", "spoken_language": "en", "avg_logprob": -0.2}
    return AnalyzeJob(session="s" * 32, start=0, end=16_000, **(known | fields))


@pytest.mark.parametrize(
    ("sentence_end", "ending"),
    [(1.0, "sentence"), (SURE, "sentence"), (SURE - 0.01, "likely"), (LIKELY, "likely"), (0.01, "open"), (0.0, "open")],
)
def test_the_more_probable_the_end_the_sooner(sentence_end: float, ending: str) -> None:
    assert ending_of(verdict(), sentence_end) == ending


def log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


def with_odds(log_odds: float) -> float:
    """The probability that has them."""
    return 1 / (1 + math.exp(-log_odds))


def test_a_language_whose_sentences_often_go_on_needs_more() -> None:
    assert ending_of(verdict(spoken_language="ru"), SURE) == "likely"
    assert ending_of(verdict(spoken_language="ru"), SURE_IN["ru"]) == "sentence"
    assert ending_of(verdict(spoken_language="ru"), 0.9, with_odds(BOTH - log_odds(0.9) + 0.01)) == "likely"
    assert ending_of(verdict(spoken_language="ru"), 0.9, with_odds(BOTH_IN["ru"] - log_odds(0.9) + 0.01)) == "sentence"


@pytest.mark.parametrize(
    "fields",
    [
        {"avg_logprob": CONFIDENT - 0.1},
        {"avg_logprob": None},
        {"doubtful_reason": "low_confidence"},
        {"gaps": [Gap(start_sec=0, end_sec=1, reason="no_words")]},
    ],
)
def test_a_text_that_is_not_sure_says_nothing_about_its_end(fields: dict[str, Any]) -> None:
    assert ending_of(verdict(**fields), 1.0) == "likely"


def test_where_nobody_has_looked_it_may_have_ended() -> None:
    assert ending_of(verdict(), None) == "likely"


def test_what_sounds_finished_is_not_waited_for_as_long_as_what_breaks_off() -> None:
    assert ending_of(verdict(), LIKELY - 0.3, FALLS) == "likely"
    assert ending_of(verdict(), LIKELY - 0.3, FALLS - 0.01) == "open"


@pytest.mark.parametrize("by_text", [0.5, 0.7, 0.9, 0.95])
def test_eye_and_ear_say_together_whether_a_sentence_has_ended(by_text: float) -> None:
    needed = BOTH - log_odds(by_text)
    assert ending_of(verdict(), by_text, with_odds(needed + 0.01)) == "sentence"
    assert ending_of(verdict(), by_text, with_odds(needed - 0.01)) == "likely"


def test_a_sentence_to_the_eye_that_breaks_off_to_the_ear_may_go_on() -> None:
    assert ending_of(verdict(), 0.9, 0.05) == "likely"
    assert ending_of(verdict(), SURE, 0.0) == "likely", "it is never waited for as what is in the middle"
    assert ending_of(verdict(), SURE, None) == "sentence"


def test_no_probability_is_too_near_to_certain() -> None:
    assert ending_of(verdict(), 1.0, 1.0) == "sentence"
    assert ending_of(verdict(), 1.0, 0.0) == "likely"
    assert ending_of(verdict(), 0.0, 1.0) == "likely"


def test_what_may_be_a_sentence_and_breaks_off_to_the_ear_is_open() -> None:
    assert ending_of(verdict(), LIKELY, UNFINISHED - 0.01) == "open"
    assert ending_of(verdict(), LIKELY, UNFINISHED) == "likely"
    assert ending_of(verdict(), LIKELY, None) == "likely"
