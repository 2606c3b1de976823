"""Samples as floats and as s16le. numpy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contract.audio import FULL_SCALE


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
