"""When a file's language is found, which segments are heard again, and when it is left."""

from __future__ import annotations

from typing import Any

import pytest

from contract.audio import SAMPLE_RATE_HZ
from contract.messages import Dropped, Error, Result, UtteranceOutcome
from file_worker.language import ENOUGH_RESULTS, HELD_MAX, FileLanguage


def said(language: str = "en", probability: float | None = 0.95, **more: Any) -> Result:
    return Result(utterance="x-0", text="...", language=language, language_probability=probability, **more)


def dropped(reason: str) -> Dropped:
    return Dropped(utterance="x-0", reason=reason)


def samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)


def after(*heard: tuple[float, UtteranceOutcome], named: str | None = None, end: bool = False) -> FileLanguage:
    """A file of which so many seconds were heard as that; `end`: no more will come."""
    language = FileLanguage(named, 10.0)
    for number, (seconds, outcome) in enumerate(heard, 1):
        language.heard(samples(seconds), outcome)
        language.decide(number, end and number == len(heard))
    return language


def test_nothing_is_known_at_first() -> None:
    language = after()
    assert (language.decided, language.found) == (False, None)
    assert language.asked(samples(20)) == (None, False)
    assert language.holds(said())
    assert language.holds(dropped("low_confidence"))
    assert not language.holds(dropped("no_speech"))
    assert not language.again(samples(2), said("th", 0.3))


@pytest.mark.parametrize(
    ("heard", "found"),
    [
        ([(12.0, said())], "en"),
        ([(8.0, said())], None),  # too little
        ([(8.0, said()), (8.0, said())], "en"),
        ([(20.0, said(probability=0.3))], None),
        ([(12.0, said("th", 0.7)), (12.0, said())], None),  # they do not agree
        ([(2.0, said()), (2.0, said("th", 0.6)), *[(12.0, said())] * 2], "en"),
        ([(1.0, said())] * ENOUGH_RESULTS, "en"),
        ([(2.0, said(code, 0.6)) for code in ("pt", "es", "es", "it", "es", "tl")], "es"),
        ([(2.0, said("th", 0.5)), *[(2.0, said())] * (ENOUGH_RESULTS - 1)], "en"),
    ],
)
def test_it_is_found_from_speech_that_agrees(heard: list[tuple[float, UtteranceOutcome]], found: str | None) -> None:
    language = after(*heard)
    assert (language.found, language.decided) == (found, found is not None)


def test_a_short_file_decides_at_its_end() -> None:
    language = after((2.0, said()), (2.0, said("th", 0.4)), (2.0, said()), end=True)
    assert language.found == "en"


def test_two_languages_of_equal_parts_are_none_of_the_file() -> None:
    language = after(*[(3.0, said("en")), (3.0, said("es"))] * 3)
    assert (language.decided, language.found) == (True, None)
    assert language.asked(samples(3)) == (None, False)
    assert not language.again(samples(3), said("es", 0.5))


def test_nothing_is_waited_for_without_end() -> None:
    bad = dropped("low_confidence")
    assert after(*[(3.0, bad)] * (HELD_MAX - 1)).decided is False
    assert after(*[(3.0, bad)] * HELD_MAX).decided is True


def test_a_model_of_one_language_needs_no_decision() -> None:
    language = after((1.0, said(probability=None)))
    assert (language.decided, language.found) == (True, None)
    assert not language.holds(said(probability=None))


def test_a_language_that_is_named_holds() -> None:
    language = after(*[(20.0, said("th"))] * 5, named="en")
    assert language.asked(samples(20)) == ("en", False)
    assert not language.holds(said("th"))
    assert not language.again(samples(2), said("th", 0.2))
    language.known("ko")
    assert language.asked(samples(20)) == ("en", False)


def test_what_an_earlier_worker_found_is_taken() -> None:
    language = FileLanguage(None, 10.0)
    language.known("ko")
    assert language.decided
    assert language.asked(samples(2)) == ("ko", False)


def test_it_can_be_turned_off() -> None:
    language = FileLanguage(None, 0.0)
    language.heard(samples(20), said())
    assert language.asked(samples(2)) == (None, False)
    assert not language.holds(said("th"))


@pytest.mark.parametrize(
    ("seconds", "outcome", "again"),
    [
        (2.0, said("th", 0.4), True),
        (2.0, said("th", 0.99), True),  # sure, and wrong as short ones are
        (20.0, said("th", 0.5), True),
        (20.0, said("es", 0.95), False),  # sure for long
        (2.0, said("en", 0.3), False),
        (2.0, dropped("low_confidence"), True),
        (2.0, dropped("no_speech"), False),
        (2.0, Error(utterance="x-0", code="gave_up", message="..."), False),
    ],
)
def test_what_was_heard_in_another_is_heard_again(seconds: float, outcome: UtteranceOutcome, again: bool) -> None:
    assert after((15.0, said())).again(samples(seconds), outcome) is again


def test_later_segments_are_told_and_long_ones_may_be_another() -> None:
    language = after((15.0, said()))
    assert language.asked(samples(2)) == ("en", False)
    assert language.asked(samples(20)) == ("en", True)


def test_short_ones_may_be_another_while_the_language_is_doubtful() -> None:
    language = after((15.0, said()), *[(4.0, said(probability=0.1))] * 3)
    assert language.asked(samples(2)) == ("en", False)
    language.heard(samples(4), said(probability=0.1))
    assert language.asked(samples(2)) == ("en", True)
    language.heard(samples(4), said())
    assert language.asked(samples(2)) == ("en", False)


def test_it_is_left_where_another_is_sure_for_long() -> None:
    language = after((15.0, said()), *[(20.0, said("es"))] * 2)
    assert language.found == "en"
    language.heard(samples(20), said("es"))
    assert language.found == "es"
    assert language.asked(samples(2)) == ("es", False)
