"""The official OpenAI client: its own types hold what comes, in every format, streamed, in English, by model."""

from __future__ import annotations

import json
from typing import Any, Literal

import openai
import pytest
import redis
from openai.types import Model
from openai.types.audio import (
    Transcription,
    TranscriptionTextDeltaEvent,
    TranscriptionTextSegmentEvent,
    TranscriptionVerbose,
    Translation,
    TranslationVerbose,
)

from contract.messages import Error
from contract.queues import STT_QUEUE
from harness.processes import wait_until
from runtime.worker.heartbeat import Heartbeat
from tests.support.fake_file_worker import FakeFileWorker, said
from tests.support.http_requests import request
from tests.support.multipart import upload

# OpenAI goes on to other models; its clients, and the many that are like them, go on asking for these addresses.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")

KOREAN = said("이 영화 정말 좋아요.", "ko", translation="I love this movie.")
CANNOT = "The speech model turbo cannot translate Korean."
LOST = said("이 영화", "ko", translation=None, sentiment_reason=CANNOT)


def sound(name: str) -> tuple[str, bytes]:
    """A file of its own: what came before is known."""
    return f"{name}.wav", name.encode()


def test_json_is_text_and_what_it_costs(client: openai.OpenAI, worker: FakeFileWorker) -> None:
    answer = client.audio.transcriptions.create(model="whisper-1", file=sound("json"))
    Transcription.model_validate(answer.to_dict())
    assert answer.text == "I love it. Great!"
    assert answer.usage is not None and answer.usage.type == "duration"
    assert answer.usage.seconds == 4


def test_the_texts_of_segments_put_together_are_the_whole(client: openai.OpenAI, worker: FakeFileWorker) -> None:
    answer = client.audio.transcriptions.create(model="w", file=sound("verbose"), response_format="verbose_json")
    TranscriptionVerbose.model_validate(answer.to_dict())
    assert [segment.text for segment in answer.segments or []] == [" I love it.", " Great!"]
    assert answer.usage is not None and answer.usage.seconds == 4
    worker.outcomes = [said("映画が好き。", "ja"), said("最高。", "ja")]
    answer = client.audio.transcriptions.create(model="w", file=sound("unspaced"), response_format="verbose_json")
    assert "".join(segment.text for segment in answer.segments or []) == answer.text == "映画が好き。最高。"


@pytest.mark.parametrize("kind", ["text", "srt", "vtt"])
def test_what_cannot_be_streamed_comes_as_a_whole(
    client: openai.OpenAI, worker: FakeFileWorker, kind: Literal["text", "srt", "vtt"]
) -> None:
    asked: dict[str, Any] = {"model": "w", "file": sound(f"whole {kind}"), "response_format": kind}
    text = client.audio.transcriptions.create(**asked)
    assert "I love it." in text
    raw = client.audio.transcriptions.with_raw_response.create(**asked, stream=True)
    assert not raw.headers["content-type"].startswith("text/event-stream")
    assert raw.http_response.read().decode() == text


def test_a_stream_has_only_what_typed_clients_know(client: openai.OpenAI, worker: FakeFileWorker) -> None:
    events = list(client.audio.transcriptions.create(model="w", file=sound("stream"), stream=True))
    first, *_, last = events
    for event in events[:-1]:
        kinds = {"transcript.text.delta": TranscriptionTextDeltaEvent}
        kinds["transcript.text.segment"] = TranscriptionTextSegmentEvent  # type: ignore[assignment]
        kinds[event.type].model_validate(event.to_dict())
    assert first.type == "transcript.text.delta" and first.delta == ""
    assert first.model_extra is not None and len(first.model_extra["id"]) >= 22
    segments = [event for event in events if event.type == "transcript.text.segment"]
    assert [(one.id, one.text, one.start, one.speaker) for one in segments] == [
        ("0", " I love it.", 0.0, ""),
        ("1", " Great!", 2.0, ""),
    ]
    assert segments[0].model_extra is not None and segments[0].model_extra["language"] == "en"
    assert last.type == "transcript.text.done"
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == last.text
    assert last.to_dict()["usage"] == {"type": "duration", "seconds": 4}


def test_progress_comes_to_who_asks_for_it(client: openai.OpenAI, worker: FakeFileWorker) -> None:
    body = {"progress": "true"}
    events: list[Any] = list(
        client.audio.transcriptions.create(model="w", file=sound("progress"), stream=True, extra_body=body)
    )
    told = [event for event in events if event.type == "transcript.progress"]
    assert told[-1].done_sec == told[-1].total_sec == 4.0
    assert told[-1].id == events[0].id


