"""Finds again, in the sound that was played, the pieces that a gateway received."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate

from contract.audio import SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Place:
    """Where a piece was found: seconds into the sound, how alike (1 is exact), how much louder it came."""

    begin_sec: float
    end_sec: float
    likeness: float
    gain: float


def locate(pcm: bytes, played: NDArray[np.float64]) -> Place:
    """The place in `played` (16 kHz, full scale 1) that is most like the s16le `pcm`."""
    piece = np.frombuffer(pcm, dtype="<i2") / 32768.0
    margin = SAMPLE_RATE_HZ
    silence = np.zeros(margin + len(piece))
    padded = np.concatenate((silence, played, silence))
    offset = int(np.argmax(correlate(padded, piece, "valid", "fft")))
    original = padded[offset : offset + len(piece)]
    energy, original_energy = float(piece @ piece), float(original @ original)
    begin = (offset - len(silence)) / SAMPLE_RATE_HZ
    return Place(
        begin_sec=begin,
        end_sec=begin + len(piece) / SAMPLE_RATE_HZ,
        likeness=float(original @ piece) / float(np.sqrt(energy * original_energy) + 1e-12),
        gain=float(np.sqrt(energy / (original_energy + 1e-12))),
    )
