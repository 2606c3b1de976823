"""From audio to text and sentiment through every service, each a process, with the demo models."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import redis

from contract.messages import Dropped, Error, Result, ServerMessage, Stats
from harness.processes import wait_until
from harness.speech import Clip, demo_clips, espeak, noise, words_of
from harness.stack import Stack
from recorder_service.client.client import StreamClient

Outcome = Result | Dropped | Error
FRAME_BYTES = 3200  # 100 ms
STAGES = {"endpoint", "dispatch", "queue", "speech_check", "speech", "analyzer_queue", "sentiment", "relay"}


async def speak(url: str, utterances: list[bytes]) -> list[ServerMessage]:
    """Send utterances over one connection, as fast as it takes them; all that came back, the last statistics too."""
    messages: list[ServerMessage] = []
    counted = asyncio.Event()
    async with StreamClient(url) as client:

        async def read() -> None:
            async for message in client.messages():
                messages.append(message)
                if isinstance(message, Stats) and message.session.utterances >= len(utterances):
                    counted.set()

        reading = asyncio.create_task(read())
        for pcm in utterances:
            for begin in range(0, len(pcm), FRAME_BYTES):
                await client.send(pcm[begin : begin + FRAME_BYTES])
            await client.end_utterance()
        assert await client.drain(120), "an utterance has no outcome"
        await asyncio.wait_for(counted.wait(), 20)
    await reading
    return messages


def outcomes(messages: list[ServerMessage]) -> list[Outcome]:
    found = [m for m in messages if isinstance(m, Outcome) and m.seq]
    return sorted(found, key=lambda m: m.start_sec)


def hear(stack: Stack, *utterances: bytes) -> list[Outcome]:
    return outcomes(asyncio.run(speak(stack.ws_url, list(utterances))))


@pytest.mark.parametrize(("text", "zone"), [("I love this movie", "positive"), ("The food was terrible", "negative")])
def test_a_plain_synthetic_voice_is_understood(stack: Stack, tmp_path: Path, text: str, zone: str) -> None:
    (result,) = hear(stack, espeak(text, tmp_path))
    assert isinstance(result, Result), result
    assert words_of(result.text) == words_of(text)
    assert result.language == "en"
    assert result.sentiment is not None
    assert result.sentiment.zone == zone
    assert result.sentiment.label == zone.upper()
    assert sum(result.sentiment.scores.values()) == pytest.approx(1.0, abs=0.01)
    assert set(result.timings_ms) == STAGES


def test_every_demo_clip_is_understood(stack: Stack) -> None:
    clips: list[Clip] = demo_clips()
    assert len(clips) >= 5
    assert {clip.sentiment for clip in clips} == {"positive", "negative", "neutral"}
    results = hear(stack, *(clip.pcm for clip in clips))
    assert len(results) == len(clips)
    for clip, result in zip(clips, results, strict=True):
        assert isinstance(result, Result), (clip.path.name, result)
        assert words_of(result.text) == words_of(clip.text)
        assert result.sentiment is not None
        assert result.sentiment.zone == clip.sentiment, clip.path.name


@pytest.mark.parametrize("level", [0.0, 0.003, 0.03, 0.2])
def test_silence_and_noise_give_no_words(stack: Stack, level: float) -> None:
    for outcome in hear(stack, noise(1.0, level), noise(4.0, level, seed=4)):
        assert isinstance(outcome, Dropped), outcome
        assert outcome.reason
        assert outcome.detail


def test_a_long_utterance_is_understood_to_its_end(stack: Stack, tmp_path: Path) -> None:
    text = "I love this movie. The food was terrible. Thank you very much."
    (result,) = hear(stack, espeak(text, tmp_path))
    assert isinstance(result, Result), result
    assert words_of(result.text) == words_of(text)


def test_two_sessions_see_only_their_own(stack: Stack, tmp_path: Path) -> None:
    texts = ["I love this movie", "The food was terrible"]
    spoken = [espeak(text, tmp_path) for text in texts]

    async def both() -> list[list[ServerMessage]]:
        return await asyncio.gather(*(speak(stack.ws_url, [pcm] * 4) for pcm in spoken))

    for text, messages in zip(texts, asyncio.run(both()), strict=True):
        heard = [m.text for m in outcomes(messages) if isinstance(m, Result)]
        assert [words_of(t) for t in heard] == [words_of(text)] * 4
        assert [m.seq for m in outcomes(messages)] == [1, 2, 3, 4]


def test_the_statistics_agree_with_what_was_said(stack: Stack, tmp_path: Path) -> None:
    love, terrible = (espeak(text, tmp_path) for text in ("I love this movie", "The food was terrible"))
    messages = asyncio.run(speak(stack.ws_url, [love, terrible, love, noise(1.0, 0.01)]))
    stats = [m for m in messages if isinstance(m, Stats)][-1].session
    assert (stats.utterances, stats.results, stats.dropped, stats.errors) == (4, 3, 1, 0)
    assert stats.words == 12
    assert stats.sentiment["positive"].count == 2
    assert stats.sentiment["negative"].share == pytest.approx(1 / 3, abs=0.01)
    assert stats.audio_sec == pytest.approx((2 * len(love) + len(terrible)) / 32_000 + 1.0, abs=0.05)
    assert stats.latency_ms.p50 is not None
    assert stats.latency_ms.p95 is not None
    assert 0 < stats.latency_ms.p50 <= stats.latency_ms.p95


@pytest.mark.parametrize("name", ["stt_worker", "analyzer_worker", "listener", "gateway"])
def test_a_service_killed_at_work_loses_nothing(stack: Stack, tmp_path: Path, name: str) -> None:
    pcm = espeak("I love this movie", tmp_path)

    async def speak_and_kill() -> list[ServerMessage]:
        speaking = asyncio.create_task(speak(stack.ws_url, [pcm] * 8))
        await asyncio.sleep(0.4)  # some work is under way; whichever moment it is, the outcome must be the same
        await asyncio.to_thread(stack.services[name].kill)
        stack.services[name].start()
        return await speaking

    found = outcomes(asyncio.run(speak_and_kill()))
    assert [words_of(m.text) for m in found if isinstance(m, Result)] == [words_of("I love this movie")] * 8
    assert len({m.utterance for m in found}) == 8
    stack.wait_ready()


def test_only_the_broker_keeps_keys_for_ever_and_its_are_empty(stack: Stack, tmp_path: Path) -> None:
    hear(stack, espeak("I love this movie", tmp_path))
    with redis.Redis(port=stack.redis_port) as client:

        def lasting() -> list[bytes]:
            keys: Any = client.keys("*")
            return [key for key in keys if client.ttl(key) == -1 and not key.startswith(b"_kombu.binding")]

        # after a kill the visibility timeout (30 s) has to pass before the broker's last message is worked off
        wait_until(lambda: lasting() == [], 60, f"no key without a time to live is left: {lasting()}")


def test_transcripts_are_in_the_listeners_log_and_in_no_other(stack: Stack, tmp_path: Path) -> None:
    hear(stack, espeak("The food was terrible", tmp_path))
    for service in stack.services.values():
        assert "terrible" not in service.log.read_text(errors="replace").lower(), service.name
    assert "terrible" in (stack.folder / "result_listener.log").read_text(encoding="utf-8")
