"""A quiet voice is brought up; silence, noise and what is loud enough stay as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.audio import SAMPLE_RATE_HZ
from file_worker.media.decoder import SoundFile
from file_worker.media.level import GAIN_MAX_DB, TARGET_DB, LevelLift, gain_db
from harness.speech import demo_clips, noise
from tests.support.media import quieter, silence, tone

Floats = np.ndarray
CLIP = next(clip for clip in demo_clips() if clip.path.stem == "love_movie").pcm


def floats(pcm: bytes) -> Floats:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32_768


def lifted(samples: Floats, sizes: tuple[int, ...] = (SAMPLE_RATE_HZ,)) -> Floats:
    lift, found, at, turn = LevelLift(), [], 0, 0
    while at < len(samples):
        size = sizes[turn % len(sizes)]
        found += list(lift.feed(samples[at : at + size]))
        at, turn = at + size, turn + 1
    found += list(lift.finish())
    return np.concatenate(found) if found else samples


def decibels(samples: Floats) -> float:
    return float(10 * np.log10(np.mean(np.square(samples.astype(np.float64))) + 1e-12))


@pytest.mark.parametrize("down", [30, 40, 50, 60])
def test_quiet_speech_is_brought_up(tmp_path: Path, down: float) -> None:
    sound = SoundFile(quieter(silence(3.0) + CLIP + silence(3.0), down, tmp_path / "quiet.wav"), 60.0)
    found = floats(b"".join(sound.blocks()))
    sound.close()
    speech = found[3 * SAMPLE_RATE_HZ : 3 * SAMPLE_RATE_HZ + len(CLIP) // 2]
    assert TARGET_DB - 16 < decibels(speech) < TARGET_DB + 3
    assert np.abs(found).max() < 1


def test_what_is_loud_enough_is_left_bit_for_bit() -> None:
    speech = floats(silence(2.0) + CLIP + silence(15.0) + CLIP)
    assert np.array_equal(lifted(speech), speech)


@pytest.mark.parametrize("level", [0.00002, 0.0002, 0.002])
def test_noise_stays_noise(level: float) -> None:
    hiss = floats(noise(60, level))
    assert np.array_equal(lifted(hiss), hiss)


def test_silence_stays_silence() -> None:
    assert not lifted(floats(silence(40.0))).any()
    dither = np.random.default_rng(1).integers(-1, 2, 40 * SAMPLE_RATE_HZ) / 32_768
    assert np.array_equal(lifted(dither.astype(np.float32)), dither.astype(np.float32))


def test_noise_around_quiet_speech_is_not_brought_up_far_from_it() -> None:
    hiss = floats(noise(100, 0.0003))
    speech = floats(CLIP) * 0.05
    hiss[50 * SAMPLE_RATE_HZ :][: len(speech)] += speech
    found = lifted(hiss)
    assert np.array_equal(found[: 38 * SAMPLE_RATE_HZ], hiss[: 38 * SAMPLE_RATE_HZ])
    assert np.array_equal(found[65 * SAMPLE_RATE_HZ :], hiss[65 * SAMPLE_RATE_HZ :])
    assert decibels(found[50 * SAMPLE_RATE_HZ :][: len(speech)]) > decibels(speech) + 6


def test_a_short_loud_voice_among_quiet_ones_is_not_overdriven() -> None:
    quiet = floats(CLIP) * 0.003
    pause = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
    loud = floats(tone(0.5, level=0.5))
    found = lifted(np.concatenate([quiet, pause, quiet, pause, loud, pause, quiet, pause]))
    assert np.abs(found).max() < 0.95


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.floats(0.05, 15.0), st.floats(-90.0, 0.0), st.sampled_from(["tone", "noise", "silence"])),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.integers(1, 50_000), min_size=1, max_size=5),
)
def test_any_split_gives_the_same_and_the_gain_is_bounded(
    parts: list[tuple[float, float, str]], sizes: list[int]
) -> None:
    rng = np.random.default_rng(5)
    pieces = []
    for seconds, decibel, kind in parts:
        length, scale = round(seconds * SAMPLE_RATE_HZ), 10 ** (decibel / 20)
        wave = {
            "tone": np.sin(np.arange(length) / 11),
            "noise": rng.standard_normal(length) / 4,
            "silence": np.zeros(length),
        }
        pieces.append((wave[kind] * scale).astype(np.float32))
    samples = np.concatenate(pieces)
    found = lifted(samples, tuple(sizes))
    assert np.array_equal(found, lifted(samples))
    assert len(found) == len(samples)
    sounding = np.abs(samples) > 1e-9
    factors = found[sounding] / samples[sounding]
    assert factors.min(initial=1.0) > 0.999
    assert factors.max(initial=1.0) <= 10 ** (GAIN_MAX_DB / 20) * 1.001
    assert np.abs(found).max(initial=0.0) <= max(0.901, np.abs(samples).max(initial=0.0))


def test_the_gain_is_the_distance_to_the_target_at_most_so_much() -> None:
    def of(loud: float, floor: float) -> float:
        return gain_db(np.array([loud] * 50 + [floor] * 450))

    assert of(-20, -80) == 0
    assert of(-50, -80) == pytest.approx(TARGET_DB + 50)
    assert of(-90, -120) == 0  # a last bit alone is nothing that stands out
    assert of(-80, -92) == GAIN_MAX_DB
    assert of(-50, -61) == 0
    assert gain_db(np.array([])) == 0
