"""No log of any service holds a session's id, an access token or what was said, however much is logged."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator

import pytest

from contract.messages import Result
from harness.speech import demo_clips, words_of
from harness.stack import Stack, start_stack
from recorder_service.client.client import StreamClient
from tests.support.http_requests import request

TOKEN = "first-token-0123456789"


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole system behind a token, logging all that it can. (/readyz says less then, so it is asked with it.)"""
    folder = tmp_path_factory.mktemp("talkative")
    with start_stack(folder, LOG_LEVEL="DEBUG", ACCESS_TOKEN=TOKEN, RESULT_LOG=str(folder / "results")) as stack:
        yield stack


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


def test_no_log_holds_a_secret_or_a_word(talkative: Stack) -> None:
    clip = demo_clips()[0]
    session, texts = asyncio.run(speak(talkative.ws_url, clip.pcm))
    assert words_of(texts[0]) == words_of(clip.text)
    request(talkative.url, "/", headers={"Authorization": f"Bearer {TOKEN}"})
    coded = base64.urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")
    for name, service in talkative.services.items():
        log = service.log.read_text(errors="replace")
        assert log, name
        for secret in (session, TOKEN, coded, texts[0], clip.pcm[:24].hex()):
            assert secret not in log, f"{name} logs {secret[:4]}…"