def test_no_event_has_a_line_that_breaks_a_client(client: openai.OpenAI, worker: FakeFileWorker) -> None:
    raw = upload(str(client.base_url)[:-4], b"lines", stream="true").text
    assert {line.partition(":")[0] for line in raw.splitlines() if line} == {"event", "data"}, "no id"


def test_a_file_is_told_in_english(client: openai.OpenAI, worker: FakeFileWorker) -> None:
    worker.outcomes = [KOREAN, said("Great!")]
    answer = client.audio.translations.create(model="whisper-1", file=sound("korean"))
    Translation.model_validate(answer.to_dict())
    assert answer.text == "I love this movie. Great!"
    verbose = client.audio.translations.create(
        model="w", file=sound("korean"), response_format="verbose_json", extra_body={"stream": "true"}
    )
    TranslationVerbose.model_validate(verbose.to_dict())
    assert (verbose.language, verbose.duration) == ("english", 4.0)
    assert [segment.text for segment in verbose.segments or []] == [" I love this movie.", " Great!"]
    assert verbose.to_dict()["task"] == "translate"
    original = client.audio.transcriptions.create(model="w", file=sound("korean"))
    assert original.text == "이 영화 정말 좋아요. Great!", "the same work, in its own language"


@pytest.mark.parametrize("kind", ["text", "srt", "vtt"])
def test_a_translation_has_every_format(
    client: openai.OpenAI, worker: FakeFileWorker, kind: Literal["text", "srt", "vtt"]
) -> None:
    worker.outcomes = [KOREAN]
    answer = client.audio.translations.create(model="w", file=sound("korean"), response_format=kind)
    assert "I love this movie." in answer
    assert ("-->" in answer) == (kind != "text")


def test_a_model_that_cannot_translate_says_so(client: openai.OpenAI, worker: FakeFileWorker) -> None:
    worker.outcomes = [LOST, LOST, said("Great!")]
    with pytest.raises(openai.BadRequestError, match="cannot translate Korean") as refused:
        client.audio.translations.create(model="turbo", file=sound("turbo"))
    assert (refused.value.code, refused.value.param, refused.value.type) == (
        "cannot_translate",
        "model",
        "invalid_request_error",
    )
    assert client.audio.transcriptions.create(model="turbo", file=sound("turbo")).text


def test_what_has_no_english_is_told_beside_what_has(client: openai.OpenAI, worker: FakeFileWorker) -> None:
    worker.outcomes = [KOREAN, LOST, KOREAN, Error(code="gave_up", message="why")]
    answer = client.audio.translations.create(model="w", file=sound("some"), response_format="verbose_json")
    assert answer.text == "I love this movie. I love this movie."
    failed = answer.to_dict()["failed_segments"]
    assert isinstance(failed, list)
    assert [(one["start"], one["code"]) for one in failed] == [(2.0, "no_translation"), (6.0, "gave_up")]
    assert "Korean" in failed[0]["reason"]


def test_models_are_listed_and_found(client: openai.OpenAI, redis_client: redis.Redis) -> None:
    beats = [
        Heartbeat(redis_client, STT_QUEUE, f"w{number}", name, False, 60.0)
        for number, name in enumerate(["openai/whisper-large-v3-turbo", "base", "base"])
    ]
    for beat in beats:
        beat.start()
    try:
        wait_until(lambda: len(client.models.list().data) == 3, 5, "the gateway has looked again")
        listed = {model.id: model for model in client.models.list()}
        assert list(listed) == ["base", "openai/whisper-large-v3-turbo", "whisper-1"]
        for model in listed.values():
            Model.model_validate(model.to_dict())
            assert client.models.retrieve(model.id) == model
    finally:
        for beat in beats:
            beat.stop()
    with pytest.raises(openai.NotFoundError) as unknown:
        client.models.retrieve("gpt-5")
    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")


def test_without_a_worker_there_is_the_name_that_clients_ask_for(client: openai.OpenAI, worker: FakeFileWorker) -> None:
    assert "whisper-1" in [model.id for model in client.models.list()]


def test_the_model_may_be_left_out(client: openai.OpenAI, worker: FakeFileWorker) -> None:
    answer = upload(str(client.base_url)[:-4], b"no model", model="")
    assert (answer.status, answer.json["text"]) == (200, "I love it. Great!")


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v1/audio/speech", "/v1/audio/transcriptions"])
def test_an_address_that_is_none_is_told_in_openais_form(client: openai.OpenAI, path: str) -> None:
    answer = request(str(client.base_url)[:-4], path, headers={"Accept": "text/html"})
    assert answer.status in (404, 405)
    error = json.loads(answer.body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == ("method_not_supported" if answer.status == 405 else "unknown_url")
    assert path in error["message"]
    if answer.status == 405:
        assert "POST" in answer.headers["allow"]
