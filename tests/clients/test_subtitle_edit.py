"""Subtitle Edit 5.2.0 beta 21, engine `OpenAI Compatible Server` (OpenAiSttService.cs): .NET's HttpClient.

It asks HEAD / whether anybody answers, whatever that says. The form's names stand without quotes, a field's content
type before its name, and the file comes last. Of JSON it reads `segments` (`start`, `end`, `text`, whole `id`; numbers
must not be null) and `text`. Of a stream it reads events by their SSE name: `transcript.text.delta`, a nested `segment`
of `transcript.text.segment`, `segments` of `transcript.text.done`; without times all is one cue.
"""

from __future__ import annotations

from typing import Any

import pytest

from harness.stack import Stack
from tests.clients.conftest import BEARER, HEARD
from tests.clients.wire import TRANSCRIPTIONS, events, form, part, post, sent
from tests.support.http_requests import request

BOUNDARY = "3ffc23c8-91a4-4a3e-93d0-3a4ba1b8ee36"
HEADERS = {**BEARER, "Content-Type": f'multipart/form-data; boundary="{BOUNDARY}"'}
FILE = "0d8b5b57-6a56-4b4d-9a2f-5f3f4c1f9a55.mp3"
WHOLE = ("id", "seek")
NUMBERS = ("start", "end", "avg_logprob", "no_speech_prob")  # the last two may be left out


def text_part(name: str, value: str) -> bytes:
    quoted = f'"{name}"' if "[" in name else name
    disposition = f"Content-Disposition: form-data; name={quoted}"
    return part("Content-Type: text/plain; charset=utf-8", disposition, content=value)


def body(content: bytes, *fields: tuple[str, str]) -> bytes:
    disposition = f"Content-Disposition: form-data; name=file; filename={FILE}; filename*=utf-8''{FILE}"
    file = part("Content-Type: audio/mpeg", disposition, content=content)
    return form(BOUNDARY, *(text_part(*one) for one in fields), file)


def check_segment(segment: dict[str, Any]) -> None:
    """What .NET's deserializer asks of each: one wrong type, and all times are lost."""
    assert all(type(segment.get(name, 0)) is int for name in WHOLE)
    assert all(type(segment.get(name, 0)) in (int, float) for name in NUMBERS)
    assert segment["end"] > segment["start"]
    assert HEARD.fullmatch(segment["text"].strip())


def test_it_is_answered_at_the_root(system: Stack) -> None:
    assert request(system.url, "/", "HEAD").status in range(200, 500)


@pytest.mark.parametrize("language", ["", "auto", "en"])
def test_segments_come_with_their_times(system: Stack, sounds: dict[str, bytes], language: str) -> None:
    fields = [("model", "whisper-1"), *([("language", language)] if language else [])]
    fields += [("response_format", "verbose_json")]
    fields += [("timestamp_granularities[]", "segment"), ("timestamp_granularities[]", "word")]
    answer = post(system.url, TRANSCRIPTIONS, HEADERS, body(sounds["mp3"], *fields))
    assert answer.status == 200, answer.text
    (segment,) = answer.json["segments"]
    check_segment(segment)
    assert all(set(word) >= {"word", "start", "end"} for word in answer.json["words"])
    assert type(answer.json["duration"]) in (int, float)


def test_a_stream_brings_text_and_times(system: Stack, sounds: dict[str, bytes]) -> None:
    fields = [("model", "whisper-1"), ("response_format", "json"), ("stream", "true"), ("temperature", "0.20")]
    with sent(system.url, TRANSCRIPTIONS, HEADERS, body(sounds["mp3"], *fields)) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].split(";")[0] == "text/event-stream"
        told = list(events(answer))
    assert [name for name, _ in told] == [data["type"] for _, data in told], "each event has its name"
    said = "".join(data["delta"] for name, data in told if name == "transcript.text.delta")
    assert HEARD.fullmatch(said)
    (segment,) = [data["segment"] for name, data in told if name == "transcript.text.segment"]
    check_segment(segment)
    assert "segments" not in told[-1][1], "which would not be read after that"


def test_a_refusal_is_shown_as_it_is(system: Stack) -> None:
    answer = post(system.url, TRANSCRIPTIONS, {"Content-Type": HEADERS["Content-Type"]}, body(b"x", ("model", "m")))
    assert answer.status == 401
    assert "token" in answer.json["error"]["message"]
