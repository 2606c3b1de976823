"""Home Assistant's Wyoming integration by way of the proxy wyoming_openai 0.4.1 (src/wyoming_openai/handler.py).

The proxy is the official Python client: the whole command as `recording.wav`, `model`, `response_format=json`, and
`stream=true` for models named in STT_STREAMING_MODELS. Of the answer it reads `text`, of a stream
`transcript.text.delta` alone; an event of any other type must not disturb it. Before, unless STT_BACKEND is set, it
tries whether it speaks to LocalAI (/v1/readyz), Speaches (/health) or Kokoro (/v1/test), without a key.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import openai
import pytest

from harness.stack import Stack
from tests.clients.conftest import HEARD, TOKEN
from tests.support.http_requests import request


class Recording(io.BytesIO):
    """A file in memory that has a name."""

    name = "recording.wav"


@pytest.fixture
def client(system: Stack) -> Iterator[openai.OpenAI]:
    """The proxy's, but that it waits for the answer where that one goes on meanwhile."""
    with openai.OpenAI(base_url=f"{system.url}/v1", api_key=TOKEN, timeout=60) as made:
        yield made


@pytest.mark.parametrize("path", ["/v1/readyz", "/health", "/v1/test"])
def test_it_is_not_taken_for_another_server(system: Stack, path: str) -> None:
    assert request(system.url, path).status in (401, 404)


def test_a_command_comes_back(client: openai.OpenAI, sounds: dict[str, bytes]) -> None:
    recording = Recording(sounds["wav"])
    answer = client.audio.transcriptions.create(file=recording, model="whisper-1", response_format="json")
    assert HEARD.fullmatch(answer.text)


def test_a_command_comes_back_in_pieces(client: openai.OpenAI, sounds: dict[str, bytes]) -> None:
    stream = client.audio.transcriptions.create(
        file=Recording(sounds["wav"]),
        model="gpt-4o-transcribe",
        temperature=0.0,
        prompt="Kitchen, living room",
        response_format="json",
        stream=True,
    )
    said = [piece.delta for piece in stream if piece.type == "transcript.text.delta"]
    assert HEARD.fullmatch("".join(said))
