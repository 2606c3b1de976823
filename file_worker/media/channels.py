"""Whether the channels of a file are several microphones, each with its own speaker, or one sound.

What tells is who is louder, moment by moment. Each channel is compared by its own loudest speech, so that a gain
differs for nothing. With a microphone each, one channel is far above all others nearly always that anybody speaks, now
this one, now that one. In music, or a recording of one pair of microphones, all channels carry the same voices: the
difference between them is small, or always the same. A channel in which nobody ever speaks does not count.

Looked at before anything is recognised, up to ENOUGH_SEC in which there is sound: a decision in the middle would leave
what came before it undivided.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contract.jobs import MAX_CHANNELS
from file_worker.media.frames import AUDIO_ERRORS, Samples

logger = logging.getLogger(__name__)

WINDOW_SEC = 0.1
WINDOWS_PER_SEC = 10
ENOUGH_SEC = 600.0  # with sound in it
LOOK_SEC_MAX = 7_200.0  # in all
LOWEST_HZ, HIGHEST_HZ = 200.0, 4_000.0  # where voices are, and hum is not
SOUND_DB = -65.0  # of full scale; less is no sound
STANDS_OUT_DB = 10.0  # speech is so far above a channel's quietest tenth
BELOW_LOUD_DB = 25.0  # and no further below its loudest tenth
LOUDER_DB = 3.0  # a channel has speech of its own where it is so far above the others as it stands,
FAR_LOUDER_DB = 9.0  # and is alone where it is so far above them by its own level: what two microphones differ by
# A stereo pair in a room differs by less than 6 dB; two people who talk at once are a tenth to a third of a
# conversation.
ALONE_SHARE = 0.6  # of the moments with speech
SPEAKER_SHARE = 0.02  # of these moments, and
SPEAKER_SEC = 1.0  # at least so long a channel is alone that has a speaker
QUIETEST_DB = -120.0
ONE_SOUND: tuple[float, ...] = ()


class Pieces(Protocol):
    """A file that gives its sound as it is."""

    def pieces(self) -> Iterator[tuple[Samples, tuple[str, ...], int]]:
        """Samples (channels, n), the channels' names, the rate."""


class ChannelLevels:
    """The level of each channel in every window of a file, in dB of full scale. Bounded by LOOK_SEC_MAX."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._rest: Samples = np.zeros((channels, 0), dtype=np.float32)
        self._levels: list[NDArray[np.float32]] = []
        self._with_sound = 0

    @property
    def enough(self) -> bool:
        """Whether no more is needed."""
        return self._with_sound * WINDOW_SEC >= ENOUGH_SEC or len(self._levels) * WINDOW_SEC >= LOOK_SEC_MAX

    @property
    def windows(self) -> int:
        """How many there are."""
        return len(self._levels)

    @property
    def levels(self) -> NDArray[np.float32]:
        """Shape (windows, channels)."""
        return np.array(self._levels, dtype=np.float32).reshape(-1, self._channels)

    def feed(self, samples: Samples, rate_hz: int) -> None:
        """Take samples, shape (channels, n)."""
        data = np.concatenate((self._rest, samples), axis=1)
        size = max(1, round(WINDOW_SEC * rate_hz))
        hz = np.fft.rfftfreq(size, 1 / rate_hz)
        voices = slice(int(np.searchsorted(hz, LOWEST_HZ)), int(np.searchsorted(hz, HIGHEST_HZ)))
        whole = data.shape[1] // size
        for number in range(whole):
            spectrum = np.fft.rfft(data[:, number * size : (number + 1) * size], axis=1)[:, voices]
            power = 2 * np.sum(np.square(np.abs(spectrum)), axis=1) / size**2
            level = np.maximum(10 * np.log10(power + 1e-12), QUIETEST_DB).astype(np.float32)
            self._levels.append(level)
            self._with_sound += int(level.max() > SOUND_DB)
        self._rest = data[:, whole * size :]


def own_levels(levels: NDArray[np.float32]) -> tuple[float, ...]:
    """The level (dB of full scale) of the speech of each channel where the channels are one speaker each, else
    ONE_SOUND. `levels`: shape (windows, channels)."""
    windows, channels = levels.shape
    if not windows or channels < 2:
        return ONE_SOUND
    floor = np.maximum(np.percentile(levels, 10, axis=0), SOUND_DB - STANDS_OUT_DB)
    heard = levels > floor + STANDS_OUT_DB
    loud = np.array([_loud(levels[heard[:, channel], channel]) for channel in range(channels)])
    speech = heard & (levels > loud - BELOW_LOUD_DB)
    highest = np.sort(levels, axis=1)
    leads = (levels == highest[:, -1:]) & (highest[:, -1:] >= highest[:, -2:-1] + LOUDER_DB) & speech
    has_own = leads.sum(axis=0) * WINDOW_SEC >= SPEAKER_SEC
    if has_own.sum() < 2:
        return ONE_SOUND
    own = np.array([_loud(levels[leads[:, channel], channel]) for channel in range(channels)])
    own[~has_own] = own[has_own].max()  # nothing tells: what is heard there is as low as it stands
    relative = levels - own
    highest = np.sort(relative, axis=1)
    alone = (relative == highest[:, -1:]) & (highest[:, -1:] >= highest[:, -2:-1] + FAR_LOUDER_DB) & speech
    moments, seconds = int(speech.any(axis=1).sum()), alone.sum(axis=0) * WINDOW_SEC
    speaks = seconds >= max(SPEAKER_SEC, SPEAKER_SHARE * moments * WINDOW_SEC)
    if speaks.sum() < 2 or alone.sum() < ALONE_SHARE * moments:
        return ONE_SOUND
    return tuple(round(float(level), 1) for level in own)


def _loud(levels: NDArray[np.float32]) -> float:
    """What the loudest tenth reaches."""
    return float(np.percentile(levels, 90)) if levels.size else QUIETEST_DB


def look(sound: Pieces, going_on: Callable[[], object]) -> tuple[float, ...]:
    """`own_levels` of a file. One that changes its channels on the way, or has more than MAX_CHANNELS, is one sound.

    `going_on` is called every second of sound. Raises OSError when the file cannot be read.
    """
    found: ChannelLevels | None = None
    form, told = None, 0
    try:
        for samples, names, rate_hz in sound.pieces():
            if found is None:
                if not 2 <= len(names) <= MAX_CHANNELS:
                    return ONE_SOUND
                form, found = (names, rate_hz), ChannelLevels(len(names))
            elif form != (names, rate_hz):
                return ONE_SOUND
            found.feed(samples, rate_hz)
            if found.enough:
                break
            if found.windows >= told + WINDOWS_PER_SEC:
                told = found.windows
                going_on()
    except AUDIO_ERRORS as problem:
        logger.info("a file's channels could not be looked at to their end: %s", type(problem).__name__)
    return ONE_SOUND if found is None else own_levels(found.levels)
