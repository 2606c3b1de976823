"""16 kHz mono WAV files: for the recorder, and to look at an utterance while debugging."""

from __future__ import annotations

import struct
from math import gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ


class WavError(ValueError):
    """The file is no WAV that can be read; the message says why."""


def write_wav(path: Path, pcm: bytes) -> None:
    """Write s16le mono 16 kHz `pcm` to `path` as a WAV file."""
    from scipy.io import wavfile

    wavfile.write(path, SAMPLE_RATE_HZ, np.frombuffer(pcm, dtype="<i2"))


def read_wav(path: Path) -> bytes:
    """Any WAV as s16le mono 16 kHz: channels are averaged, other rates resampled with a low-pass.

    Raises WavError for what scipy cannot read, FileNotFoundError and PermissionError as they are.
    """
    from scipy.io import wavfile  # here, because scipy takes longer to import than all else that a service starts with

    try:
        rate, samples = wavfile.read(path)
    except (ValueError, struct.error) as problem:
        raise WavError(f"{path}: not a WAV file that can be read ({problem})") from problem
    mono = to_float(samples)
    if mono.ndim == 2:
        mono = mono.mean(axis=1)
    if rate != SAMPLE_RATE_HZ:
        from scipy.signal import resample_poly

        common = gcd(int(rate), SAMPLE_RATE_HZ)
        mono = resample_poly(mono, SAMPLE_RATE_HZ // common, int(rate) // common)
    return to_pcm(mono)


def to_float(samples: NDArray[np.generic]) -> NDArray[np.float64]:
    """WAV samples of any integer or float type as floats in -1 to 1 (8-bit WAV is unsigned)."""
    if samples.dtype == np.uint8:
        return (samples.astype(np.float64) - 128.0) / 128.0
    if np.issubdtype(samples.dtype, np.integer):
        full_scale = float(2 ** (8 * samples.dtype.itemsize - 1))
        return samples.astype(np.float64) / full_scale
    return samples.astype(np.float64)


def to_pcm(samples: NDArray[np.floating]) -> bytes:
    """Floats in -1 to 1 as s16le bytes, clamped."""
    clamped: NDArray[np.int16] = np.clip(np.rint(samples * FULL_SCALE), -32768, 32767).astype("<i2")
    return clamped.tobytes()
