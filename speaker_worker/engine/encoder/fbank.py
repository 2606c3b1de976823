"""Kaldi's log mel filter bank, which most encoders of voices were trained on: 80 bands from 20 Hz to 8 kHz, frames of
25 ms every 10 ms (Hamming's window, no dither, whole frames only), of samples at the scale of 16-bit ones, the mean of
each band taken off."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ

BANDS = 80
FRAME_SAMPLES, HOP_SAMPLES, FFT = SAMPLE_RATE_HZ * 25 // 1000, SAMPLE_RATE_HZ // 100, 512
LOWEST_HZ = 20.0
EMPHASIS = 0.97
FLOOR = float(np.finfo(np.float32).eps)


def fbank(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The bands of `audio` (16 kHz, -1 to 1, shape (n,)), shape (t, 80). Less than a frame is padded with silence."""
    samples = np.pad(audio.astype(np.float64) * FULL_SCALE, (0, max(0, FRAME_SAMPLES - len(audio))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_SAMPLES)[::HOP_SAMPLES]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate((frames[:, :1], frames[:, :-1]), axis=1)
    power = np.square(np.abs(np.fft.rfft((frames - EMPHASIS * before) * np.hamming(FRAME_SAMPLES), FFT, axis=1)))
    bands = np.log(np.maximum(power[:, : FFT // 2] @ _filters().T, FLOOR))
    found: NDArray[np.float32] = (bands - bands.mean(axis=0)).astype(np.float32)
    return found


@functools.cache
def _filters() -> NDArray[np.float64]:
    """Triangles on the mel scale, shape (BANDS, FFT // 2)."""
    edges = np.linspace(_mel(np.array(LOWEST_HZ)), _mel(np.array(SAMPLE_RATE_HZ / 2)), BANDS + 2)
    bins = _mel(np.arange(FFT // 2) * SAMPLE_RATE_HZ / FFT)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rise, fall))


def _mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127.0 * np.log1p(hz / 700.0)
