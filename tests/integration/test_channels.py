"""Two people with a microphone each, through the whole system: each line is told once, by its own channel."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import redis

from contract.audio import SAMPLE_RATE_HZ
from contract.keys import file_segments_key
from contract.messages import Result, ServerMessage
from contract.queues import FILE_QUEUE, TRANSCRIBE_FILE_TASK
from contract.settings import ServiceSettings
from contract.state.files import FileJob, FileSegment, begin_call, file_path
from harness.processes import wait_until
from harness.speech import demo_clips, words_of
from harness.stack import Stack
from recorder_service.client import Backoff, StreamClient
from runtime.broker.app import make_celery
from tests.recorder_service.recorder_process import Recorder, environment
from tests.support.conversation import as_pcm, clip, microphones, voices
from tests.support.cutting_proxy import CuttingProxy
from tests.support.media import channels_wav
from tests.support.raw_client import OUTCOMES, RawClient

TURNS = [
    (0, "love_movie"),
    (1, "food_terrible"),
    (0, "meeting_monday"),
    (1, "not_like_movie"),
    (0, "not_bad"),
    (1, "love_movie"),
]
TEXTS = {clip.path.stem: clip.text for clip in demo_clips()}
SAID = [(speaker + 1, words_of(TEXTS[name])) for speaker, name in TURNS]


def heard() -> np.ndarray:
    """What both microphones hear, with crosstalk at -20 dB; shape (2, n)."""
    return as_pcm(microphones(voices(TURNS, 2, 1.6)))


def test_a_stereo_file_is_told_by_its_channels(stack: Stack, tmp_path: Path) -> None:
    file_id, session = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    job = FileJob(
        id=file_id, session=session, content=secrets.token_hex(32), file_bytes=1, speakers=True, language="en"
    )
    with redis.Redis(port=stack.redis_port) as client:
        script, keys, arguments = begin_call(job, 8, 600, 600)
        client.eval(script, len(keys), *keys, *arguments)
        channels_wav(heard(), tmp_path / "call.wav").replace(file_path(stack.folder / "uploads", file_id))
        app = make_celery("test", ServiceSettings(redis_host="127.0.0.1", redis_port=stack.redis_port))
        app.send_task(TRANSCRIBE_FILE_TASK, args=[file_id], queue=FILE_QUEUE, argsrepr="(file)", ignore_result=True)
        wait_until(lambda: client.llen(file_segments_key(file_id)) >= len(SAID), 60, "all is written down")
        raw: Any = client.lrange(file_segments_key(file_id), 0, -1)
    segments = [FileSegment.model_validate_json(one) for one in raw]
    found = [(one.channel, words_of(one.outcome.text)) for one in segments if isinstance(one.outcome, Result)]
    assert found == SAID


def test_two_channels_of_live_speech_are_told_by_each(stack: Stack) -> None:
    pcm = np.ascontiguousarray(heard().T).tobytes()
    with RawClient(stack.ws_url, query="channels=2&language=en") as client:
        client.expect("session")
        for first in range(0, len(pcm), 6400):
            client.send(pcm[first : first + 6400])
        client.send(b"")
        while not any(one["type"] == "safe" and one["position"] == len(pcm) // 4 for one in client.messages):
            client.receive(60)

        def accepted() -> set[str]:
            return {one["utterance"] for one in client.messages if one["type"] == "accepted"}

        def ended() -> list[dict[str, Any]]:
            return [one for one in client.messages if one["type"] in OUTCOMES]

        while not accepted() <= {one["utterance"] for one in ended()}:
            client.receive(60)
    results = sorted((one for one in ended() if one["type"] == "result"), key=lambda one: float(one["start_sec"]))
    assert [(one["channel"], words_of(one["text"])) for one in results] == SAID


def test_the_recorder_tells_who_said_each_line(stack: Stack, tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    path = channels_wav(heard(), tmp_path / "talk.wav")
    sent = ["--file", str(path), "--fast", "--url", stack.ws_url, "--channels", "2", "--language", "en"]
    try:
        status, out, err = recorder.run(sent, environment(stack.redis_port))
    finally:
        recorder.close()
    assert status == 0, err
    told = [line.split("  ")[1].split(": ", 1) for line in sorted(out.splitlines()) if line.startswith("0:")]
    assert [(speaker, words_of(text)) for speaker, text in told] == [
        (f"Speaker {channel}", words) for channel, words in SAID
    ]


def test_the_client_loses_nothing_of_both_where_a_connection_breaks(stack: Stack) -> None:
    pcm = np.ascontiguousarray(heard().T).tobytes()
    two_turns = round(3 * 1.6 * SAMPLE_RATE_HZ) + sum(len(clip(name)) for _, name in TURNS[:2])
    broken_at = 4 * (two_turns + SAMPLE_RATE_HZ // 2)  # in the third turn

    async def speak() -> list[Result]:
        address = urlsplit(stack.ws_url)
        assert address.port is not None
        async with CuttingProxy(address.port) as proxy:
            url = f"ws://127.0.0.1:{proxy.port}{address.path}"
            async with StreamClient(url, language="en", channels=2, backoff=Backoff(0.02, 0.1)) as client:
                await client.send(pcm[:broken_at])
                told: list[ServerMessage] = []
                messages = client.messages()
                async with asyncio.timeout(60):
                    while (client.last_seq, client.last_seq2) != (1, 1):
                        told.append(await anext(messages))
                assert proxy.cut() == 1
                await client.send(pcm[broken_at:])
                assert await client.drain(60)
                assert (client.position, client.unsafe_sec) == (len(pcm) // 4, 0)
            told += [message async for message in messages]
            return [message for message in told if isinstance(message, Result)]

    results = sorted(asyncio.run(speak()), key=lambda one: one.start_sec)
    assert [(one.channel, words_of(one.text)) for one in results] == SAID
    assert all(one.speaker == one.channel for one in results)
