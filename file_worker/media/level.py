"""A quiet recording's level, brought up before anything is cut out of it or checked for speech.

Slow and bounded: the loudest half second of the 20 s around tells the level, and what is below TARGET_DB is brought up
to it, by GAIN_MAX_DB at most. Where nothing stands out of the noise nothing is done, so silence stays silence: noise is
nearly as loud in one fiftieth of a second as in the next, and speech is not. A recording that is loud enough is left as
it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ
from file_worker.media.frames import Samples

FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
HOP_SAMPLES = SAMPLE_RATE_HZ  # one gain each, with slopes between them
AROUND_HOPS = 10  # before and after
LOUD_FRAMES = 25  # the loudest half second; of less than 5 s the loudest tenth
TARGET_DB = -35.0  # root mean square of 20 ms, against full scale
GAIN_MAX_DB = 40.0
# Of the quietest tenth. Of 300 prompts (five speakers, 1 to 29 s) the least has 13 dB; white noise has 1, pink noise 8.
STANDS_OUT_DB = 12.0
NOTHING_DB = -88.0  # quieter than this is the last bit of 16, whatever it stands out of
PEAK_MAX = 0.9


class LevelLift:
    """Of one stream at 16 kHz. Holds the seconds around the one whose gain is decided."""

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(0, dtype=np.float32)
        self._hops: deque[Samples] = deque()  # not given out yet
        self._levels: deque[NDArray[np.float64]] = deque()  # of those, and of as many before as are looked at
        self._behind = 0  # how many of the levels are of hops given out
        self._last_gain: float | None = None  # of the hop given out last

    def feed(self, samples: Samples) -> Iterator[Samples]:
        """Take samples, -1 to 1, shape (n,), and yield seconds of the same stream, later."""
        self._rest = np.concatenate((self._rest, samples))
        while len(self._rest) >= HOP_SAMPLES:
            self._take(self._rest[:HOP_SAMPLES])
            self._rest = self._rest[HOP_SAMPLES:]
            if len(self._hops) > AROUND_HOPS + 1:
                yield self._give()

    def finish(self) -> Iterator[Samples]:
        """The rest."""
        if len(self._rest):
            self._take(self._rest)
            self._rest = self._rest[:0]
        while self._hops:
            yield self._give()

    def _take(self, hop: Samples) -> None:
        frames = np.array_split(hop.astype(np.float64), max(1, round(len(hop) / FRAME_SAMPLES)))
        power = np.array([np.mean(np.square(frame)) for frame in frames])
        self._levels.append(10 * np.log10(power + 1e-12))
        self._hops.append(hop)

    def _give(self) -> Samples:
        gain = self._gain(0)
        before = gain if self._last_gain is None else min(self._last_gain, gain)
        after = min(gain, self._gain(1)) if len(self._hops) > 1 else gain
        self._last_gain = gain
        hop = self._hops.popleft()
        if self._behind == AROUND_HOPS:
            self._levels.popleft()
        else:
            self._behind += 1
        if before == after == 1.0:
            return hop
        return hop * np.linspace(before, after, len(hop), dtype=np.float32)

    def _gain(self, number: int) -> float:
        """The factor for one of the hops that are held."""
        at = self._behind + number
        around = list(self._levels)[max(0, at - AROUND_HOPS) : at + AROUND_HOPS + 1]
        peak = float(np.abs(self._hops[number]).max(initial=0.0))
        if not peak:
            return 1.0
        return max(1.0, min(float(10 ** (gain_db(np.concatenate(around)) / 20)), PEAK_MAX / peak))


def gain_db(levels: NDArray[np.float64]) -> float:
    """How much a stretch is brought up, in dB. `levels`: of its frames, in dB of full scale."""
    if not levels.size:
        return 0.0
    some, tenth = np.sort(levels), levels.size // 10
    loud, floor = float(some[-min(LOUD_FRAMES, max(1, tenth))]), float(some[tenth])
    if loud < NOTHING_DB or loud - floor < STANDS_OUT_DB:
        return 0.0
    return min(GAIN_MAX_DB, max(0.0, TARGET_DB - loud))
