"""What an outcome looks like in the log and on the console, and that no text can forge another."""

from __future__ import annotations

import json
import logging

import pytest

from contract.events import OutcomeEvent
from contract.ids import session_tag
from contract.messages import Dropped, Error, Result, SentenceSentiment, UtteranceOutcome
from listener_service.lines import console_line, log_line
from runtime.logs.setup import JsonFormatter, OneLineFormatter
from tests.listener_service.conftest import SESSION, sentiment

FORGERY = (
    'fine"}\n{"time": "2026-01-01", "session": "x", "type": "result", "text": "forged"}\r\x1b[2K\x1b[31mred\x85next'
    "\u2028line\u2029\x7f\x9b5m\u202eright to left\u2066\u200bnothing\ufeff\x00"
)


def event(message: UtteranceOutcome) -> OutcomeEvent:
    return OutcomeEvent(session=SESSION, seq=4, start=48_000, ended_ms=1_800_000_000_123.0, message=message)


def result(text: str) -> Result:
    return Result(
        utterance="5f1d7c0a-48000",
        duration_sec=2.0,
        timings_ms={"speech": 120.0, "relay": 32.9},
        text=text,
        language="ko",
        translation="I love it.",
        sentiment=sentiment("positive", 0.998),
        sentences=[SentenceSentiment(text="I love it.", sentiment=sentiment("positive", 0.998))],
    )


FELT = {
    "label": "POSITIVE",
    "score": 0.998,
    "scores": {"POSITIVE": 0.998},
    "zone": "positive",
    "neutral_reason": None,
}


def test_a_result_in_the_log() -> None:
    line = log_line(event(result("정말 좋아요")))
    assert "정말 좋아요" in line
    assert SESSION not in line
    assert json.loads(line) == {
        "time": "2027-01-15T08:00:00.123+00:00",
        "session": session_tag(SESSION),
        "seq": 4,
        "utterance": "5f1d7c0a-48000",
        "type": "result",
        "text": "정말 좋아요",
        "speaker": None,
        "language": "ko",
        "translation": "I love it.",
        "sentiment": FELT,
        "sentences": [{"text": "I love it.", "sentiment": FELT}],
        "reason": None,
        "detail": None,
        "duration_sec": 2.0,
        "timings_ms": {"speech": 120.0, "relay": 32.9},
        "repetition": False,
    }


def test_reasons_in_the_log() -> None:
    without = result("비가 와요").model_copy(update={"sentiment": None, "sentiment_reason": "turbo cannot translate"})
    dropped = Dropped(utterance="u", reason="no_speech", detail="speech probability 0.03")
    error = Error(utterance="u", code="speech_failed", message="It could not be understood.")
    lines = [json.loads(log_line(event(message))) for message in (without, dropped, error)]
    assert [line["type"] for line in lines] == ["result", "dropped", "error"]
    assert [line["reason"] for line in lines] == ["turbo cannot translate", "no_speech", "speech_failed"]
    assert [line["detail"] for line in lines] == [None, "speech probability 0.03", "It could not be understood."]
    assert [line["text"] for line in lines] == ["비가 와요", None, None]


def test_a_text_cannot_forge_a_log_line() -> None:
    line = log_line(event(result(FORGERY)))
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert json.loads(line)["text"] == FORGERY


def printed(message: UtteranceOutcome, with_text: bool, formatter: logging.Formatter | None = None) -> str:
    record = logging.LogRecord("x", logging.INFO, "f", 1, console_line(event(message), with_text), None, None)
    return (formatter or OneLineFormatter("")).format(record)


@pytest.mark.parametrize("formatter", [OneLineFormatter(), JsonFormatter()])
def test_a_text_cannot_forge_a_console_line(formatter: logging.Formatter) -> None:
    line = printed(result(FORGERY), True, formatter)
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert "forged" in line


def test_what_no_encoding_takes_is_escaped() -> None:
    line = log_line(event(result("a lone \ud800 surrogate")))
    assert line.encode("utf-8")
    assert json.loads(line)["text"] == "a lone \ud800 surrogate"


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (
            result("I love this movie."),
            "counted utterance=5f1d7c0a-48000 seq=4 outcome=result words=4 total_ms=152.9",
        ),
        (
            Dropped(utterance="u-0", reason="no_speech", detail="secret"),
            "counted utterance=u-0 seq=4 outcome=dropped reason=no_speech",
        ),
        (
            Error(utterance="u-0", code="speech_failed", message="secret"),
            "counted utterance=u-0 seq=4 outcome=error reason=speech_failed",
        ),
    ],
)
def test_the_console_shows_neither_text_nor_sentiment(message: UtteranceOutcome, line: str) -> None:
    assert printed(message, False).endswith(f" x: {line}")


def test_the_console_shows_text_and_sentiment_when_asked() -> None:
    assert printed(result("Yes."), True).endswith(" total_ms=152.9 zone=positive score=0.998 text=Yes.")
    assert printed(result("Yes, I do."), True).endswith(' text="Yes, I do."')
    without = result("Yes.").model_copy(update={"sentiment": None})
    assert printed(without, True).endswith(" total_ms=152.9 text=Yes.")
