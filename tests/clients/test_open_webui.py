"""open-webui's engine `openai` (0.6.x, open_webui/routers/audio.py): requests, with the key of its settings.

It sends `model` and, where a language is set, `language`, then `file` without a content type; what was refused with a
language is sent again without one. Of the answer it reads all of the JSON, and shows `error.message` of a refusal.
"""

from __future__ import annotations

import pytest

from harness.stack import Stack
from tests.clients.conftest import BEARER, HEARD
from tests.clients.wire import TRANSCRIPTIONS, field, form, part, post

BOUNDARY = "d7b1f2a0c6a94f0f9e7d0c8a5b3e1f42"
HEADERS = {
    "User-Agent": "python-requests/2.32.5",
    "Accept-Encoding": "gzip, deflate",
    "Accept": "*/*",
    "Connection": "keep-alive",
    **BEARER,
    "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
}


def body(content: bytes, **fields: str) -> bytes:
    disposition = 'Content-Disposition: form-data; name="file"; filename="0c5f.mp3"'
    return form(BOUNDARY, *(field(*one) for one in fields.items()), part(disposition, content=content))


@pytest.mark.parametrize("language", [{}, {"language": "ko"}, {"language": "en-US"}])
def test_speech_comes_back_as_json(system: Stack, sounds: dict[str, bytes], language: dict[str, str]) -> None:
    answer = post(system.url, TRANSCRIPTIONS, HEADERS, body(sounds["mp3"], model="whisper-1", **language))
    assert answer.status == 200, answer.text
    assert HEARD.fullmatch(answer.json["text"])


def test_a_refusal_says_why(system: Stack) -> None:
    answer = post(system.url, TRANSCRIPTIONS, HEADERS, body(b"no sound at all", model="whisper-1"))
    assert answer.status == 415
    assert "sound" in answer.json["error"].get("message", "")
