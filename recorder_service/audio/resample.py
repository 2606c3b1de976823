"""A streaming resampler for microphones that refuse 16 kHz: a polyphase low-pass whose phase runs on across blocks.

The band up to 7/8 of the lower rate's half (7 kHz for 16 kHz) passes, what would fold back is 70 dB down. The design
is the Kaiser window method (Oppenheim & Schafer, Discrete-Time Signal Processing, 7.5), as in scipy's kaiserord.
"""

from __future__ import annotations

from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, kaiser_beta, upfirdn

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from runtime.wav import to_pcm

STOPBAND_DB = 70.0
PASSBAND = 7 / 8  # of half the lower rate; the stopband begins at that half


class StreamResampler:
    """Blocks of any length in, blocks at `rate_out` out: together as many samples as the input lasts, no drift.

    Output sample k is the filtered input at k * rate_in / rate_out exactly. With L/M the ratio in lowest terms,
    outputs on the input grid's multiples of M repeat the same phases; the kept input therefore always begins at a
    multiple of M, and scipy's upfirdn computes from there as if the whole stream were one array.
    """

    def __init__(self, rate_in: int, rate_out: int = SAMPLE_RATE_HZ) -> None:
        """Rates in Hz."""
        common = gcd(rate_in, rate_out)
        self._up = rate_out // common
        self._down = rate_in // common
        self._taps, self._delay = _low_pass(rate_in, self._up, self._down, min(rate_in, rate_out))
        self._memory = ceil(len(self._taps) / self._up)
        self._kept: NDArray[np.float64] = np.zeros(0)
        self._kept_from = 0  # the input sample that _kept begins with, a multiple of _down
        self._taken = 0  # input samples so far
        self._made = 0  # output samples so far, those of the filter's delay included

    def feed(self, block: NDArray[np.floating]) -> NDArray[np.float64]:
        """The output that `block` (1-D) completes."""
        self._kept = np.concatenate((self._kept, block))
        self._taken += len(block)
        until = -(-self._taken * self._up // self._down)
        first = self._kept_from // self._down * self._up
        begin = max(self._made, self._delay)
        self._made = max(self._made, until)
        if until <= begin:
            return np.zeros(0)
        computed = upfirdn(self._taps, self._kept, self._up, self._down)
        made: NDArray[np.float64] = computed[begin - first : until - first].copy()
        self._forget(until)
        return made

    def flush(self) -> NDArray[np.float64]:
        """What is left in the filter, so that the output lasts as long as the input."""
        wanted = -(-self._taken * self._up // self._down) + self._delay
        silence = np.zeros(ceil(self._delay * self._down / self._up) + 1)
        made_before = max(self._made, self._delay)
        return self.feed(silence)[: wanted - made_before]

    def _forget(self, next_output: int) -> None:
        oldest_needed = max(0, next_output * self._down // self._up - self._memory)
        keep_from = oldest_needed // self._down * self._down
        self._kept = self._kept[keep_from - self._kept_from :]
        self._kept_from = keep_from


class Converter:
    """Interleaved s16le of any rate and number of channels, as it is captured, to s16le mono 16 kHz."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._channels = channels
        self._resampler = StreamResampler(rate_hz) if rate_hz != SAMPLE_RATE_HZ else None

    def feed(self, data: bytes) -> bytes:
        """What `data` (whole samples of all channels) brings out; the channels are averaged."""
        mono = np.frombuffer(data, dtype="<i2").reshape(-1, self._channels).mean(axis=1) / FULL_SCALE
        return to_pcm(mono if self._resampler is None else self._resampler.feed(mono))

    def flush(self) -> bytes:
        """The rest."""
        return to_pcm(self._resampler.flush()) if self._resampler is not None else b""


def _low_pass(rate_in: int, up: int, down: int, lower_rate: int) -> tuple[NDArray[np.float64], int]:
    """The taps at rate_in * up, with gain `up`, and their delay in output samples (a whole number by design)."""
    rate = float(rate_in * up)
    stop_hz = lower_rate / 2.0
    width_hz = stop_hz * (1.0 - PASSBAND)
    length = (STOPBAND_DB - 7.95) / (2.285 * 2.0 * np.pi * width_hz / rate)
    delay = ceil(length / 2.0 / down)
    taps: NDArray[np.float64] = firwin(
        2 * delay * down + 1, stop_hz - width_hz / 2.0, window=("kaiser", kaiser_beta(STOPBAND_DB)), fs=rate
    )
    return taps * up, delay
