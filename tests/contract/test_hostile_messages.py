"""Whatever JSON comes in where a message is expected: it is that message, or a ValidationError, and nothing else."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from contract.events import BUS_EVENT, OutcomeEvent, PartialEvent, StatsEvent
from contract.jobs import AnalyzeJob, UtteranceJob
from contract.messages import ServerMessage
from contract.speech.partials import PartialRequest
from runtime.worker.heartbeat import parse_worker
from tests.contract.any_message import TEXT, classes, valid

MESSAGE: TypeAdapter[Any] = TypeAdapter(ServerMessage)
READERS: list[TypeAdapter[Any]] = [
    MESSAGE,
    BUS_EVENT,
    TypeAdapter(StatsEvent),
    TypeAdapter(UtteranceJob),
    TypeAdapter(AnalyzeJob),
    TypeAdapter(PartialRequest),
]
CLASSES = classes()
NAMES = st.sampled_from(sorted({name for cls in CLASSES for name in cls.model_fields}))
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


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_anything_is_of_a_class_or_is_refused(cls: type[BaseModel]) -> None:
    """Parts of messages too, which arrive on no way of their own."""

    @settings(max_examples=60, deadline=None)
    @given(value=ANYTHING, genuine=valid(cls), name=NAMES)
    def read(value: Any, genuine: BaseModel, name: str) -> None:
        for given_value in (value, genuine.model_dump(mode="json") | {name: value}):  # one field is wrong
            try:
                message = cls.model_validate_json(json.dumps(given_value))
            except ValidationError:
                continue
            assert cls.model_validate_json(message.model_dump_json()) == message

    read()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_what_is_valid_survives_json_and_msgpack(cls: type[BaseModel]) -> None:
    """JSON on channels, streams and WebSockets; msgpack in Celery's tasks."""

    @settings(max_examples=60, deadline=None)
    @given(message=valid(cls))
    def travel(message: BaseModel) -> None:
        assert cls.model_validate_json(message.model_dump_json()) == message
        assert cls.model_validate(msgpack.unpackb(msgpack.packb(message.model_dump(mode="json")))) == message

    travel()


def test_every_way_in_is_tried() -> None:
    """Those that are told apart by their type, and those that have a channel or a task of their own."""
    ways_in = {*get_args(get_args(ServerMessage)[0]), OutcomeEvent, PartialEvent, StatsEvent, UtteranceJob, AnalyzeJob}
    assert ways_in | {PartialRequest} <= set(CLASSES)


@settings(max_examples=200, deadline=None)
@given(event=valid(OutcomeEvent))
def test_an_outcome_comes_out_as_it_went_in(event: OutcomeEvent) -> None:
    again = BUS_EVENT.validate_json(event.model_dump_json())
    assert again == event
    assert isinstance(again, OutcomeEvent)
    shown = again.numbered()
    assert MESSAGE.validate_json(shown.model_dump_json()) == shown
    message = event.message.model_dump_json(ensure_ascii=False)
    assert event.session not in shown.model_dump_json() or event.session in message


@settings(max_examples=100, deadline=None)
@given(asked=valid(PartialRequest), text=TEXT)
def test_a_partial_answers_its_request(asked: PartialRequest, text: str) -> None:
    answer = BUS_EVENT.validate_json(asked.answer(text).model_dump_json())
    assert isinstance(answer, PartialEvent)
    assert (answer.session, answer.partial.text, answer.asked) == (asked.session, text, asked.end)


@settings(max_examples=200, deadline=None)
@given(value=ANYTHING | st.binary(max_size=100))
def test_any_heartbeat_is_a_worker_or_none(value: Any) -> None:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    info = parse_worker(raw)
    assert info is None or info.expires > 0
