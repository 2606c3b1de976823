"""The command line tool with two channels, a speaker each, at a real gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis

from harness.gateway import GatewayProcess
from runtime.wav import read_wav, write_wav
from tests.recorder_service.fakes import FakeGateway, fake_gateway, noise, run
from tests.recorder_service.recorder_process import Recorder, environment
from tests.recorder_service.virtual_microphone import alsa_playing
from tests.support.conversation import as_pcm, microphones, voices
from tests.support.fake_pipeline import FakePipeline
from tests.support.media import channels_wav

RATE = 16_000
NO_REDIS_PORT = 1  # with --url the recorder needs none
TURNS = [(0, "long_happy"), (1, "meeting_monday"), (0, "food_terrible"), (1, "not_like_movie"), (0, "not_bad")]
QUIET_SEC = 8.0  # between the second turn and the third


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    """Each speaker's voice alone, shape (2, n)."""
    quiet = np.zeros((2, round(QUIET_SEC * RATE)))
    return np.concatenate((voices(TURNS[:2], 2, 1.2), quiet, voices(TURNS[2:], 2, 1.2)), axis=1)


@pytest.fixture(scope="module")
def heard(spoken: np.ndarray) -> np.ndarray:
    """What both microphones hear, each the other's voice as well, shape (2, n)."""
    return as_pcm(microphones(spoken))


@pytest.fixture
def gateway(redis_port: int, redis_client: redis.Redis, tmp_path: Path) -> Iterator[GatewayProcess]:
    """A real gateway, and behind it what ends every utterance at once."""
    running = GatewayProcess(redis_port, tmp_path)
    running.start()
    with FakePipeline(redis_port):
        yield running
    running.service.stop()


def messages_of(out: str, kind: str) -> list[dict[str, Any]]:
    return [message for message in map(json.loads, out.splitlines()) if message["type"] == kind]


def assert_each_turn_is_told(results: list[dict[str, Any]], spoken: np.ndarray) -> None:
    """Once, by its channel, when it was spoken."""
    turns = []
    for channel in (0, 1):
        loud = np.flatnonzero(np.abs(spoken[channel]) > 0.02)
        pieces = np.split(loud, np.flatnonzero(np.diff(loud) > RATE) + 1)
        turns += [(piece[0] / RATE, piece[-1] / RATE, channel + 1) for piece in pieces]
    assert len(turns) == len(results) == len(TURNS)
    told = sorted((one["captured_start_sec"], one["captured_end_sec"], one["channel"]) for one in results)
    for (begin, end, channel), (first, last, speaker) in zip(told, sorted(turns), strict=True):
        assert channel == speaker
        assert first - 0.8 < begin <= first + 0.15
        assert last - 0.15 <= end < last + 1.0


def test_each_channel_of_a_file_is_a_speaker(
    recorder: Recorder, gateway: GatewayProcess, spoken: np.ndarray, heard: np.ndarray, tmp_path: Path
) -> None:
    path = channels_wav(heard, tmp_path / "talk.wav")
    sent = ["--file", str(path), "--fast", "--url", gateway.ws_url, "--channels", "2"]
    status, out, err = recorder.run([*sent, "--json"], environment(NO_REDIS_PORT))
    assert status == 0, err
    assert_each_turn_is_told(messages_of(out, "result"), spoken)
    safe = messages_of(out, "safe")[-1]["position"]
    left_out = heard.shape[1] - safe
    assert left_out > (QUIET_SEC - 2.0) * RATE, "what is quiet in both is not sent"
    status, out, err = recorder.run(sent, environment(NO_REDIS_PORT))
    assert status == 0, err
    lines = sorted(out.splitlines())
    assert len(lines) == len(TURNS)
    assert {line.split("  ")[1].split(":")[0] for line in lines} == {"Speaker 1", "Speaker 2"}
    assert f"{len(TURNS)} results, 0 dropped, 0 errors." in err


def test_each_channel_of_a_microphone_is_a_speaker(
    recorder: Recorder, gateway: GatewayProcess, spoken: np.ndarray, heard: np.ndarray, tmp_path: Path
) -> None:
    """And what is saved has both, as they were captured."""
    interleaved = np.ascontiguousarray(heard.T).astype("<i2").tobytes()
    saved = tmp_path / "saved.wav"
    env = environment(NO_REDIS_PORT, ALSA_CONFIG_PATH=str(alsa_playing(interleaved, tmp_path)))
    sent = ["--channels", "2", "--url", gateway.ws_url, "--seconds", f"{heard.shape[1] / RATE:.6f}"]
    status, out, err = recorder.run([*sent, "--save", str(saved), "--json"], env)
    assert status == 0, err
    assert_each_turn_is_told(messages_of(out, "result"), spoken)
    assert read_wav(saved, 2) == interleaved


def test_all_is_sent_without_the_gate(
    recorder: Recorder, gateway: GatewayProcess, spoken: np.ndarray, heard: np.ndarray, tmp_path: Path
) -> None:
    path = channels_wav(heard, tmp_path / "talk.wav")
    sent = ["--file", str(path), "--fast", "--url", gateway.ws_url, "--channels", "2", "--no-gate", "--json"]
    status, out, err = recorder.run(sent, environment(NO_REDIS_PORT))
    assert status == 0, err
    assert_each_turn_is_told(messages_of(out, "result"), spoken)
    assert messages_of(out, "safe")[-1]["position"] == heard.shape[1]


def test_one_channel_is_no_two_speakers(recorder: Recorder, tmp_path: Path) -> None:
    write_wav(tmp_path / "mono.wav", noise(0.5))
    sent = ["--file", "mono.wav", "--url", "ws://127.0.0.1:1", "--channels", "2"]
    status, out, err = recorder.run(sent, environment(NO_REDIS_PORT))
    assert (status, out) == (2, "")
    assert "mono.wav: has 1 channel, not 2" in err


def test_a_server_that_knows_one_channel_is_told_of(recorder: Recorder, tmp_path: Path) -> None:
    channels_wav(np.zeros((2, RATE), dtype=np.int16), tmp_path / "stereo.wav")

    async def story() -> None:
        async with fake_gateway(FakeGateway()) as gateway:
            sent = ["--file", "stereo.wav", "--url", gateway.url, "--channels", "2"]
            status, out, err = await asyncio.to_thread(recorder.run, sent, environment(NO_REDIS_PORT))
        assert (status, out) == (2, "")
        assert "the server does not take 2 channels" in err
        assert len(gateway.visits) == 1, "and is not asked again"

    run(story)
