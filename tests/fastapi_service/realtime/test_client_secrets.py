"""Short-lived keys: what they open, for how long, and what they do not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import OpenAI

from fastapi_service.access.tokens import Access
from fastapi_service.realtime.client_secrets import config_of
from harness.gateway import GatewayProcess
from tests.support.http_requests import request
from tests.support.realtime_client import TOKEN, RealtimeClient, key

BEARER = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
ROUTE = "/v1/realtime/client_secrets"


def test_a_key_opens_the_session_that_it_was_asked_for(guarded: GatewayProcess) -> None:
    with OpenAI(base_url=f"{guarded.url}/v1", api_key=TOKEN) as client:
        sound: Any = {"turn_detection": None, "transcription": {"model": "m", "language": "ko"}}
        made = client.realtime.client_secrets.create(
            session={"type": "transcription", "audio": {"input": sound}},
            expires_after={"anchor": "created_at", "seconds": 60},
        )
    assert TOKEN not in made.value
    for _ in range(2):
        with RealtimeClient(guarded.url, "", protocols=["realtime", key(made.value)]) as page:
            told = page.expect("session.created")["session"]["audio"]["input"]
            assert (told["turn_detection"], told["transcription"]["language"]) == (None, "ko")
    with RealtimeClient(guarded.url, "", protocols=[], headers={"Authorization": f"Bearer {made.value}"}) as page:
        page.expect("session.created")
    for path in ("/v1/realtime/client_secrets", "/readyz"):
        method = "POST" if path.startswith("/v1") else "GET"
        answer = request(guarded.url, path, method, headers={"Authorization": f"Bearer {made.value}"})
        assert "stt_workers" not in answer.text and answer.status in (401, 503), "it opens nothing else"


def test_the_betas_route_gives_one_too(guarded: GatewayProcess) -> None:
    body = json.dumps({"input_audio_format": "g711_ulaw"}).encode()
    made = request(guarded.url, "/v1/realtime/transcription_sessions", "POST", body, BEARER).json
    assert made["input_audio_format"] == "g711_ulaw"
    headers = {"Authorization": f"Bearer {made['client_secret']['value']}", "OpenAI-Beta": "realtime=v1"}
    with RealtimeClient(guarded.url, headers=headers, protocols=[]) as page:
        assert page.expect("session.created")["session"]["input_audio_format"] == "g711_ulaw"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        (b"[]", 400, None),
        (b"{", 400, None),
        (b'{"session": 5}', 400, "session"),
        (b'{"session": {"type": "x"}}', 400, "session.type"),
        (b'{"expires_after": {"seconds": 9}}', 400, "expires_after.seconds"),
        (b'{"session": {"input_audio_transcription": {"prompt": "' + 2_000 * b"x" + b'"}}}', 400, "session"),
        (b'{"session": "' + 20_000 * b"x" + b'"}', 413, None),
    ],
)
def test_a_bad_body_is_refused(guarded: GatewayProcess, body: bytes, status: int, param: str | None) -> None:
    answer = request(guarded.url, ROUTE, "POST", body, BEARER)
    assert (answer.status, answer.json["error"]["param"]) == (status, param)


def test_a_key_expires_and_cannot_be_made_up() -> None:
    now = 1_000.0
    access = Access([TOKEN], 60, lambda: now)
    made = access.short_lived_key("e30", 1_060)
    assert access.takes_key(made)
    for wrong in (made[:-1], made.replace("1060", "9060"), made.removeprefix("ek_"), "ek_", "ek_e30.9999", ""):
        assert not access.takes_key(wrong)
    assert not access.takes_key("ek_" + access.cookie(TOKEN)), "a cookie is for another purpose"
    assert not access.takes_cookie(made.removeprefix("ek_"))
    assert not Access(["another-token-987654321"], 60, lambda: now).takes_key(made)
    now = 1_061.0
    assert not access.takes_key(made)


def test_where_no_token_is_asked_for_a_key_still_names_its_session() -> None:
    access = Access([], 60)
    made = access.short_lived_key("eyJ0dXJuX2RldGVjdGlvbiI6bnVsbH0", 5)
    assert config_of(made).turns is None
    assert config_of("ek_%%%").turns is not None
    assert config_of(None).turns is not None
