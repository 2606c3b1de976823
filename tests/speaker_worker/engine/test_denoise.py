"""Steady noise is taken away, and speech stays."""

from __future__ import annotations

import numpy as np
import pytest

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.denoise import without_noise
from speaker_worker.engine.encoder.protocol import Audio


def bursts(sec: float) -> Audio:
    """A tone that is there in half of the time."""
    t = np.arange(int(sec * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (0.1 * np.sin(2 * np.pi * 440 * t) * (t % 0.5 < 0.25)).astype(np.float32)


def test_noise_between_sounds_is_gone_and_the_sounds_are_not() -> None:
    clean = bursts(4.0)
    noise = np.random.default_rng(1).normal(0, 0.01, len(clean)).astype(np.float32)
    found = without_noise(clean + noise)
    apart = clean == 0
    assert found.shape == clean.shape
    assert np.square(found[apart]).mean() < 0.35 * np.square(noise[apart]).mean()
    assert np.square(found[~apart]).mean() == pytest.approx(np.square(clean[~apart]).mean(), rel=0.05)
    assert np.square(found - clean).mean() < 0.5 * np.square(noise).mean()


def test_without_noise_nothing_changes() -> None:
    clean = bursts(2.0)
    assert np.square(without_noise(clean) - clean).mean() < 1e-3 * np.square(clean).mean()


@pytest.mark.parametrize("samples", [0, 1, 255, 256, 257, 1000])
def test_short_audio_and_silence_have_their_length(samples: int) -> None:
    assert without_noise(np.zeros(samples, np.float32)).shape == (samples,)
    assert np.isfinite(without_noise(bursts(1.0)[:samples])).all()


def test_what_is_below_a_voice_is_gone_also_where_it_is_not_steady() -> None:
    clean = bursts(4.0)
    t = np.arange(len(clean)) / SAMPLE_RATE_HZ
    rumble = (0.05 * np.sin(2 * np.pi * 40 * t) * (1 + np.sin(2 * np.pi * 0.7 * t))).astype(np.float32)
    found = without_noise(clean + rumble)
    assert np.square(found - clean).mean() < 0.02 * np.square(rumble).mean()
