"""The mel spectrogram that Resemblyzer's network was trained on: that of librosa.feature.melspectrogram (power, not
its logarithm), 40 bands of Slaney's scale, frames of 25 ms every 10 ms, padded with zeros so that they are centred."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ

FRAME_SAMPLES = SAMPLE_RATE_HZ * 25 // 1000
HOP_SAMPLES = SAMPLE_RATE_HZ * 10 // 1000
BANDS = 40
# Slaney's scale: linear below 1 kHz, 200/3 Hz a mel, then 27 mels for a factor of 6.4.
LINEAR_HZ = 200.0 / 3.0
LOG_FROM_HZ = 1000.0
LOG_FROM_MEL = LOG_FROM_HZ / LINEAR_HZ
LOG_STEP = np.log(6.4) / 27.0


def mel_spectrogram(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The power in each band of `audio` (16 kHz, shape (n,)): shape (1 + n // HOP_SAMPLES, BANDS)."""
    padded = np.pad(audio.astype(np.float32, copy=False), FRAME_SAMPLES // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_SAMPLES)[::HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * _window(), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    found: NDArray[np.float32] = (power @ _filters().T).astype(np.float32)
    return found


@functools.cache
def _window() -> NDArray[np.float32]:
    """Hann's, periodic."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES)).astype(np.float32)


@functools.cache
def _filters() -> NDArray[np.float32]:
    """Triangles of one area each, shape (BANDS, FRAME_SAMPLES // 2 + 1)."""
    edges = _hz(np.linspace(0.0, float(_mel(SAMPLE_RATE_HZ / 2)), BANDS + 2))
    bins = np.fft.rfftfreq(FRAME_SAMPLES, 1 / SAMPLE_RATE_HZ)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.maximum(0.0, np.minimum(rise, fall))
    return (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def _mel(hz: float) -> float:
    return LOG_FROM_MEL + float(np.log(hz / LOG_FROM_HZ)) / LOG_STEP if hz >= LOG_FROM_HZ else hz / LINEAR_HZ


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < LOG_FROM_MEL, mel * LINEAR_HZ, LOG_FROM_HZ * np.exp(LOG_STEP * (mel - LOG_FROM_MEL)))
