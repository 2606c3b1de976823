"""How speech ends at a pause, by how probable the end of a sentence is and how sure its text."""

from __future__ import annotations

from typing import Any

import pytest

from contract.jobs import AnalyzeJob
from contract.messages import Gap
from stt_worker.sentences.ending import CONFIDENT, FALLS, LIKELY, MIDDLE, SURE, SURE_IN, UNFINISHED, ending_of


def verdict(**fields: Any) -> AnalyzeJob:
    known = {"text": "Yes.", "spoken_language": "en", "avg_logprob": -0.2}
    return AnalyzeJob(session="s" * 32, start=0, end=16_000, **(known | fields))


@pytest.mark.parametrize(
    ("sentence_end", "ending"),
    [(1.0, "sentence"), (SURE, "sentence"), (SURE - 0.01, "likely"), (LIKELY, "likely"), (0.01, "open"), (0.0, "open")],
)
def test_the_more_probable_the_end_the_sooner(sentence_end: float, ending: str) -> None:
    assert ending_of(verdict(), sentence_end) == ending


def test_a_language_whose_sentences_often_go_on_needs_more() -> None:
    assert ending_of(verdict(spoken_language="ru"), SURE) == "likely"
    assert ending_of(verdict(spoken_language="ru"), SURE_IN["ru"]) == "sentence"


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
    assert ending_of(verdict(), LIKELY - 0.1, FALLS) == "likely"
    assert ending_of(verdict(), LIKELY - 0.1, FALLS - 0.01) == "open"
    assert ending_of(verdict(), SURE, FALLS) == "sentence"


def test_a_sentence_to_the_eye_that_breaks_off_to_the_ear_may_go_on() -> None:
    assert ending_of(verdict(), SURE, MIDDLE - 0.01) == "likely"
    assert ending_of(verdict(), SURE, MIDDLE) == "sentence"
    assert ending_of(verdict(), SURE, None) == "sentence"


def test_what_may_be_a_sentence_and_breaks_off_to_the_ear_is_open() -> None:
    assert ending_of(verdict(), LIKELY, UNFINISHED - 0.01) == "open"
    assert ending_of(verdict(), LIKELY, UNFINISHED) == "likely"
    assert ending_of(verdict(), LIKELY, None) == "likely"
