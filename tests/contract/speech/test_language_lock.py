"""When the language of a session is taken for known, and when it is given up."""

from __future__ import annotations

from typing import Any

import pytest

from contract.messages import Dropped, Error, Result
from contract.speech.language_lock import LanguageLock


def said(language: str = "ko", probability: float | None = 0.95, **more: Any) -> Result:
    return Result(utterance="x-0", text="...", language=language, language_probability=probability, **more)


def dropped(reason: str) -> Dropped:
    return Dropped(utterance="x-0", reason=reason)


def after(*outcomes: Result | Dropped | Error, named: str | None = None) -> str | None:
    lock = LanguageLock(named, 3)
    for outcome in outcomes:
        lock.heard(outcome)
    assert lock.assumed == (lock.language is not None and named is None)
    return lock.language


@pytest.mark.parametrize(
    ("outcomes", "language"),
    [
        ([], None),
        ([said()] * 2, None),
        ([said()] * 3, "ko"),
        ([said(probability=0.8)] * 3, "ko"),
        ([said(), said(probability=0.79), said()], None),
        ([said(), said("en"), said()], None),
        ([said(), said("en"), said("en"), said("en")], "en"),
        ([said(), said(), dropped("no_speech"), said()], "ko"),
        ([said(), said(), dropped("low_confidence"), said()], None),
        ([said(), said(), Error(code="speech_failed", message="."), said()], "ko"),
        ([said(probability=None)] * 5, None),
        ([said(), said(), said(temperature=0.4)], None),
        ([said(), said(), said(decoded_again=True)], "ko"),
    ],
)
def test_it_takes_three_sure_ones_in_a_row(outcomes: list[Result | Dropped | Error], language: str | None) -> None:
    assert after(*outcomes) == language


@pytest.mark.parametrize(
    ("outcome", "language"),
    [
        (said("en"), None),
        (said("en", 0.3), None),
        (said(temperature=0.4), None),
        (said(doubtful=True, doubtful_reason="translation"), "ko"),
        (said(decoded_again=True), "ko"),
        (dropped("low_confidence"), None),
        (dropped("repetition"), None),
        (said(doubtful=True, doubtful_reason="low_confidence"), None),
        (dropped("no_speech"), "ko"),
        (said(probability=0.3), "ko"),
        (said(probability=None), "ko"),
        (Error(code="gave_up", message="."), "ko"),
    ],
)
def test_it_is_given_up_when_one_does_badly(outcome: Result | Dropped | Error, language: str | None) -> None:
    assert after(said(), said(), said(), outcome) == language


def test_somebody_who_changes_over_is_followed() -> None:
    assert after(*[said("ko")] * 3, *[said("en")] * 2) is None
    assert after(*[said("ko")] * 3, *[said("en")] * 3) == "en"


def test_given_up_it_takes_three_again() -> None:
    given_up: list[Result | Dropped | Error] = [*[said()] * 3, dropped("low_confidence")]
    assert after(*given_up, said(), said()) is None
    assert after(*given_up, said(), said(), said()) == "ko"


def test_what_the_client_names_holds() -> None:
    assert after(*[said("en")] * 9, named="ko") == "ko"


def test_it_can_be_turned_off() -> None:
    lock = LanguageLock(None, 0)
    for _ in range(9):
        lock.heard(said())
    assert (lock.language, lock.assumed) == (None, False)
