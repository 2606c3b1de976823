"""A streaming resampler for audio that is not at 16 kHz: a polyphase low-pass whose phase runs on across blocks.

The band up to 7/8 of the lower rate's half (7 kHz for 16 kHz) passes, what would fold back is 70 dB down. The design
is the Kaiser window method (Oppenheim & Schafer, Discrete-Time Signal Processing, 7.5). numpy alone: scipy.signal is
slow to load, and the gateway has none.
"""

from __future__ import annotations

from math import ceil, gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from runtime.audio.samples import to_pcm

STOPBAND_DB = 70.0
PASSBAND = 7 / 8  # of half the lower rate; the stopband begins at that half


class StreamResampler:
    """Blocks of any length in, blocks at `rate_out` out: together as many samples as the input lasts, no drift.

    Output sample k is the filtered input at k * rate_in / rate_out exactly. With L/M the ratio in lowest terms, the
    outputs k, k + L, k + 2L, ... have the same phase of the filter, and M input samples between them.
    """

    def __init__(self, rate_in: int, rate_out: int = SAMPLE_RATE_HZ) -> None:
        """Rates in Hz."""
        common = gcd(rate_in, rate_out)
        self._up = rate_out // common
        self._down = rate_in // common
        taps, self._delay = _low_pass(rate_in, self._up, self._down, min(rate_in, rate_out))
        self._width = ceil(len(taps) / self._up)  # input samples that one output is made of
        padded = np.zeros(self._width * self._up)
        padded[: len(taps)] = taps
        self._phases = padded.reshape(self._width, self._up).T[:, ::-1].copy()  # a row each, oldest input first
        self._kept: NDArray[np.float64] = np.zeros(self._width - 1)  # the silence before the stream
        self._kept_from = 1 - self._width  # the input sample that _kept begins with
        self._taken = 0  # input samples so far
        self._made = self._delay  # the next output sample, that of the filter's delay left out

    def feed(self, block: NDArray[np.floating]) -> NDArray[np.float64]:
        """The output that `block` (1-D) completes."""
        self._kept = np.concatenate((self._kept, block))
        self._taken += len(block)
        begin, until = self._made, -(-self._taken * self._up // self._down)
        if until <= begin:
            return np.zeros(0)
        made = np.empty(until - begin)
        windows = sliding_window_view(self._kept, self._width)
        for first in range(begin, min(begin + self._up, until)):
            newest = first * self._down // self._up
            of_phase = windows[newest - self._width + 1 - self._kept_from :: self._down]
            count = len(range(first, until, self._up))
            made[first - begin :: self._up] = of_phase[:count] @ self._phases[first * self._down % self._up]
        self._made = until
        self._forget(until * self._down // self._up - self._width + 1)
        return made

    def flush(self) -> NDArray[np.float64]:
        """What is left in the filter, so that the output lasts as long as the input."""
        wanted = -(-self._taken * self._up // self._down) + self._delay - self._made
        silence = np.zeros(ceil(self._delay * self._down / self._up) + 1)
        return self.feed(silence)[:wanted]

    def _forget(self, oldest_needed: int) -> None:
        if oldest_needed > self._kept_from:
            self._kept = self._kept[oldest_needed - self._kept_from :]
            self._kept_from = oldest_needed


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
    times = np.arange(-delay * down, delay * down + 1)
    beta = 0.1102 * (STOPBAND_DB - 8.7)  # Kaiser's, for more than 50 dB
    taps = np.sinc((2.0 * stop_hz - width_hz) / rate * times) * np.kaiser(len(times), beta)
    return taps * (up / taps.sum()), delay
