"""The channels of a file to one, whatever their number.

Each channel has its share, as FFmpeg mixes surround sound down; channels without a known place have equal ones. Where
that mix cancels, because a channel is inverted, the loudest channel alone is heard instead. Unrelated channels add up
in power and equal ones to more, so a mix far below the sum of its parts' powers has cancelled, however loud it is. That
is decided on a second at a time, over what came lately, and taken back only where the mix is clearly whole again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from file_worker.media.frames import Samples

WINDOW_SAMPLES_MAX = 4_000_000  # of all channels together: 16 MB
MEMORY = 0.7  # what a second back counts for: some three seconds decide
CANCELLED_BELOW = 0.1  # of the power that unrelated channels would have: 10 dB below
WHOLE_ABOVE = 0.4
LOUDER = 4.0  # in power: another channel is taken when it is 6 dB above the one in use
# Shares of an ITU-R BS.775 downmix, as FFmpeg's libswresample has them; the subwoofer has none.
SHARES = {"FC": 1.0, "FL": 0.7071, "FR": 0.7071, "LFE": 0.0, "LFE2": 0.0}
OTHER_SHARE = 0.5


class Mixer:
    """Of a stream whose channels and rate stay the same. Holds a second of it."""

    def __init__(self, names: Sequence[str], rate_hz: int) -> None:
        """`names`: of the channels, as FFmpeg calls their places."""
        shares = np.array([SHARES.get(name, OTHER_SHARE) for name in names], dtype=np.float32)
        if not shares.any():
            shares[:] = 1.0
        self._shares = shares / shares.sum()
        self._window = max(1, min(rate_hz, WINDOW_SAMPLES_MAX // len(names)))
        self._held: list[Samples] = []
        self._held_samples = 0
        self._powers: NDArray[np.float64] = np.zeros(len(names))
        self._mix_power = 0.0
        self._alone: int | None = None  # the channel that is heard while the mix cancels

    def feed(self, samples: Samples) -> Iterator[Samples]:
        """Take samples, shape (channels, n), and yield mixed ones, shape (n,), a window at a time."""
        if len(self._shares) == 1:
            yield samples[0]
            return
        self._held.append(samples)
        self._held_samples += samples.shape[1]
        if self._held_samples >= self._window:
            yield from self.finish()

    def finish(self) -> Iterator[Samples]:
        """What is held."""
        if self._held_samples:
            window = np.concatenate(self._held, axis=1)
            self._held, self._held_samples = [], 0
            yield self._mixed(window)

    def _mixed(self, window: Samples) -> Samples:
        mix: Samples = self._shares @ window
        self._powers = MEMORY * self._powers + np.sum(np.square(window), axis=1, dtype=np.float64)
        self._mix_power = MEMORY * self._mix_power + float(np.sum(np.square(mix), dtype=np.float64))
        apart = float(np.square(self._shares.astype(np.float64)) @ self._powers)
        if self._alone is None:
            if self._mix_power < CANCELLED_BELOW * apart:
                self._alone = int(np.argmax(self._powers))
        elif self._mix_power > WHOLE_ABOVE * apart:
            self._alone = None
        elif self._powers.max() > LOUDER * self._powers[self._alone]:
            self._alone = int(np.argmax(self._powers))
        return mix if self._alone is None else window[self._alone]
