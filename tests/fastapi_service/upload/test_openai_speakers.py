"""The official OpenAI client asks who speaks: its own types hold what comes, as a whole and streamed."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from openai.types.audio import (
    TranscriptionDiarized,
    TranscriptionDiarizedSegment,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionTextSegmentEvent,
    TranscriptionVerbose,
)

from contract.audio import SAMPLE_RATE_HZ
from contract.state.files import FileTurn
from fastapi_service.upload.answers.verbose import KNOWN_IGNORED
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.fake_file_worker import NOBODY_KNOWS, FakeFileWorker, said
from tests.support.http_requests import request
from tests.support.multipart import FORM, PATH, body, upload

pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")

VOICE = "data:audio/wav;base64," + 1_000_000 * "UklG"  # as long as ten seconds are


def sound(name: str) -> tuple[str, bytes]:
    """A file of its own: what came before is known."""
    return f"{name}.wav", name.encode()


def warnings_of(answer: TranscriptionDiarized) -> list[tuple[str, str]]:
    """Codes and messages, which are no field of OpenAI's."""
    found: Any = answer.to_dict()["warnings"]
    return [(one["code"], one["message"]) for one in found]


@pytest.fixture
def two(worker: FakeFileWorker) -> FakeFileWorker:
    """A file of which one says the first segment and half of the second, and another one the rest."""
    worker.outcomes = [said("Do you like it?"), said("Tell me now. I love it a lot.")]
    ends = [0, 3 * SAMPLE_RATE_HZ, 4 * SAMPLE_RATE_HZ]
    worker.turns = [FileTurn(speaker=n, start=ends[n - 1], end=ends[n]) for n in (1, 2)]
    return worker


def test_diarized_json_is_typed(client: openai.OpenAI, two: FakeFileWorker) -> None:
    answer = client.audio.transcriptions.create(
        model="gpt-4o-transcribe-diarize",
        file=sound("diarized"),
        response_format="diarized_json",
        chunking_strategy="auto",
    )
    assert isinstance(answer, TranscriptionDiarized)
    TranscriptionDiarized.model_validate(answer.to_dict())
    for segment in answer.segments:
        TranscriptionDiarizedSegment.model_validate(segment.to_dict())
    assert [(one.id, one.speaker, one.text, one.start, one.end) for one in answer.segments] == [
        ("0", "A", "Do you like it?", 0.0, 2.0),
        ("1", "A", "Tell me now.", 2.0, 3.0),
        ("2", "B", "I love it a lot.", 3.0, 4.0),
    ]
    assert (answer.task, answer.duration) == ("transcribe", 4.0)
    assert answer.text == "Do you like it? Tell me now. I love it a lot."
    assert answer.usage is not None and answer.usage.type == "duration" and answer.usage.seconds == 4


def test_a_diarized_stream_is_typed(client: openai.OpenAI, two: FakeFileWorker) -> None:
    events = list(
        client.audio.transcriptions.create(
            model="gpt-4o-transcribe-diarize",
            file=sound("streamed"),
            response_format="diarized_json",
            chunking_strategy={"type": "server_vad"},
            stream=True,
        )
    )
    kinds: dict[str, Any] = {
        "transcript.text.delta": TranscriptionTextDeltaEvent,
        "transcript.text.segment": TranscriptionTextSegmentEvent,
        "transcript.text.done": TranscriptionTextDoneEvent,
    }
    for event in events[:-1]:
        kinds[event.type].model_validate(event.to_dict())
    last = events[-1]
    assert last.type == "transcript.text.done"
    assert "".join(one.delta for one in events if one.type == "transcript.text.delta") == last.text
    segments = [one for one in events if one.type == "transcript.text.segment"]
    assert [(one.id, one.speaker, one.text) for one in segments] == [
        ("0", "A", "Do you like it?"),
        ("1", "A", "Tell me now."),
        ("2", "B", "I love it a lot."),
    ]


