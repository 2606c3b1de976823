"""The tables of G.711, against values of the standard and against what it says of them."""

from __future__ import annotations

import numpy as np
import pytest

from fastapi_service.realtime.g711 import ALAW, ULAW

# Decoder outputs of ITU-T G.711, table 2a/1a, as 16-bit samples.
ULAW_KNOWN = {0x00: -32_124, 0x01: -31_100, 0x10: -15_996, 0x7E: -8, 0x7F: 0, 0x80: 32_124, 0xF0: 120, 0xFE: 8, 0xFF: 0}
ALAW_KNOWN = {0x2A: -32_256, 0xAA: 32_256, 0x55: -8, 0xD5: 8, 0x54: -24, 0xD4: 24, 0x80: 5_504, 0x00: -5_504}


@pytest.mark.parametrize(("table", "known"), [(ULAW, ULAW_KNOWN), (ALAW, ALAW_KNOWN)])
def test_known_values(table: np.ndarray, known: dict[int, int]) -> None:
    assert {code: int(table[code]) for code in known} == known


@pytest.mark.parametrize("table", [ULAW, ALAW])
def test_each_half_mirrors_the_other(table: np.ndarray) -> None:
    assert len(table) == 256
    assert np.array_equal(table[:128], -table[128:].astype(int))


def test_steps_double_from_segment_to_segment() -> None:
    magnitudes = np.sort(ULAW[128:])[::-1][::-1]
    assert set(np.diff(magnitudes).tolist()) == {8, 16, 32, 64, 128, 256, 512, 1_024} | {
        int(magnitudes[16 * n] - magnitudes[16 * n - 1]) for n in range(1, 8)
    }
    assert len(set(np.sort(ALAW[128:]).tolist())) == 128
