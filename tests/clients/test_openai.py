"""The official clients: openai 3.57.0 for Python as it is, and the request of openai 6.49.0 for Node (with undici).

Both send lists with brackets in the name and a file's content type or application/octet-stream, and raise typed errors
by the status, with `error.message`, `param` and `code`.
"""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from harness.stack import Stack
from tests.clients.conftest import BEARER, HEARD, TOKEN
from tests.clients.wire import TRANSCRIPTIONS, field, form, post, sound

BOUNDARY = "----formdata-undici-089703643196"
NODE = {
    "accept": "application/json",
    "user-agent": "OpenAI/JS 6.49.0",
    "x-stainless-retry-count": "0",
    "x-stainless-lang": "js",
    "x-stainless-package-version": "6.49.0",
    "x-stainless-os": "Linux",
    "x-stainless-arch": "x64",
    "x-stainless-runtime": "node",
    "x-stainless-runtime-version": "v20.20.2",
    "content-type": f"multipart/form-data; boundary={BOUNDARY}",
    "accept-language": "*",
    "sec-fetch-mode": "cors",
    "accept-encoding": "gzip, deflate",
}


@pytest.fixture
def client(system: Stack) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{system.url}/v1", api_key=TOKEN, timeout=60) as made:
        yield made


def test_python_lists_the_models_and_sends_a_file_to_one(client: openai.OpenAI, sounds: dict[str, bytes]) -> None:
    names = [model.id for model in client.models.list()]
    assert "whisper-1" in names
    for name in names:
        answer = client.audio.transcriptions.create(
            model=name,
            file=("talk.mp3", sounds["mp3"]),
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
        assert HEARD.fullmatch(answer.text)
        assert answer.segments is not None
        assert answer.words is not None


def test_python_tells_a_wrong_key_and_a_wrong_file(client: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError, match="access token is wrong"):
        client.with_options(api_key="not-the-key-0123456789").models.list()
    with pytest.raises(openai.APIStatusError) as told:
        client.audio.transcriptions.create(model="whisper-1", file=("talk.mp3", b"no sound"))
    assert (told.value.status_code, told.value.param) == (415, "file")


def test_node_sends_lists_with_brackets(system: Stack, sounds: dict[str, bytes]) -> None:
    body = form(
        BOUNDARY,
        sound("talk.mp3", "application/octet-stream", sounds["mp3"]),
        field("model", "whisper-1"),
        field("response_format", "verbose_json"),
        field("timestamp_granularities[]", "word"),
        field("timestamp_granularities[]", "segment"),
    )
    answer = post(system.url, TRANSCRIPTIONS, {**NODE, **BEARER}, body)
    assert answer.status == 200, answer.text
    assert HEARD.fullmatch(answer.json["text"])
    assert answer.json["words"]
