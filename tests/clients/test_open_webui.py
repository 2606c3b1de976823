"""open-webui 0.12.4, engine `openai` with `Multipart Upload` (open_webui/routers/audio/__init__.py): aiohttp.

It sends `model`, empty until one is set, `language` where WHISPER_LANGUAGE or the user's language is set, and `file` as
a stream of unknown length, each with a content type; what was refused with a language is sent again without one. Of the
answer it reads `text`, of a refusal `error.message`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.stack import Stack
from tests.clients.conftest import BEARER, HEARD
from tests.clients.wire import TRANSCRIPTIONS, form, part, post

BOUNDARY = "d7b1f2a0c6a94f0f9e7d0c8a5b3e1f42"
HEADERS = {
    **BEARER,
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "Python/3.11 aiohttp/3.14.5",
    "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
}
NAME = "5f0c9a7e-6b0d-4b7c-9d0e-8a2f7d1c3b4a.mp3"


def pieces(content: bytes, **fields: str) -> Iterator[bytes]:
    """The body, the file's bytes apart from what is around them."""
    mark = b"sound goes here"
    parts = [
        part("Content-Type: text/plain; charset=utf-8", f'Content-Disposition: form-data; name="{name}"', content=value)
        for name, value in fields.items()
    ]
    disposition = f'Content-Disposition: form-data; name="file"; filename="{NAME}"'
    parts.append(part("Content-Type: application/octet-stream", disposition, content=mark))
    before, after = form(BOUNDARY, *parts).split(mark)
    yield before
    for at in range(0, len(content), 10_000):
        yield content[at : at + 10_000]
    yield after


@pytest.mark.parametrize("fields", [{"model": ""}, {"model": "whisper-1", "language": "en-us"}])
def test_speech_comes_back_as_json(system: Stack, sounds: dict[str, bytes], fields: dict[str, str]) -> None:
    answer = post(system.url, TRANSCRIPTIONS, HEADERS, pieces(sounds["mp3"], **fields))
    assert answer.status == 200, answer.text
    assert HEARD.fullmatch(answer.json["text"])


def test_a_refusal_says_why(system: Stack) -> None:
    answer = post(system.url, TRANSCRIPTIONS, HEADERS, pieces(b"no sound at all", model="whisper-1"))
    assert answer.status == 415
    assert "sound" in answer.json["error"].get("message", "")