def test_known_speakers_are_taken_and_said_to_be_ignored(client: openai.OpenAI, two: FakeFileWorker) -> None:
    answer = client.audio.transcriptions.create(
        model="gpt-4o-transcribe-diarize",
        file=sound("known"),
        response_format="diarized_json",
        known_speaker_names=["Anna", "Bob"],
        known_speaker_references=[VOICE, VOICE],
    )
    assert isinstance(answer, TranscriptionDiarized)
    assert {one.speaker for one in answer.segments} == {"A", "B"}
    assert warnings_of(answer) == [("known_speakers_ignored", KNOWN_IGNORED)]


def test_verbose_json_has_numbers(client: openai.OpenAI, two: FakeFileWorker) -> None:
    asked: dict[str, Any] = {"model": "w", "response_format": "verbose_json"}
    answer = client.audio.transcriptions.create(file=sound("verbose"), extra_body={"speakers": "true"}, **asked)
    assert isinstance(answer, TranscriptionVerbose)
    TranscriptionVerbose.model_validate(answer.to_dict())
    assert [one.to_dict()["speaker"] for one in answer.segments or []] == [1, 1, 2]
    plain = client.audio.transcriptions.create(file=sound("verbose"), **asked)
    assert isinstance(plain, TranscriptionVerbose)
    assert [one.to_dict().get("speaker", "none") for one in plain.segments or []] == ["none", "none"]


def test_nobody_knows_is_said(client: openai.OpenAI, worker: FakeFileWorker) -> None:
    answer = client.audio.transcriptions.create(model="w", file=sound("nobody"), response_format="diarized_json")
    assert isinstance(answer, TranscriptionDiarized)
    assert [one.speaker for one in answer.segments] == ["?", "?"]
    assert warnings_of(answer) == [("no_speakers", NOBODY_KNOWS)]


def test_a_stream_tells_turns_once_they_are_known(gateway: GatewayProcess, two: FakeFileWorker) -> None:
    text = upload(gateway.url, b"turns", stream="true", speakers="true", response_format="verbose_json").text
    kinds = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]
    brought = ["transcript.text.delta", "transcript.text.segment"]
    turns = ["transcript.segment.turns"] * 2
    assert kinds == ["transcript.text.delta", *brought, *brought, *turns, "transcript.text.done"]


def test_the_state_tells_the_same(gateway: GatewayProcess, two: FakeFileWorker) -> None:
    asked = body(b"state of who speaks", speakers="true", background="true")
    path = request(gateway.url, PATH, "POST", asked, FORM).headers["location"]
    wait_until(lambda: request(gateway.url, path).json["status"] == "completed", 10, "it is completed")
    found = request(gateway.url, path).json["result"]
    assert [one["speaker"] for one in found["segments"]] == [1, 1, 2]
    diarized = request(gateway.url, f"{path}?response_format=diarized_json").json
    assert [one["speaker"] for one in diarized["segments"]] == ["A", "A", "B"]
    assert "<v Speaker 2>I love it a lot." in request(gateway.url, f"{path}?response_format=vtt").text
    events = request(gateway.url, f"{path}?response_format=diarized_json&stream=true").text
    assert '"speaker": "B"' in events


def test_who_did_not_ask_is_not_told_afterwards(gateway: GatewayProcess, two: FakeFileWorker) -> None:
    path = request(gateway.url, PATH, "POST", body(b"not asked", background="true"), FORM).headers["location"]
    wait_until(lambda: request(gateway.url, path).json["status"] == "completed", 10, "it is completed")
    answer = request(gateway.url, f"{path}?response_format=diarized_json")
    assert (answer.status, answer.json["error"]["code"]) == (400, "speakers_not_asked")
    assert "speaker" not in request(gateway.url, path).json["result"]["segments"][0]


def test_a_translation_is_told_by_numbers_alone(gateway: GatewayProcess, two: FakeFileWorker) -> None:
    path = "/v1/audio/translations"
    refused = request(gateway.url, path, "POST", body(b"english", response_format="diarized_json"), FORM)
    assert (refused.status, refused.json["error"]["param"]) == (400, "response_format")
    asked = body(b"english", response_format="verbose_json", speakers="true")
    answer = request(gateway.url, path, "POST", asked, FORM).json
    assert [one["speaker"] for one in answer["segments"]] == [1, 1, 2]
