"""Whatever JSON comes in where a message is expected: it is that message, or a ValidationError, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contract.envelopes import (
    BUS_EVENT,
    MAX_POSITION,
    AnalyzeJob,
    OutcomeEvent,
    PartialEvent,
    StatsEvent,
    UtteranceJob,
)
from contract.messages import Dropped, Error, Result, Sentiment, ServerMessage
from contract.partials import PartialRequest

MESSAGE: TypeAdapter[Any] = TypeAdapter(ServerMessage)
READERS: list[TypeAdapter[Any]] = [
    MESSAGE,
    BUS_EVENT,
    TypeAdapter(StatsEvent),
    TypeAdapter(UtteranceJob),
    TypeAdapter(AnalyzeJob),
    TypeAdapter(PartialRequest),
]
NAMES = st.sampled_from(
    [
        "v",
        "session",
        "type",
        "start",
        "end",
        "seq",
        "message",
        "text",
        "partial",
        "timings_ms",
        "sentiment",
        "stats_session",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(["result", "dropped", "error", "stats", "busy", "a" * 32, "../../etc/passwd", "en"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=8), inner, max_size=6),
    max_leaves=20,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
SESSIONS = st.from_regex(r"[A-Za-z0-9_-]{16,128}", fullmatch=True)
POSITIONS = st.integers(0, MAX_POSITION - 1)
SECONDS = st.floats(0, 1e9)
STAGES = st.dictionaries(st.text(min_size=1, max_size=40), st.floats(-1e9, 1e9), max_size=8)


@settings(max_examples=300, deadline=None)
@given(value=ANYTHING)
def test_anything_is_a_message_or_is_refused(value: Any) -> None:
    for reader in READERS:
        for read, given_value in ((reader.validate_python, value), (reader.validate_json, json.dumps(value))):
            try:
                message = read(given_value)
            except ValidationError:
                continue
            assert reader.validate_json(message.model_dump_json()) == message


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_message_or_are_refused(data: bytes) -> None:
    for reader in READERS:
        with pytest.raises(ValidationError):
            reader.validate_json(data + b"}")


@pytest.mark.parametrize(
    "hostile",
    [
        b"[" * 100_000,
        b'{"session":' * 50_000,
        b'{"a":' + b"9" * 100_000 + b"}",
        b'{"start":1e999999}',
        b'{"session":"\\ud800"}',
        b'{"text":"' + b"x" * 5_000_000 + b'"}',
        b"\xff\xfe\x00",
        b"",
    ],
)
def test_json_made_to_hurt_is_refused(hostile: bytes) -> None:
    for reader in READERS:
        with pytest.raises(ValidationError):
            reader.validate_json(hostile)


outcomes = st.one_of(
    st.builds(
        Result,
        utterance=TEXT,
        start_sec=SECONDS,
        duration_sec=SECONDS,
        timings_ms=STAGES,
        text=TEXT,
        language=TEXT,
        translation=st.none() | TEXT,
        sentiment=st.none()
        | st.builds(
            Sentiment,
            label=TEXT,
            score=st.floats(0, 1),
            scores=st.dictionaries(TEXT, st.floats(0, 1), max_size=3),
            zone=st.sampled_from(["positive", "neutral", "negative"]),
        ),
    ),
    st.builds(Dropped, utterance=TEXT, reason=TEXT, detail=TEXT, timings_ms=STAGES),
    st.builds(Error, utterance=TEXT, code=TEXT, message=TEXT, timings_ms=STAGES),
)


@settings(max_examples=200, deadline=None)
@given(session=SESSIONS, start=POSITIONS, seq=st.integers(1, 2**40), message=outcomes)
def test_an_outcome_comes_out_as_it_went_in(session: str, start: int, seq: int, message: Any) -> None:
    event = OutcomeEvent(session=session, seq=seq, start=start, message=message)
    again = BUS_EVENT.validate_json(event.model_dump_json())
    assert again == event
    assert isinstance(again, OutcomeEvent)
    shown = again.numbered()
    assert MESSAGE.validate_json(shown.model_dump_json()) == shown
    assert session not in shown.model_dump_json() or session in json.dumps(message.model_dump(), ensure_ascii=False)


@settings(max_examples=100, deadline=None)
@given(session=SESSIONS, start=POSITIONS, samples=st.integers(1, 10**6), text=TEXT, timings=STAGES)
def test_a_job_and_a_partial_come_out_as_they_went_in(
    session: str, start: int, samples: int, text: str, timings: dict[str, float]
) -> None:
    end = min(start + samples, MAX_POSITION)
    job = AnalyzeJob(session=session, start=start, end=end, timings_ms=timings, text=text, spoken_language="en")
    assert AnalyzeJob.model_validate(job.model_dump(mode="json")) == job
    asked = PartialRequest(session=session, start=start, end=end)
    assert PartialRequest.model_validate_json(asked.model_dump_json()) == asked
    answer = BUS_EVENT.validate_json(asked.answer(text).model_dump_json())
    assert isinstance(answer, PartialEvent)
    assert (answer.session, answer.partial.text, answer.asked) == (session, text, end)
