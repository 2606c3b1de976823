"""WAV files, logging, heartbeats, settings."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import redis
from scipy.io import wavfile

from contract.keys import workers_key
from contract.queues import STT_QUEUE
from contract.settings import ServiceSettings
from runtime.logs.setup import OneLineFormatter, printable
from runtime.redis_client import async_redis
from runtime.wav import WavError, read_wav, write_wav
from runtime.worker.heartbeat import Heartbeat, live_workers


def test_a_wav_is_what_was_written(tmp_path: Path) -> None:
    pcm = np.random.default_rng(2).integers(-32768, 32768, 16_000).astype("<i2").tobytes()
    write_wav(tmp_path / "a.wav", pcm)
    rate, samples = wavfile.read(tmp_path / "a.wav")
    assert (rate, samples.dtype, samples.shape) == (16_000, np.int16, (16_000,))
    assert read_wav(tmp_path / "a.wav") == pcm


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32"])
@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_any_wav_becomes_16_khz_mono(tmp_path: Path, dtype: str, rate: int) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    scale = {"uint8": 127, "int16": 32767, "int32": 2**31 - 1, "float32": 1}[dtype]
    samples = (tone * scale + (128 if dtype == "uint8" else 0)).astype(dtype)
    wavfile.write(tmp_path / "a.wav", rate, np.stack([samples, samples], axis=1))
    got = np.frombuffer(read_wav(tmp_path / "a.wav"), "<i2") / 32767
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    assert len(got) == 16_000
    assert np.abs(got - expected)[500:-500].max() < 0.02


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_two_channels_of_a_wav_stay_apart_where_that_is_wanted(tmp_path: Path, rate: int) -> None:
    tones = [0.5 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate) for hertz in (440, 1_000)]
    wavfile.write(tmp_path / "a.wav", rate, np.stack(tones, axis=1).astype(np.float32))
    got = np.frombuffer(read_wav(tmp_path / "a.wav", 2), "<i2").reshape(-1, 2) / 32767
    for number, hertz in enumerate((440, 1_000)):
        expected = 0.5 * np.sin(2 * np.pi * hertz * np.arange(16_000) / 16_000)
        assert np.abs(got[:, number] - expected)[500:-500].max() < 0.02


@pytest.mark.parametrize(("channels", "words"), [(1, "has 1 channel, not 2"), (3, "has 3 channels, not 2")])
def test_another_number_of_channels_is_said(tmp_path: Path, channels: int, words: str) -> None:
    wavfile.write(tmp_path / "a.wav", 16_000, np.squeeze(np.zeros((99, channels), dtype=np.int16)))
    with pytest.raises(WavError, match=words):
        read_wav(tmp_path / "a.wav", 2)


def test_what_is_no_wav_is_said_so(tmp_path: Path) -> None:
    for content in (b"not a wave file at all", b"RIFF\x10\x00\x00\x00WAVEfmt \x10"):
        (tmp_path / "a.wav").write_bytes(content)
        with pytest.raises(WavError, match="not a WAV"):
            read_wav(tmp_path / "a.wav")


def test_a_log_record_cannot_forge_a_second_line() -> None:
    record = logging.LogRecord(
        "x", logging.INFO, "f", 1, "said %s", ("a\n2026 ERROR root: forged\x1b[31m\u2028",), None
    )
    line = OneLineFormatter().format(record)
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert printable("안녕 é") == "안녕 é"


def test_what_an_exception_says_cannot_forge_a_record_either() -> None:
    try:
        raise ValueError("said\n2026-01-01 00:00:00,000 ERROR root: forged\x1b[31m\r\u2028\u202e\x85")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), sys.exc_info())
    lines = OneLineFormatter().format(record).splitlines()
    assert len(lines) > 3
    assert all(line.startswith("    ") for line in lines[1:])
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    "character",
    ["\n", "\r", "\x1b", "\x00", "\x7f", "\x85", "\x9b", "\u2028", "\u2029", "\u202e", "\u2066", "\ufeff", "\ud800"],
)
def test_no_character_that_a_terminal_or_a_reader_obeys_is_left(character: str) -> None:
    shown = printable(f"a{character}b")
    assert character not in shown and shown.isprintable()
    assert shown.startswith("a\\") and shown.endswith("b")


def test_a_heartbeat_is_seen_until_it_signs_off(redis_client: redis.Redis, redis_port: int) -> None:
    settings = ServiceSettings(redis_host="127.0.0.1", redis_port=redis_port)

    async def look() -> list[tuple[str, bool]]:
        async with async_redis(settings) as client:
            return [(w.model, w.demo) for w in await live_workers(client, STT_QUEUE)]

    beat = Heartbeat(redis_client, STT_QUEUE, "w1", "base", False, 60)
    stale = {"model": "old", "demo": False, "expires": time.time() - 1, "busy_sec": 0, "tasks_done": 0}
    redis_client.hset(workers_key(STT_QUEUE), mapping={"gone": json.dumps(stale), "junk": b"\xff{"})
    beat.start()
    assert asyncio.run(look()) == [("base", False)]
    assert redis_client.hkeys(workers_key(STT_QUEUE)) == [b"w1"]
    assert redis_client.ttl(workers_key(STT_QUEUE)) > 0
    beat.stop()
    assert asyncio.run(look()) == []


def test_the_password_is_quoted_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "p@ss/w:rd")
    monkeypatch.setenv("REDIS_HOST", "example")
    settings = ServiceSettings()
    assert settings.broker_url() == "redis://:p%40ss%2Fw%3Ard@example:6379/0"
    assert "p@ss" not in repr(settings)
