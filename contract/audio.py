"""The audio that a client sends: its format, and how much in one frame."""

from __future__ import annotations

from typing import Final

SAMPLE_RATE_HZ: Final = 16_000
BYTES_PER_SAMPLE: Final = 2  # s16le, mono
FULL_SCALE: Final = 32_768.0  # 1.0 in 16 bits
MAX_FRAME_BYTES: Final = 64 * 1024
