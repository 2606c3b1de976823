"""The streaming resampler: speech passes, nothing folds back, and block borders and hours leave no trace."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from runtime.audio.resample import StreamResampler

OUT = 16_000
RATES = [44_100, 48_000, 96_000, 22_050, 32_000]
Signal = NDArray[np.float64]


def resampled(signal: Signal, rate: int, blocks: list[int]) -> Signal:
    """`signal` through a resampler, in blocks of the given sizes over and over."""
    resampler = StreamResampler(rate)
    made, first, turn = [], 0, 0
    while first < len(signal):
        size = blocks[turn % len(blocks)]
        made.append(resampler.feed(signal[first : first + size]))
        first, turn = first + size, turn + 1
    return np.concatenate([*made, resampler.flush()])


def tone_levels(frequency: float, rate: int) -> tuple[float, float]:
    """Decibels of all that comes out for a full-scale tone, and of the tone itself in it."""
    signal = np.sin(2 * np.pi * frequency * np.arange(rate) / rate)
    out = resampled(signal, rate, [rate // 25])[2_000:14_000]
    turning = np.exp(-2j * np.pi * frequency * np.arange(len(out)) / OUT)
    window = np.hanning(len(out))
    tone = 2 * abs(np.sum(out * turning * window)) / np.sum(window)
    power = np.sqrt(2 * np.mean(np.square(out)))
    return 20 * np.log10(power + 1e-12), 20 * np.log10(tone + 1e-12)


@pytest.mark.parametrize("rate", RATES)
def test_the_band_below_7_khz_passes_within_1_db(rate: int) -> None:
    for frequency in np.linspace(60, 7_000, 15):
        everything, tone = tone_levels(float(frequency), rate)
        assert abs(tone) < 1.0, f"{frequency:.0f} Hz"
        assert everything - tone < 0.01, f"{frequency:.0f} Hz brings something else along"


@pytest.mark.parametrize("rate", RATES)
def test_what_would_fold_back_is_50_db_down(rate: int) -> None:
    for frequency in np.linspace(8_000, rate / 2 - 50, 25):
        everything, _ = tone_levels(float(frequency), rate)
        assert everything < -50.0, f"{frequency:.0f} Hz"


def test_a_sweep_keeps_its_band() -> None:
    rate, seconds = 44_100, 4.0
    times = np.arange(int(rate * seconds)) / rate
    sweep = np.sin(2 * np.pi * (50 * times + (20_000 - 50) / (2 * seconds) * times**2))
    out = resampled(sweep, rate, [1764])
    envelope = np.sqrt(2 * np.square(out).reshape(-1, 160).mean(axis=1))
    frequency = 50 + (20_000 - 50) * (np.arange(len(envelope)) + 0.5) * 160 / OUT / seconds
    passed = envelope[(frequency > 300) & (frequency < 6_900)]
    assert np.abs(20 * np.log10(passed)).max() < 1.0
    assert 20 * np.log10(envelope[(frequency > 8_200) & (frequency < 19_800)].max()) < -50.0


@pytest.mark.parametrize("rate", [44_100, 48_000, 11_025, 8_000])
def test_block_borders_leave_no_trace(rate: int) -> None:
    signal = np.random.default_rng(4).uniform(-1, 1, rate * 2)
    whole = resampled(signal, rate, [len(signal)])
    for blocks in ([rate // 25], [1], [7, 1, 4_000, 333], [1_024]):
        if blocks == [1]:
            cut = resampled(signal[:2_000], rate, blocks)
            assert np.allclose(cut[:500], whole[:500])
        else:
            np.testing.assert_allclose(resampled(signal, rate, blocks), whole, atol=1e-12)


@pytest.mark.parametrize("rate", [44_100, 48_000, 11_025])
def test_no_drift_in_three_minutes(rate: int) -> None:
    """A click in the last second of three minutes comes out at its time, to the sample."""
    resampler = StreamResampler(rate)
    block = np.zeros(rate * 10)
    made = sum(len(resampler.feed(block)) for _ in range(18))
    click = np.zeros(rate)
    click[rate // 2] = 1.0
    tail = np.concatenate([resampler.feed(click), resampler.flush()])
    assert made + len(tail) == 181 * OUT
    assert made + int(np.argmax(tail)) == 180 * OUT + round(rate // 2 * OUT / rate)


def test_the_delay_is_short() -> None:
    resampler = StreamResampler(48_000)
    fed = 48_000
    made = len(resampler.feed(np.zeros(fed)))
    assert OUT - made < 0.005 * OUT, "less than 5 ms wait inside"


def test_memory_stays_bounded() -> None:
    resampler = StreamResampler(44_100)
    for _ in range(200):
        resampler.feed(np.zeros(1_764))
    assert len(resampler._kept) < 4_000
