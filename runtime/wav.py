"""16 kHz mono WAV files: for the recorder, and to look at an utterance while debugging."""

from __future__ import annotations

import struct
from math import gcd
from pathlib import Path

import numpy as np

from contract.audio import SAMPLE_RATE_HZ
from runtime.audio.samples import to_float, to_pcm


class WavError(ValueError):
    """The file is no WAV that can be read; the message says why."""


def write_wav(path: Path, pcm: bytes) -> None:
    """Write s16le mono 16 kHz `pcm` to `path` as a WAV file."""
    from scipy.io import wavfile

    wavfile.write(path, SAMPLE_RATE_HZ, np.frombuffer(pcm, dtype="<i2"))


def read_wav(path: Path, channels: int = 1) -> bytes:
    """Any WAV as s16le mono 16 kHz: channels are averaged, other rates resampled with a low-pass. With more `channels`
    the file must have so many, which stay apart, their samples in turn.

    Raises WavError for what scipy cannot read and for another number of channels, FileNotFoundError and PermissionError
    as they are.
    """
    from scipy.io import wavfile  # here, because scipy takes longer to import than all else that a service starts with

    try:
        rate, samples = wavfile.read(path)
    except (ValueError, struct.error) as problem:
        raise WavError(f"{path}: not a WAV file that can be read ({problem})") from problem
    sound = to_float(samples)
    found = 1 if sound.ndim == 1 else sound.shape[1]
    if channels == 1 and sound.ndim == 2:
        sound = sound.mean(axis=1)
    elif channels not in (1, found):
        raise WavError(f"{path}: has {found} {'channel' if found == 1 else 'channels'}, not {channels}")
    if rate != SAMPLE_RATE_HZ:
        from scipy.signal import resample_poly

        common = gcd(int(rate), SAMPLE_RATE_HZ)
        sound = resample_poly(sound, SAMPLE_RATE_HZ // common, int(rate) // common, axis=0)
    return to_pcm(sound)
