"""Noise, rooms, telephones and sounds that are no speech, for training the demo speech model.

Audio is float32 at 16 kHz, full scale 1.0; levels are root mean squares relative to full scale.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.fft import next_fast_len
from scipy.signal import lfilter

RATE_HZ = 16000
_POOL_SAMPLES = 40 * RATE_HZ


def _unit(noise: np.ndarray) -> np.ndarray:
    return np.asarray(noise / (noise.std() + 1e-12), np.float32)


class NoisePool:
    """Long stretches of white, pink and brown noise and mains hum, made once; `cut` copies a random piece."""

    def __init__(self, rng: np.random.Generator) -> None:
        white = rng.standard_normal(_POOL_SAMPLES)
        spectrum = np.fft.rfft(white)
        bins = np.arange(1, len(spectrum) + 1)
        seconds = np.arange(_POOL_SAMPLES) / RATE_HZ
        hum = sum(np.sin(2 * np.pi * hz * seconds + k) / k for k, hz in enumerate((50, 100, 150, 250, 350), 1))
        self.kinds = [
            _unit(white),
            _unit(np.fft.irfft(spectrum / np.sqrt(bins), _POOL_SAMPLES)),
            _unit(np.fft.irfft(spectrum / bins * (bins > 400), _POOL_SAMPLES)),
            _unit(np.asarray(hum) + 0.2 * white),
        ]

    def cut(self, rng: np.random.Generator, samples: int) -> np.ndarray:
        """`samples` of noise of a random kind, root mean square about 1."""
        start = int(rng.integers(0, _POOL_SAMPLES - samples))
        return self.kinds[int(rng.integers(0, len(self.kinds)))][start : start + samples]


def no_speech(rng: np.random.Generator, pool: NoisePool, samples: int) -> np.ndarray:
    """A sound without words: digital silence, noise, tones, clicks, or noise that swells like a breath."""
    kind = rng.random()
    level = 10 ** rng.uniform(-4.5, -1.0)
    seconds = np.arange(samples) / RATE_HZ
    if kind < 0.12:
        return np.zeros(samples, np.float32)
    if kind < 0.5:
        return (level * pool.cut(rng, samples)).astype(np.float32)
    if kind < 0.65:
        sound = sum(np.sin(2 * np.pi * hz * seconds) for hz in rng.uniform(60, 4000, int(rng.integers(1, 4))))
        if rng.random() < 0.4:
            sound = sound * (np.sin(2 * np.pi * rng.uniform(0.5, 4) * seconds) > 0)
    elif kind < 0.82:
        sound = np.zeros(samples)
        sound[rng.integers(0, samples, int(rng.integers(1, 12)))] = rng.uniform(3, 10)
        sound = lfilter([1.0], [1, -rng.uniform(0.3, 0.98)], sound)
    else:
        swell = np.clip(np.sin(2 * np.pi * rng.uniform(0.2, 1.5) * seconds + rng.uniform(0, 6)), 0, 1) ** 2
        sound = lfilter([1 - 0.7], [1, -rng.uniform(0.3, 0.9)], pool.cut(rng, samples)) * swell * 3
    return (level * np.asarray(sound) + 10 ** rng.uniform(-5, -3) * pool.cut(rng, samples)).astype(np.float32)


def _room(rng: np.random.Generator, length: int) -> np.ndarray:
    """A mild room: the direct sound, then noise that decays to -60 dB in 0.1 to 0.4 s."""
    decay = np.exp(-6.9 * np.arange(length) / (rng.uniform(0.1, 0.4) * RATE_HZ))
    response = rng.standard_normal(length) * decay * rng.uniform(0.02, 0.09)
    response[:30] = 0
    response[0] = 1
    return np.asarray(response, np.float32)


def colour(rng: np.random.Generator, audio: torch.Tensor, share: float = 0.35) -> torch.Tensor:
    """Room echo, telephone band or a duller microphone on about `share` of the rows of `audio` [batch, samples]."""
    rows = np.flatnonzero(rng.random(len(audio)) < share)
    if not len(rows):
        return audio
    size = next_fast_len(audio.shape[1] + 4096, real=True)
    spectrum = torch.fft.rfft(audio[rows], size)
    hz = torch.fft.rfftfreq(size, 1 / RATE_HZ)
    for i in range(len(rows)):
        kind = rng.random()
        if kind < 0.6:
            spectrum[i] *= torch.fft.rfft(torch.from_numpy(_room(rng, 4096)), size)
        if kind > 0.8:
            spectrum[i] *= torch.sigmoid((3400 - hz) / 60) * torch.sigmoid((hz - 300) / 30)
        elif kind > 0.5:
            spectrum[i] *= torch.sigmoid((rng.uniform(3500, 7500) - hz) / 150)
    audio[rows] = torch.fft.irfft(spectrum, size)[:, : audio.shape[1]]
    return audio
