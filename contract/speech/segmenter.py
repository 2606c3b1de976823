"""Cuts a session's stream of samples into utterances. Pure: bytes in, cuts out, no clock and no input/output.

The gateway and the recorder cut by this one rule, and the result does not depend on how the same bytes were split
into frames: a cut by length is searched in exactly the first `max_sec` of the utterance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ

QUIET_WINDOW_SAMPLES = SAMPLE_RATE_HZ // 50  # 20 ms
SEARCH_SEC = 2.0  # of the end of an utterance that is too long: people pause once in so much speech
CutReason = Literal["end", "idle", "length", "recorded", "sentence", "pause"]


@dataclass(frozen=True, slots=True)
class Cut:
    """One utterance: samples `start` to `end` (exclusive) of the session, its s16le bytes, and why it ends.
    `cut_at_start`: the one before ended by its length, so that this one may begin in the middle of a sentence."""

    start: int
    end: int
    pcm: bytes
    reason: CutReason
    cut_at_start: bool = False

    @property
    def cut_at_end(self) -> bool:
        """Whether it ends by its length."""
        return self.reason == "length"


class Segmenter:
    """Holds the utterance that is being spoken: at most `max_sec` of it plus one frame."""

    def __init__(
        self,
        position: int = 0,
        max_sec: float = 15.0,
        recorded_end: int | None = None,
    ) -> None:
        """`position`: the first sample to come. `recorded_end`: where an earlier run has cut, if it did."""
        self._start = position
        self._buffer = bytearray()
        self._max_bytes = int(max_sec * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE
        self._search_samples = int(min(SEARCH_SEC, max_sec) * SAMPLE_RATE_HZ)
        self._recorded_end = recorded_end if recorded_end is not None and recorded_end > position else None
        self._cut_at_start = False

    @property
    def start(self) -> int:
        """First sample of the current utterance."""
        return self._start

    @property
    def position(self) -> int:
        """The next sample that is expected."""
        return self._start + len(self._buffer) // BYTES_PER_SAMPLE

    @property
    def pending(self) -> bool:
        """Whether an utterance has begun and not ended."""
        return bool(self._buffer)

    def audio_from(self, position: int) -> bytes:
        """A copy of the current utterance from sample `position` on, which must be in it."""
        return bytes(memoryview(self._buffer)[(position - self._start) * BYTES_PER_SAMPLE :])

    def feed(self, frame: bytes) -> Iterator[Cut]:
        """Take a frame (an even number of bytes; empty ends the utterance) and yield the cuts that it completes."""
        if not frame:
            yield from self.flush("end")
            return
        self._buffer += frame
        while True:
            if self._recorded_end is not None:
                if self.position < self._recorded_end:
                    return
                size = (self._recorded_end - self._start) * BYTES_PER_SAMPLE
                self._recorded_end = None
                yield self._take(size, "recorded")
            elif len(self._buffer) >= self._max_bytes:
                yield self._take(self._quietest() * BYTES_PER_SAMPLE, "length")
            else:
                return

    def flush(self, reason: CutReason) -> Iterator[Cut]:
        """End the utterance here, if one has begun. Audio before a recorded end is kept: the rest is still to come."""
        if self._buffer and self._recorded_end is None:
            yield self._take(len(self._buffer), reason)

    def forget(self) -> None:
        """Drop the audio of the current utterance; the next begins behind it."""
        self._start = self.position
        self._buffer.clear()
        self._cut_at_start = False

    def skip(self, samples: int) -> None:
        """So many samples, in which nobody speaks, are left out. Raises ValueError inside an utterance."""
        if self._buffer:
            raise ValueError("an utterance has begun")
        self._start += samples
        self._cut_at_start = False

    def cut_at(self, position: int, reason: CutReason) -> Iterator[Cut]:
        """End the utterance before sample `position`, and begin the next there. Nothing where that is not in it, or
        where a recorded end is still to come."""
        if self._start < position <= self.position and self._recorded_end is None:
            yield self._take((position - self._start) * BYTES_PER_SAMPLE, reason)

    def _take(self, size: int, reason: CutReason) -> Cut:
        pcm = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        start = self._start
        self._start += size // BYTES_PER_SAMPLE
        cut = Cut(start, self._start, pcm, reason, self._cut_at_start)
        self._cut_at_start = cut.cut_at_end
        return cut

    def _quietest(self) -> int:
        """Where to cut, in samples: the middle of the quietest 20 ms (steps of 5 ms) of the search range."""
        first = self._max_bytes // BYTES_PER_SAMPLE - self._search_samples
        return first + quietest_place(self._buffer, first, self._search_samples)


def quietest_place(pcm: bytes | bytearray, first: int, count: int) -> int:
    """The middle of the quietest 20 ms (steps of 5 ms) of `count` samples (20 ms or more) from sample `first` of
    s16le `pcm` on, in samples after `first`."""
    raw = np.frombuffer(pcm, dtype="<i2", count=count, offset=first * BYTES_PER_SAMPLE)
    energy = np.concatenate(([0.0], np.cumsum(np.square(raw.astype(np.float64)))))
    begins = np.arange(0, count - QUIET_WINDOW_SAMPLES + 1, QUIET_WINDOW_SAMPLES // 4)
    window = energy[begins + QUIET_WINDOW_SAMPLES] - energy[begins]
    return int(begins[int(np.argmin(window))]) + QUIET_WINDOW_SAMPLES // 2
