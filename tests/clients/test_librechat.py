"""LibreChat's `speech.stt.openai` (0.8.8, api/server/services/Files/Audio/STTService.js): axios with form-data.

It sends an object with a stream, which axios turns into a form of unknown length: `file`, `model`, and `language` where
the browser's is two letters. Of the answer it reads `text`, and takes an empty one for a failure.
"""

from __future__ import annotations

from harness.stack import Stack
from tests.clients.conftest import BEARER, HEARD
from tests.clients.wire import TRANSCRIPTIONS, field, form, post, sound

BOUNDARY = "--------------------------515890814546601021194782"
HEADERS = {
    "Accept": "application/json, text/plain, */*",
    "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    **BEARER,
    "User-Agent": "axios/1.14.0",
    "Accept-Encoding": "gzip, compress, deflate, br",
    "Connection": "keep-alive",
}


def test_dictation_comes_back_as_text(system: Stack, sounds: dict[str, bytes]) -> None:
    body = form(
        BOUNDARY,
        sound("audio.webm", "video/webm", sounds["webm"]),
        field("model", "whisper-1"),
        field("language", "en"),
    )
    answer = post(system.url, TRANSCRIPTIONS, HEADERS, [body[:300], body[300:]])
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json"), "else axios would not parse it"
    assert HEARD.fullmatch(answer.json["text"])
