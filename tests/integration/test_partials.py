"""Partials from speech in real time through every service, with the demo models; and none where they are off."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import redis

from contract.ids import utterance_id
from contract.keys import PARTIALS, partial_audio_key
from harness.speech import CLIPS, words_of
from harness.stack import Stack
from runtime.wav import read_wav
from tests.support.raw_client import OUTCOMES, RawClient

FRAME_BYTES = 3200
FRAME_SEC = 0.1


def speak_live(url: str, pcm: bytes, query: str = "") -> list[dict[str, Any]]:
    """Say `pcm` as one utterance, as fast as people speak; all messages up to the statistics after its outcome."""
    with RawClient(url, query=query) as client:
        client.expect("session")

        def say() -> None:
            began = time.monotonic()
            for number, begin in enumerate(range(0, len(pcm), FRAME_BYTES)):
                time.sleep(max(0.0, began + number * FRAME_SEC - time.monotonic()))
                client.send(pcm[begin : begin + FRAME_BYTES])
            client.send(b"")

        speaking = threading.Thread(target=say)
        speaking.start()
        client.expect("stats", 60)
        speaking.join()
        return client.messages


def of_type(messages: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [message for message in messages if message["type"] in kinds]


@pytest.fixture(scope="module")
def long_clip() -> bytes:
    return read_wav(CLIPS / "long_happy.wav")


def test_a_long_utterance_is_shown_while_it_is_spoken(stack: Stack, long_clip: bytes) -> None:
    messages = speak_live(stack.ws_url, long_clip)
    session = messages[0]["session"]
    partials = of_type(messages, "partial")
    [accepted] = of_type(messages, "accepted")
    [outcome] = of_type(messages, *OUTCOMES)
    assert len(partials) >= 2
    assert {partial["utterance"] for partial in partials} == {utterance_id(session, 0)} == {outcome["utterance"]}
    assert max(map(messages.index, partials)) < min(messages.index(accepted), messages.index(outcome))
    final = words_of(outcome["text"])
    heard = [words_of(partial["text"]) for partial in partials]
    assert heard[0][:2] == final[:2], "the beginning, before the rest was said"
    assert len(heard[0]) < len(heard[-1]) <= len(final) + 2
    with redis.Redis(port=stack.redis_port) as client:
        assert client.exists(partial_audio_key(session, 0)) == 0
        assert client.llen(PARTIALS) == 0
    for service in stack.services.values():
        log = service.log.read_text(errors="replace").lower()
        assert not [text for text in (p["text"].lower() for p in partials) if text in log], service.name


def test_the_final_is_the_same_without_partials(stack: Stack, long_clip: bytes) -> None:
    shown, plain = (speak_live(stack.ws_url, long_clip, query) for query in ("", "partials=0"))
    assert of_type(shown, "partial")
    assert not of_type(plain, "partial")
    [one], [other] = of_type(shown, *OUTCOMES), of_type(plain, *OUTCOMES)
    assert one["text"] == other["text"]
    assert one["sentiment"]["label"] == other["sentiment"]["label"]
