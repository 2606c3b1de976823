"""Takes out of each channel what is only another channel's voice, heard there as well and lower (crosstalk).

Two microphones hear two people, and each hears the other one too: from across the table, out of an earphone, through
the line. A moment of a channel is crosstalk where both hold:

1. another channel is LOWER_DB above it. Levels are compared from how loud each channel's own voice is, where that is
   known, so that microphones of different gain do not matter;
2. it can be computed from that louder channel: what a short filter, learned from the seconds around, makes of the
   louder one leaves of it no more than EXPLAINED_BELOW of its power, or no more than its noise. A second person who
   speaks at the same time, however softly, cannot be computed from the first, and is left as it is.

In the place of crosstalk stands the quietest moment that the channel had lately, and not zeros: what looks for pauses
by level then finds the noise it knows. Where it hides under the channel's own voice it stays. Position by position: as
many samples come out as went in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ

HOP = SAMPLE_RATE_HZ * 64 // 1000
FRAME = 2 * HOP  # 128 ms: delays and echoes up to half of it are in the filter
HOPS_PER_SEC = SAMPLE_RATE_HZ / HOP
LOWEST_HZ, HIGHEST_HZ = 200.0, 4_000.0  # where voices are, and hum is not
LOWER_DB = 6.0
# Of the same voice it leaves up to half where it comes with the echo of a room (0.4 s, louder than the voice itself);
# of two people who talk at once (Debian's telephone prompts) nothing was taken for crosstalk below 0.65.
EXPLAINED_BELOW = 0.55
NOISE_TIMES = 4.0  # in power: 6 dB above the quietest moments is still the noise
ACTIVE_TIMES = 10.0  # a louder channel must stand so far above its noise to be somebody's voice
ACTIVE_DB = -65.0  # and be louder than this, of full scale
MEMORY_SEC = 3.0  # of the filter
LEARNED_HOPS = 8  # half a second of a louder voice; before that nothing is taken for crosstalk
SMOOTH = 2  # hops before and after that count for what is left
MAJORITY = 2  # hops before and after that vote: 0.3 s
FLOOR_HOPS = round(4.0 * HOPS_PER_SEC)
QUIETEST = 1e-9  # mean square, -90 dB: the last bit of 16

Samples = NDArray[np.float32]


class CrosstalkGate:
    """Of one stream at 16 kHz. Holds `ahead_sec` of it, or `first_sec`, and half a second."""

    def __init__(
        self, channels: int, ahead_sec: float, own_db: Sequence[float] | None = None, first_sec: float = 0.0
    ) -> None:
        """`ahead_sec`: how much of what follows the filter learns from before it is used; `first_sec`: for so long in a
        channel's first speech it is so much, where that is more. `own_db`: the level of each channel's own voice; None
        takes them for equal."""
        own = np.zeros(channels) if own_db is None else np.asarray(own_db, dtype=np.float64)
        self._own = own
        self._channels = channels
        window = np.hanning(FRAME + 1)[:-1].astype(np.float32)
        self._window = window
        hz = np.fft.rfftfreq(FRAME, 1 / SAMPLE_RATE_HZ)
        self._bins = slice(int(np.searchsorted(hz, LOWEST_HZ)), int(np.searchsorted(hz, HIGHEST_HZ)))
        bins = len(hz[self._bins])
        self._to_power = 2.0 / (FRAME * float(np.sum(np.square(window))))  # of bins to mean square
        self._forget = float(np.exp(-1.0 / (MEMORY_SEC * HOPS_PER_SEC)))
        self._auto = np.zeros((channels, channels, bins))  # by louder channel and by channel: the louder one's power
        self._cross = np.zeros((channels, channels, bins), dtype=np.complex128)
        self._weight = np.zeros((channels, channels))
        self._ahead = round(ahead_sec * HOPS_PER_SEC)
        self._first = max(self._ahead, round(first_sec * HOPS_PER_SEC))
        self._spoken = [0] * channels  # hops in which it was the loudest
        self._rest: Samples = np.zeros((channels, HOP // 2), dtype=np.float32)  # the first frame is centred on its hop
        self._hops: deque[Samples] = deque()  # not given out yet
        self._frames: deque[tuple[NDArray[np.complex128], NDArray[np.float64], int]] = deque()
        self._left: deque[tuple[NDArray[np.float64], NDArray[np.float64], int, NDArray[np.float64]]] = deque()
        self._votes: deque[tuple[NDArray[np.bool_], NDArray[np.bool_]]] = deque()
        self._recent = np.full((FLOOR_HOPS, channels), np.inf)  # powers of the last frames
        self._recent_hops = np.zeros((FLOOR_HOPS, channels, HOP), dtype=np.float32)
        self._heard = 0
        self._gain: NDArray[np.float64] = np.ones(channels)
        self._judged = 0  # frames whose filter was used; those before the first one that is held are needed no more
        self._voted = 0
        self._given = 0

    def feed(self, samples: Samples) -> Samples:
        """Take samples, -1 to 1, shape (channels, n), and give those that are decided, shape (channels, m)."""
        data = np.concatenate((self._rest, samples), axis=1)
        out: list[Samples] = []
        place = 0
        while data.shape[1] - place >= FRAME:
            self._hear(data[:, place : place + FRAME])
            self._hops.append(data[:, place + HOP // 2 : place + HOP // 2 + HOP])
            place += HOP
            out += self._decide(last=False)
        self._rest = data[:, place:]
        return self._joined(out)

    def finish(self) -> Samples:
        """The rest. What is fed then follows behind it, and the filters are kept."""
        rest = self._rest[:, HOP // 2 :]
        out: list[Samples] = []
        if rest.shape[1]:
            padded = np.zeros((self._channels, FRAME + HOP), dtype=np.float32)
            padded[:, : self._rest.shape[1]] = self._rest
            for first in range(0, rest.shape[1], HOP):
                self._hear(padded[:, first : first + FRAME])
                self._hops.append(rest[:, first : first + HOP])
        out += self._decide(last=True)
        self._rest = np.zeros((self._channels, HOP // 2), dtype=np.float32)
        return self._joined(out)

    def _joined(self, out: list[Samples]) -> Samples:
        return np.concatenate(out, axis=1) if out else np.zeros((self._channels, 0), dtype=np.float32)

    def _hear(self, frame: Samples) -> None:
        """Take one frame, and learn from it how its loudest channel is heard in the others."""
        spectrum = np.fft.rfft(frame * self._window, axis=1)[:, self._bins]
        power = np.sum(np.square(np.abs(spectrum)), axis=1) * self._to_power
        self._recent[self._heard % FLOOR_HOPS] = power
        self._recent_hops[self._heard % FLOOR_HOPS] = frame[:, HOP // 2 : HOP // 2 + HOP]
        self._heard += 1
        levels = 10 * np.log10(power + QUIETEST) - self._own
        loudest = int(np.argmax(levels))
        floor = self._noise()
        if power[loudest] < max(ACTIVE_TIMES * floor[loudest], 10 ** (ACTIVE_DB / 10)):
            loudest = -1
        else:
            self._spoken[loudest] += 1
            lower = levels <= levels[loudest] - LOWER_DB
            kept = np.where(lower, self._forget, 1.0)
            source = spectrum[loudest]
            self._auto[loudest] *= kept[:, None]
            self._auto[loudest][lower] += np.square(np.abs(source))
            self._cross[loudest] *= kept[:, None]
            self._cross[loudest][lower] += np.conj(source) * spectrum[lower]
            self._weight[loudest] = self._weight[loudest] * kept + lower
        self._frames.append((spectrum, power, loudest))

    def _noise(self) -> NDArray[np.float64]:
        """The quietest moment of the last seconds of each channel, mean square."""
        quietest: NDArray[np.float64] = np.maximum(self._recent.min(axis=0), QUIETEST)
        return quietest

    def _decide(self, last: bool) -> list[Samples]:
        out: list[Samples] = []
        while len(self._frames) > (0 if last else self._wanted_ahead()):
            self._judge(*self._frames.popleft())
        while self._voted < self._judged - (0 if last else SMOOTH):
            self._vote()
        while self._given < self._voted - (0 if last else MAJORITY):
            out.append(self._give())
        return out

    def _wanted_ahead(self) -> int:
        """So many frames behind the next one are to be heard before it is judged."""
        loudest = self._frames[0][2] if self._frames else -1
        return self._first if loudest >= 0 and self._spoken[loudest] < self._first else self._ahead

    def _judge(self, spectrum: NDArray[np.complex128], power: NDArray[np.float64], loudest: int) -> None:
        """What the filter leaves of each channel in one frame."""
        left = power.copy()
        noise = self._noise()
        if loudest >= 0:
            learned = self._weight[loudest] >= LEARNED_HOPS
            filters = self._cross[loudest] / (self._auto[loudest] + 1e-12)
            rest = spectrum - filters * spectrum[loudest]
            found = np.sum(np.square(np.abs(rest)), axis=1) * self._to_power
            left = np.where(learned, found, power)
        self._left.append((power, left, loudest, noise))
        self._judged += 1
        if len(self._left) > self._first + 2 * SMOOTH + 1:
            self._left.popleft()

    def _vote(self) -> None:
        """Whether each channel holds crosstalk, or a voice of its own, in the frame that is next."""
        first = self._judged - len(self._left)
        at = self._voted - first
        around = list(self._left)[max(0, at - SMOOTH) : at + SMOOTH + 1]
        power, _, loudest, noise = self._left[at]
        mean_power = np.mean([one[0] for one in around], axis=0)
        mean_left = np.mean([one[1] for one in around], axis=0)
        heard = power > NOISE_TIMES * noise
        crosstalk = np.zeros(self._channels, dtype=np.bool_)
        if loudest >= 0:
            levels = 10 * np.log10(power + QUIETEST) - self._own
            lower = levels <= levels[loudest] - LOWER_DB
            crosstalk = lower & heard & (mean_left <= np.maximum(EXPLAINED_BELOW * mean_power, NOISE_TIMES * noise))
            crosstalk &= self._weight[loudest] >= LEARNED_HOPS
        self._votes.append((crosstalk, heard & ~crosstalk))
        self._voted += 1
        if len(self._votes) > self._first + 2 * (SMOOTH + MAJORITY) + 1:
            self._votes.popleft()

    def _give(self) -> Samples:
        """The next hop, with noise in its place where most of what is heard around it is crosstalk."""
        first = self._voted - len(self._votes)
        at = self._given - first
        around = list(self._votes)[max(0, at - MAJORITY) : at + MAJORITY + 1]
        crosstalk = np.sum([one[0] for one in around], axis=0)
        own = np.sum([one[1] for one in around], axis=0)
        hop = self._hops.popleft()
        self._given += 1
        gain = np.where(crosstalk > own, 0.0, 1.0)
        before, self._gain = self._gain, gain
        if np.all(before == 1.0) and np.all(gain == 1.0):
            return hop
        slope = np.linspace(before, gain, hop.shape[1], axis=1, dtype=np.float32)
        quietest = np.argmin(self._recent, axis=0)
        noise = self._recent_hops[quietest, np.arange(self._channels), : hop.shape[1]]
        mixed: Samples = hop * slope + noise * (1 - slope)
        return mixed
