"""Finds again, in the sound that was played, the pieces that a gateway received."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate

from contract.audio import SAMPLE_RATE_HZ

WINDOW = SAMPLE_RATE_HZ // 10
DRIFT = SAMPLE_RATE_HZ // 20  # how far a window is looked for from where the one before it says
FAINT = 0.02  # of the loudest window's energy: too quiet to be found again
ALIKE = 0.95  # a fake microphone resamples, so windows lie at fractions of a sample


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


@dataclass(frozen=True)
class Trace:
    """Where a piece was found window by window: seconds into the sound, the median gain of the windows that are alike,
    and how many were not.

    A fake microphone drops a few milliseconds when the machine is late. The window in which that happens is not
    alike; those after it are, a little further on.
    """

    begin_sec: float
    end_sec: float
    gain: float
    windows: int
    broken: int


def follow(pcm: bytes, played: NDArray[np.float64]) -> Trace:
    """Find the s16le `pcm` in `played` (16 kHz, full scale 1), in windows of 100 ms, each near the one before."""
    whole = locate(pcm, played)
    piece = np.frombuffer(pcm, dtype="<i2") / 32768.0
    margin = np.zeros(len(piece) + 2 * SAMPLE_RATE_HZ)
    padded = np.concatenate((margin, played, margin))
    starts = range(0, len(piece) - WINDOW + 1, WINDOW)
    energies = [float(np.square(piece[start : start + WINDOW]).sum()) for start in starts]
    loud = [start for start, energy in zip(starts, energies, strict=True) if energy > FAINT * max(energies)]
    shift = rough = round(whole.begin_sec * SAMPLE_RATE_HZ) + len(margin)
    first: int | None = None
    likenesses, gains = [], []
    for start in loud:
        window = piece[start : start + WINDOW]
        reach = 4 * DRIFT if first is None else DRIFT  # the whole may have been placed by what follows a gap
        near = padded[shift + start - reach : shift + start + WINDOW + reach]
        dots = correlate(near, window, "valid")
        lengths = np.sqrt(np.convolve(np.square(near), np.ones(WINDOW), "valid") * float(window @ window))
        scores = dots / (lengths + 1e-12)
        best = int(np.argmax(scores))
        likenesses.append(float(scores[best]))
        if scores[best] > ALIKE:
            shift += best - reach
            original = near[best : best + WINDOW]
            gains.append(float(np.sqrt(window @ window / (original @ original))))
            first = shift if first is None else first
    begin = ((first if first is not None else rough) - len(margin)) / SAMPLE_RATE_HZ
    return Trace(
        begin_sec=begin,
        end_sec=(shift - len(margin) + len(piece)) / SAMPLE_RATE_HZ,
        gain=float(np.median(gains)) if gains else 0.0,
        windows=len(loud),
        broken=sum(likeness <= ALIKE for likeness in likenesses),
    )
