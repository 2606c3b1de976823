"""The message classes and the example messages describe the same thing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from contract.events import OutcomeEvent
from contract.ids import session_tag, utterance_id
from contract.jobs import AnalyzeJob, UtteranceJob
from contract.messages import Dropped, ServerMessage

EXAMPLES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "contract" / "examples.json").read_text(encoding="utf-8")
)
ANY_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)
SESSION = "Zx3kQ9rT1uVwYb7nM4pL8sDfGhJkC2aE"


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_example_is_read_and_written_back_unchanged(kind: str) -> None:
    message = ANY_MESSAGE.validate_python(EXAMPLES[kind])
    assert message.type == kind
    assert json.loads(message.model_dump_json()) == EXAMPLES[kind]


def test_there_is_an_example_of_every_message() -> None:
    kinds = set(TypeAdapter(ServerMessage).json_schema()["discriminator"]["mapping"])
    assert kinds == set(EXAMPLES)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_an_older_reader_takes_a_newer_writer(kind: str) -> None:
    assert ANY_MESSAGE.validate_python({**EXAMPLES[kind], "added_later": 1}).type == kind


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"session": SESSION, "start": 0},
        {"session": SESSION, "start": 5, "end": 5},
        {"session": SESSION, "start": -1, "end": 5},
        {"session": "short", "start": 0, "end": 5},
        {"session": "../../etc/passwd" * 2, "start": 0, "end": 5},
        {"session": SESSION, "start": 0, "end": 5, "language": "english"},
        {"session": SESSION, "start": 0, "end": 5, "v": 2},
        {"session": SESSION, "start": 0, "end": 5, "timings_ms": {str(n): 1.0 for n in range(40)}},
        {"session": SESSION, "start": 0, "end": 5, "hints": "x" * 1001},
        {"session": SESSION, "start": 0, "end": 5, "hints": "Ada\nLovelace"},
        {"session": SESSION, "start": 0, "end": 5, "hints": "Ada\u2028Lovelace"},
        {"session": SESSION, "start": 0, "end": 5, "hints": None},
        {"session": SESSION, "start": 0, "end": 5, "word_times": "perhaps"},
        "not even an object",
    ],
)
def test_a_bad_header_is_refused(header: Any) -> None:
    with pytest.raises(ValidationError):
        UtteranceJob.model_validate(header)


def test_a_job_books_its_stages() -> None:
    job = UtteranceJob(session=SESSION, start=16_000, end=48_000, stamped_ms=0.0)
    job.stamp("queue")
    job.stamp("speech")
    job.stamp("speech")
    assert set(job.timings_ms) == {"queue", "speech"}
    assert job.timings_ms["queue"] > 1e12
    assert 0 <= job.timings_ms["speech"] < 60_000
    fields = job.outcome_fields()
    assert (fields["start_sec"], fields["duration_sec"]) == (1.0, 2.0)


def test_a_job_survives_the_way_to_the_analyzer() -> None:
    job = UtteranceJob(session=SESSION, start=0, end=5, language="de", repetition=True)
    onward = AnalyzeJob(**job.model_dump(), text="Hallo.", spoken_language="de", translation="Hello.")
    again = AnalyzeJob.model_validate(onward.model_dump(mode="json"))
    assert (again.utterance, again.translation, again.language) == (job.utterance, "Hello.", "de")
    assert again.repetition


def test_a_job_of_an_older_sender_asks_for_nothing_new() -> None:
    job = UtteranceJob.model_validate({"session": SESSION, "start": 0, "end": 5})
    assert (job.hints, job.word_times, job.language_assumed, job.repetition) == ("", False, False, False)


@pytest.mark.parametrize("hints", ["", "Ada Lovelace, O'Brien", "김민준, 쿠버네티스", "x" * 1000])
def test_hints_come_through_as_they_are(hints: str) -> None:
    job = UtteranceJob(session=SESSION, start=0, end=5, hints=hints, word_times=True)
    assert UtteranceJob.model_validate_json(job.model_dump_json()) == job
    assert job.hints == hints


def test_words_have_a_bound() -> None:
    words = [{"word": "so", "start_sec": 0.1, "end_sec": 0.2}] * 1000
    job = {"session": SESSION, "start": 0, "end": 5, "text": "so", "spoken_language": "en"}
    again = AnalyzeJob.model_validate({**job, "words": words}).words
    assert again is not None
    assert len(again) == 1000
    for bad in ([*words, words[0]], [{"word": "so"}], [{**words[0], "start_sec": -1}]):
        with pytest.raises(ValidationError):
            AnalyzeJob.model_validate({**job, "words": bad})


def test_ids_that_are_shown_do_not_hold_the_session() -> None:
    shown = utterance_id(SESSION, 5)
    assert shown == f"{session_tag(SESSION)}-5"
    assert SESSION not in shown
    assert not any(SESSION[n : n + 6] in shown for n in range(len(SESSION) - 6))


def test_an_event_is_numbered_for_the_client() -> None:
    event = OutcomeEvent(session=SESSION, seq=7, start=0, message=Dropped(utterance="x-0", reason="no_speech"))
    assert event.numbered().seq == 7
    assert OutcomeEvent.model_validate_json(event.model_dump_json()) == event
