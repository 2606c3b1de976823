"""Brought up, a quiet voice passes the speech check, and what is no speech does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ
from file_worker.lanes import Lanes, segments_of
from file_worker.media.level import LevelLift
from file_worker.segments import Lengths
from harness.human_voices import HumanClips, HumanVoicesMissingError, music
from harness.speech import demo_clips
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import SpeechCheck

Floats = NDArray[Any]
DOWN = 10 ** (-50 / 20)
SEC = 20


@pytest.fixture(scope="module")
def check() -> SpeechCheck:
    return SpeechCheck(SttSettings())


def speech_ms(check: SpeechCheck, samples: Floats, down: float = DOWN) -> int:
    """How much speech is heard in a file of these samples (-1 to 1) when they are so much quieter."""
    lift = LevelLift()
    found = np.concatenate([*lift.feed((samples * down).astype(np.float32)), *lift.finish()])
    pcm = np.rint(found * 32_768).clip(-32_768, 32_767).astype("<i2").tobytes()
    heard = 0
    for segment in segments_of([(pcm,)], Lanes(1, Lengths())):
        if segment is not None:
            one = check.find(floats(np.frombuffer(segment.pcm, dtype="<i2")))
            heard += one.speech_ms if check.refusal(one) is None else 0
    return heard


def floats(samples: Floats) -> NDArray[np.float32]:
    return samples.astype(np.float32) / np.float32(32_768)


def test_quiet_clips_are_heard(check: SpeechCheck) -> None:
    for clip in demo_clips():
        samples = floats(np.frombuffer(clip.pcm, dtype="<i2"))
        assert speech_ms(check, samples) > 0.7 * speech_ms(check, samples, 1.0) > 0, clip.path.stem


def test_quiet_people_are_heard(check: SpeechCheck, human_clips: HumanClips) -> None:
    for language in ("en", "es", "fr", "it", "ru"):
        for clip in human_clips(language, 10):
            samples = floats(clip.samples)
            assert speech_ms(check, samples) > 0.7 * speech_ms(check, samples, 1.0) > 0, clip.name


def noises() -> dict[str, Floats]:
    rng, count = np.random.default_rng(7), SEC * SAMPLE_RATE_HZ
    time = np.arange(count) / SAMPLE_RATE_HZ
    white = rng.standard_normal(count)
    pink = np.fft.irfft(np.fft.rfft(white) / np.sqrt(np.maximum(np.arange(count // 2 + 1), 1)))
    clicks = np.zeros(count)
    for at in rng.integers(0, count - 2000, 40):
        clicks[at : at + 2000] += rng.standard_normal(2000) * np.exp(-np.arange(2000) / 300)
    return {
        "white": white,
        "pink": pink,
        "in waves": pink * (1 + 0.8 * np.sin(2 * np.pi * 0.3 * time)),
        "switched": white * (np.sin(2 * np.pi * 0.2 * time) > 0.3),
        "hum": np.sin(2 * np.pi * 50 * time) + 0.3 * np.sin(2 * np.pi * 150 * time) + 0.01 * white,
        "beeps": np.sin(2 * np.pi * 800 * time) * (np.sin(2 * np.pi * time) > 0),
        "clicks": clicks + 0.001 * white,
        "nothing": np.zeros(count),
    }


@pytest.mark.parametrize("kind", noises())
def test_noise_is_no_speech(check: SpeechCheck, kind: str) -> None:
    sound = noises()[kind]
    loudness = float(np.sqrt(np.mean(np.square(sound)))) or 1.0
    assert speech_ms(check, sound / loudness * 0.05) == 0


def test_music_is_no_more_like_speech_than_before(check: SpeechCheck) -> None:
    try:
        tunes = music(60.0)
    except HumanVoicesMissingError as missing:
        pytest.skip(str(missing))
    long = 10 * SAMPLE_RATE_HZ
    windows = [floats(tune.samples[begin : begin + long]) for tune in tunes for begin in range(0, 6 * long, long)]
    quiet, loud = (sum(speech_ms(check, window, down) > 0 for window in windows) for down in (DOWN, 1.0))
    assert quiet <= loud
