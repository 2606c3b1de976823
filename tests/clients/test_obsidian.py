"""Obsidian's plugin Whisper 1.9.1 (nikdanilov/whisper-obsidian-plugin, src/AudioHandler.ts): axios in a page.

The page's origin is Obsidian's own, so Chromium asks first whether it may bring the key (OPTIONS). It sends `file`,
`model`, and of its settings what is not the default: `language`, `prompt` (with five lines of the note before and after
the cursor where `Cursor context` is on), `temperature`, `response_format`. Of the answer it reads `text`.
"""

from __future__ import annotations

import pytest

from harness.stack import Stack
from tests.clients.conftest import BEARER, HEARD, ORIGINS
from tests.clients.wire import TRANSCRIPTIONS, field, form, post, sound
from tests.support.http_requests import request

BOUNDARY = "----WebKitFormBoundaryk3XoZVn1ZpWq0yBd"
NAME = "2026-11-29T10-15-30-123Z.webm"
BROWSER = {
    "Connection": "keep-alive",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) obsidian/1.12.7 "
    "Chrome/142.0.7444.265 Electron/39.8.3 Safari/537.36",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en",
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
}
HEADERS = {
    **BROWSER,
    "Accept": "application/json, text/plain, */*",
    "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
}


def preflight(system: Stack, origin: str) -> dict[str, str]:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = request(
        system.url, TRANSCRIPTIONS, "OPTIONS", headers={**BROWSER, "Accept": "*/*", **asked, "Origin": origin}
    )
    return answer.headers if answer.status in (200, 204) else {}


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_recording_comes_back_as_text(system: Stack, sounds: dict[str, bytes], origin: str) -> None:
    allowed = preflight(system, origin)
    assert allowed["access-control-allow-origin"] == origin
    assert "authorization" in allowed["access-control-allow-headers"].lower()
    assert "POST" in allowed["access-control-allow-methods"]

    body = form(BOUNDARY, sound(NAME, "audio/webm", sounds["webm"]), field("model", "whisper-1"))
    answer = post(system.url, TRANSCRIPTIONS, {**HEADERS, **BEARER, "Origin": origin}, body)
    assert answer.status == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == origin, "else the page may not read it"
    assert HEARD.fullmatch(answer.json["text"])


def test_a_page_of_another_origin_is_not_allowed(system: Stack) -> None:
    assert "access-control-allow-origin" not in preflight(system, "app://another.app")


def test_a_long_note_around_the_cursor_is_no_hindrance(system: Stack, sounds: dict[str, bytes]) -> None:
    note = "아주 긴 노트의 한 줄입니다. " * 1_500
    body = form(
        BOUNDARY,
        sound(NAME, "audio/webm;codecs=opus", sounds["webm"]),
        field("model", "whisper-1"),
        field("language", "en"),
        field("prompt", note),
        field("temperature", "0.2"),
        field("response_format", "verbose_json"),
    )
    answer = post(system.url, TRANSCRIPTIONS, {**HEADERS, **BEARER, "Origin": ORIGINS[0]}, body)
    assert answer.status == 200, answer.text
    assert HEARD.fullmatch(answer.json["text"])


def test_a_wrong_key_is_told_to_the_page(system: Stack, sounds: dict[str, bytes]) -> None:
    body = form(BOUNDARY, sound(NAME, "audio/webm", sounds["webm"]), field("model", "whisper-1"))
    wrong = {"Authorization": "Bearer not-the-key-0123456789"}
    answer = post(system.url, TRANSCRIPTIONS, {**HEADERS, **wrong, "Origin": ORIGINS[0]}, body)
    assert answer.status == 401
    assert answer.headers["access-control-allow-origin"] == ORIGINS[0]
