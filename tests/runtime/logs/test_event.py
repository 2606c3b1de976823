"""A line of named fields, as text and as JSON: bounded, on one line, and no value can forge a field or a line."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from runtime.logs.event import FIELD_MAX_CHARS, Event
from runtime.logs.setup import JsonFormatter, OneLineFormatter

FORGERY = 'a" event="forged\n2026 ERROR root: forged\x1b[31m\u2028\u202e\x00'


def formatted(formatter: logging.Formatter, message: object, *arguments: object) -> str:
    return formatter.format(logging.LogRecord("x", logging.INFO, "f", 1, message, arguments, None))


def test_fields_as_text() -> None:
    event = Event("accepted", utterance="5f1d7c0a-0", audio_sec=1.90049, tries=2, shown=False, reason=None, why="a b")
    assert str(event) == 'accepted utterance=5f1d7c0a-0 audio_sec=1.9 tries=2 shown=false why="a b"'
    assert formatted(OneLineFormatter(), event).endswith(f" INFO    x: {event}")


def test_fields_as_json() -> None:
    line = json.loads(formatted(JsonFormatter(), Event("accepted", utterance="5f1d7c0a-0", audio_sec=1.9, shown=True)))
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "x",
        "event": "accepted",
        "utterance": "5f1d7c0a-0",
        "audio_sec": 1.9,
        "shown": True,
    }


@pytest.mark.parametrize("formatter", [OneLineFormatter(), JsonFormatter()])
@pytest.mark.parametrize("message", [Event("said", text=FORGERY), FORGERY, Event("said", text="\ud800")])
def test_nothing_can_forge_a_line(formatter: logging.Formatter, message: object) -> None:
    line = formatted(formatter, message)
    assert len(line.splitlines()) == 1
    assert line.isprintable()


def test_a_quoted_value_is_no_second_field() -> None:
    assert str(Event("said", text=FORGERY)).startswith('said text="a\\" event=\\"forged\\n2026')


def test_a_field_cannot_take_the_place_of_the_lines_own() -> None:
    line = json.loads(formatted(JsonFormatter(), Event("real", **{"level": "forged", "logger": "forged"})))
    assert (line["event"], line["level"], line["logger"]) == ("real", "INFO", "x")


def test_values_and_messages_are_bounded() -> None:
    long = "x" * 100_000
    assert len(formatted(JsonFormatter(), Event("said", text=long))) < FIELD_MAX_CHARS + 200
    assert len(formatted(JsonFormatter(), "said %s", long)) < FIELD_MAX_CHARS + 200
    assert len(str(Event("said", text=long))) < FIELD_MAX_CHARS + 200


def test_a_traceback_is_on_the_same_line_of_json() -> None:
    try:
        raise ValueError(FORGERY)
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), sys.exc_info())
    text = JsonFormatter().format(record)
    assert len(text.splitlines()) == 1
    line = json.loads(text)
    assert line["message"] == "failed"
    assert line["trace"].startswith("Traceback") and "ValueError" in line["trace"]
