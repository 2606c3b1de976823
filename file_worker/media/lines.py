"""From frames of one form to 16 kHz: all channels mixed to one, or each for itself."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
from av.audio.resampler import AudioResampler

from contract.audio import SAMPLE_RATE_HZ
from file_worker.media.frames import Samples
from file_worker.media.mixing import Mixer

Form = tuple[tuple[str, ...], int]
"""The channels' names and the rate."""


class MixedLine:
    """All channels as one: gives shape (1, n)."""

    def __init__(self, names: tuple[str, ...], rate_hz: int) -> None:
        self.form: Form = (names, rate_hz)
        self._mixer = Mixer(names, rate_hz)
        self._rate = _Rate(rate_hz)

    def feed(self, samples: Samples) -> Iterator[Samples]:
        """Take samples, shape (channels, n)."""
        for mixed in self._mixer.feed(samples):
            yield self._rate.feed(mixed)[None]

    def finish(self) -> Iterator[Samples]:
        """The rest."""
        for mixed in self._mixer.finish():
            yield self._rate.feed(mixed)[None]
        yield self._rate.finish()[None]


class ApartLine:
    """Each channel for itself: gives shape (channels, n). Frames with another number of them are mixed, and are heard
    in the first."""

    def __init__(self, names: tuple[str, ...], rate_hz: int, channels: int) -> None:
        self.form: Form = (names, rate_hz)
        self._mixed = None if len(names) == channels else MixedLine(names, rate_hz)
        self._rates = [_Rate(rate_hz) for _ in range(channels)]

    def feed(self, samples: Samples) -> Iterator[Samples]:
        """Take samples, shape (channels, n)."""
        if self._mixed is None:
            yield np.stack([rate.feed(one) for rate, one in zip(self._rates, samples, strict=True)])
            return
        for mixed in self._mixed.feed(samples):
            yield self._in_first(mixed)

    def finish(self) -> Iterator[Samples]:
        """The rest."""
        if self._mixed is None:
            yield np.stack([rate.finish() for rate in self._rates])
            return
        for mixed in self._mixed.finish():
            yield self._in_first(mixed)

    def _in_first(self, mixed: Samples) -> Samples:
        return np.concatenate((mixed, np.zeros((len(self._rates) - 1, mixed.shape[1]), dtype=np.float32)))


class _Rate:
    """One channel to 16 kHz."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)

    def feed(self, samples: Samples) -> Samples:
        """Take samples, shape (n,), and give those that are ready."""
        if not len(samples):
            return samples
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None], format="flt", layout="mono")
        frame.sample_rate = self._rate_hz
        return _joined(self._resampler.resample(frame))

    def finish(self) -> Samples:
        """The rest."""
        return _joined(self._resampler.resample(None))


def _joined(frames: list[av.AudioFrame]) -> Samples:
    found = [frame.to_ndarray()[0] for frame in frames]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.float32)
