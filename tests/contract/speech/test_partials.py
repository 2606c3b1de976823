"""Requests for partials and their answers are checked where they enter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from contract.events import BUS_EVENT, OutcomeEvent, PartialEvent, SentenceEnd
from contract.ids import utterance_id
from contract.jobs import MAX_TEXT_CHARS
from contract.keys import partial_audio_key
from contract.messages import Dropped, Partial
from contract.speech.partials import PartialRequest

SESSION = "Zx3kQ9rT1uVwYb7nM4pL8sDfGhJkC2aE"


@pytest.mark.parametrize(
    "wrong",
    [
        {"session": "short"},
        {"session": "../../etc/passwd" * 2},
        {"start": -1},
        {"end": 0},
        {"start": 16_000},
        {"language": "english"},
        {"v": 2},
        {"answer_by_ms": "soon"},
    ],
)
def test_a_bad_request_is_refused(wrong: dict[str, Any]) -> None:
    good: dict[str, Any] = {"session": SESSION, "start": 0, "end": 16_000}
    assert PartialRequest.model_validate_json(json.dumps(good)).language is None
    with pytest.raises(ValidationError):
        PartialRequest.model_validate_json(json.dumps(good | wrong))


def test_an_answer_names_the_utterance_and_what_was_asked() -> None:
    event = PartialRequest(session=SESSION, start=16_000, end=48_000, language="ko").answer("안녕")
    read = BUS_EVENT.validate_json(event.model_dump_json())
    assert isinstance(read, PartialEvent)
    assert (read.session, read.asked) == (SESSION, 48_000)
    assert read.partial == Partial(utterance=utterance_id(SESSION, 16_000), text="안녕")


def test_an_answer_may_say_where_a_sentence_ends() -> None:
    request = PartialRequest(session=SESSION, start=0, end=48_000, find_end=True)
    event = request.answer("Yes. And then", sentence_end=SentenceEnd(chars=4, position=9_000))
    read = BUS_EVENT.validate_json(event.model_dump_json())
    assert isinstance(read, PartialEvent)
    assert read.sentence_end == SentenceEnd(chars=4, position=9_000)
    with pytest.raises(ValidationError):
        SentenceEnd(chars=0, position=9_000)


def test_what_an_older_service_sends_has_none() -> None:
    event = PartialRequest(session=SESSION, start=0, end=1).answer("Yes.").model_dump(exclude={"sentence_end"})
    del event["partial"]["settled"]
    read = BUS_EVENT.validate_python(event)
    assert isinstance(read, PartialEvent)
    assert (read.sentence_end, read.partial.settled) == (None, 0)


def test_a_text_without_bound_is_refused() -> None:
    event = PartialRequest(session=SESSION, start=0, end=1).answer("x" * MAX_TEXT_CHARS).model_dump()
    assert BUS_EVENT.validate_python(event)
    event["partial"]["text"] += "x"
    with pytest.raises(ValidationError):
        BUS_EVENT.validate_python(event)


def test_an_outcome_is_told_from_a_partial() -> None:
    outcome = OutcomeEvent(session=SESSION, start=0, message=Dropped(utterance="x-0", reason="no_speech"))
    assert isinstance(BUS_EVENT.validate_json(outcome.model_dump_json()), OutcomeEvent)


def test_each_utterance_has_audio_of_its_own() -> None:
    assert partial_audio_key(SESSION, 5) != partial_audio_key(SESSION, 50)
    assert partial_audio_key(SESSION, 5).endswith(f"{SESSION}:5")
