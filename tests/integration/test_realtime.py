"""OpenAI's Realtime transcription by unchanged clients: the official one in Python, another make's from npm."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import (
    ConversationItemInputAudioTranscriptionCompletedEvent,
    RealtimeErrorEvent,
    RealtimeServerEvent,
)
from scipy.io import wavfile

from contract.audio import FULL_SCALE
from harness.processes import ROOT
from harness.speech import Clip, demo_clips, words_of
from harness.stack import Stack
from runtime.audio.resample import StreamResampler
from runtime.audio.samples import to_pcm

RATE = 24_000
CHUNK = RATE // 10 * 2
SPEED = 4  # times as fast as speech
NODE_CLIENT = ROOT / "tests" / "node_client" / "openai-realtime.mjs"


def at_24_khz(clip: Clip) -> bytes:
    """The samples of a clip as these clients send them, with silence around."""
    resampler = StreamResampler(16_000, RATE)
    samples = np.frombuffer(clip.pcm, "<i2") / FULL_SCALE
    pause = bytes(RATE * 2)
    return pause + to_pcm(np.concatenate((resampler.feed(samples), resampler.flush()))) + pause


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return demo_clips()[:2]


async def say(connection: AsyncRealtimeConnection, pcm: bytes) -> None:
    for first in range(0, len(pcm), CHUNK):
        await connection.input_audio_buffer.append(audio=base64.b64encode(pcm[first : first + CHUNK]).decode())
        await asyncio.sleep(0.1 / SPEED)


async def turns_of(connection: AsyncRealtimeConnection, count: int) -> list[RealtimeServerEvent]:
    """All events until so many turns are finished."""
    events: list[RealtimeServerEvent] = []
    finished = 0
    async with asyncio.timeout(60):
        while finished < count:
            event = await connection.recv()
            assert not isinstance(event, RealtimeErrorEvent), event
            events.append(event)
            finished += isinstance(event, ConversationItemInputAudioTranscriptionCompletedEvent)
    return events


async def official(
    stack: Stack, pcm: bytes, count: int, turn_detection: Any, commit: bool
) -> list[RealtimeServerEvent]:
    async with (
        AsyncOpenAI(base_url=f"{stack.url}/v1", api_key="none") as client,
        client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        sound: Any = {
            "format": {"type": "audio/pcm", "rate": RATE},
            "transcription": {"model": "gpt-4o-transcribe", "language": "en"},
            "turn_detection": turn_detection,
        }
        await connection.session.update(session={"type": "transcription", "audio": {"input": sound}})
        await say(connection, pcm)
        if commit:
            await connection.input_audio_buffer.commit()
        return await turns_of(connection, count)


@pytest.mark.parametrize(
    "detection",
    [{"type": "server_vad", "silence_duration_ms": 600}, {"type": "semantic_vad", "eagerness": "medium"}, None],
    ids=["server", "semantic", "commit"],
)
def test_the_official_client_is_told_what_was_said(stack: Stack, clips: list[Clip], detection: Any) -> None:
    pcm = b"".join(map(at_24_khz, clips))
    count = 1 if detection is None else len(clips)
    events = asyncio.run(official(stack, pcm, count, detection, commit=detection is None))
    completed = [one for one in events if isinstance(one, ConversationItemInputAudioTranscriptionCompletedEvent)]
    assert words_of(" ".join(one.transcript for one in completed)) == words_of(" ".join(clip.text for clip in clips))
    deltas: dict[str, str] = {}
    for event in events:
        if event.type == "conversation.item.input_audio_transcription.delta":
            deltas[event.item_id] = deltas.get(event.item_id, "") + (event.delta or "")
    assert deltas == {one.item_id: one.transcript for one in completed}
    assert [event.item_id for event in events if event.type == "input_audio_buffer.committed"] == list(deltas)
    assert [event.type for event in events[:2]] == ["session.created", "session.updated"]
    for one, clip in zip(completed, clips, strict=False):
        sentiment: Any = one.model_extra and one.model_extra["sentiment"]
        if detection is not None:
            assert sentiment["zone"] == clip.sentiment
        assert one.usage.type == "duration"
        assert one.languages is not None and one.languages[0].code == "en"


@pytest.mark.parametrize("detection", ["server_vad", "none"])
def test_a_client_of_another_make_is_told_the_same(
    stack: Stack, clips: list[Clip], detection: str, tmp_path: Path
) -> None:
    path = tmp_path / "speech.wav"
    wavfile.write(path, RATE, np.frombuffer(at_24_khz(clips[0]), "<i2"))
    command = [shutil.which("node") or "node", str(NODE_CLIENT)]
    command += [stack.url.replace("http", "ws") + "/v1/realtime", str(path), "any-key", detection]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    (turn,) = [json.loads(line) for line in ran.stdout.splitlines()]
    assert words_of(turn["transcript"]) == words_of(clips[0].text)
    assert turn["deltas"] == turn["transcript"]
    assert (turn["role"], turn["status"]) == ("user", "completed")
    assert turn["sentiment"]["zone"] == clips[0].sentiment
