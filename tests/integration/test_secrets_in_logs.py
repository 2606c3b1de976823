"""No log of any service holds a session's id, an access token or what was said, however much is logged."""

from __future__ import annotations

import asyncio
import base64

from contract.messages import Result
from harness.speech import demo_clips, words_of
from harness.stack import Stack
from recorder_service.client.client import StreamClient
from tests.conftest import TOKENS
from tests.support.http_requests import request

TOKEN = TOKENS.split(", ", maxsplit=1)[0]


async def speak(url: str, pcm: bytes) -> tuple[str, list[str]]:
    texts = []
    async with StreamClient(url, language="en", token=TOKEN) as client:
        await client.send(pcm)
        assert await client.drain(60)
        session = client.session
        assert session is not None
        async for message in client.messages():
            if isinstance(message, Result):
                texts.append(message.text)
                break
    return session, texts


def test_no_log_holds_a_secret_or_a_word(guarded_stack: Stack) -> None:
    clip = demo_clips()[0]
    session, texts = asyncio.run(speak(guarded_stack.ws_url, clip.pcm))
    assert words_of(texts[0]) == words_of(clip.text)
    request(guarded_stack.url, "/", headers={"Authorization": f"Bearer {TOKEN}"})
    coded = base64.urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")
    for name, service in guarded_stack.services.items():
        log = service.log.read_text(errors="replace")
        assert log, name
        for secret in (session, TOKEN, coded, texts[0], clip.pcm[:24].hex()):
            assert secret not in log, f"{name} logs {secret[:4]}…"
