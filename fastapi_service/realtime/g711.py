"""G.711 (ITU-T, 1988): µ-law and A-law bytes to linear samples, as tables of 256."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
BIAS = 0x84  # of µ-law, in 16 bits


def _ulaw() -> Samples:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + BIAS << ((code & 0x70) >> 4)) - BIAS
    table: Samples = np.where(code & 0x80, -magnitude, magnitude).astype("<i2")
    return table


def _alaw() -> Samples:
    code = np.arange(256) ^ 0x55
    segment = (code & 0x70) >> 4
    step = ((code & 0x0F) << 4) + 8
    magnitude = np.where(segment == 0, step, step + 0x100 << np.maximum(segment - 1, 0))
    table: Samples = np.where(code & 0x80, magnitude, -magnitude).astype("<i2")
    return table


ULAW = _ulaw()
ALAW = _alaw()
