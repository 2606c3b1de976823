"""Cuts a file's stream of samples into segments of speech. Pure: samples in, segments out.

As contract.speech.segmenter does, the result depends on the samples alone, not on the blocks in which they come: a
worker that begins again finds the same segments. A segment ends in a pause, or where it gets too long in its quietest
place.

What is quiet is told by level, against the quietest 0.2 s of the last half minute; what is loud is never taken for
silence, so what is left out here is silence for certain. Whether the rest is speech is for speech recognition to say.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.speech.segmenter import quietest_place

FRAME_SAMPLES = SAMPLE_RATE_HZ // 50  # 20 ms
HOP_FRAMES = 10  # looked at together
HOP_BYTES = HOP_FRAMES * FRAME_SAMPLES * BYTES_PER_SAMPLE
FLOOR_HOPS = 150  # 30 s
FLOOR_FACTOR = 2.5  # 8 dB above the quietest
LOUD_FROM = 300.0  # root mean square of 16-bit samples (-41 dB): never silence
QUIET_BELOW = 16.0  # -66 dB: always silence
PAD_SAMPLES = int(0.3 * SAMPLE_RATE_HZ)  # kept before and after what is loud
SEARCH_SEC = 5.0  # of the end of a segment that is too long


@dataclass(frozen=True, slots=True)
class Segment:
    """Samples `start` to `end` (exclusive) of the file, and their s16le bytes. `cut_at_start`, `cut_at_end`: it begins
    or ends where one got too long, not in a pause. `channel`: from 1 on, where each is heard for itself."""

    start: int
    end: int
    pcm: bytes
    cut_at_start: bool = False
    cut_at_end: bool = False
    channel: int | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Its place among the file's segments, which are in this order."""
        return self.start, self.channel or 0


@dataclass(frozen=True, slots=True)
class Lengths:
    """Where a segment ends, in seconds. Whisper hears 30 s at once, and hears better with more than a few words."""

    segment_sec: float = 25.0  # cut, in its quietest place near the end, when it gets this long
    segment_min_sec: float = 8.0  # a pause ends a segment of this length
    pause_sec: float = 0.6  # quiet for this long is a pause
    long_pause_sec: float = 1.5  # quiet for this long ends any segment, and is not sent


class SegmentCutter:
    """Holds at most one segment and what precedes it."""

    def __init__(self, lengths: Lengths) -> None:
        self._longest = int(lengths.segment_sec * SAMPLE_RATE_HZ)
        self._enough = int(lengths.segment_min_sec * SAMPLE_RATE_HZ)
        self._pause = int(lengths.pause_sec * SAMPLE_RATE_HZ)
        self._long_pause = max(self._pause, int(lengths.long_pause_sec * SAMPLE_RATE_HZ))
        self._search = int(min(SEARCH_SEC, lengths.segment_sec / 2) * SAMPLE_RATE_HZ)
        self._incoming = bytearray()
        self._held = bytearray()
        self._start = 0  # of what is held
        self._speaking = False
        self._loud_end = 0  # where the last loud frame ended
        self._floor: deque[float] = deque(maxlen=FLOOR_HOPS)
        self._length_cut: int | None = None  # where the segment before got too long, if it did

    @property
    def earliest(self) -> int:
        """No segment to come begins before this sample."""
        return self._start

    @property
    def position(self) -> int:
        """Samples taken so far."""
        return self._start + (len(self._held) + len(self._incoming)) // BYTES_PER_SAMPLE

    def feed(self, block: bytes) -> Iterator[Segment]:
        """Take samples (whole ones) and yield the segments that end in them."""
        self._incoming += block
        whole = len(self._incoming) // HOP_BYTES * HOP_BYTES
        for begin in range(0, whole, HOP_BYTES):
            yield from self._hop(bytes(self._incoming[begin : begin + HOP_BYTES]))
        del self._incoming[:whole]

    def finish(self) -> Iterator[Segment]:
        """The last segment, if one has begun."""
        if self._incoming:
            rest = bytes(self._incoming)
            self._incoming.clear()
            yield from self._hop(rest)
        if self._speaking:
            yield self._take(min(self._loud_end + PAD_SAMPLES, self.position))

    def _hop(self, pcm: bytes) -> Iterator[Segment]:
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
        frames = np.array_split(samples, max(1, -(-len(samples) // FRAME_SAMPLES)))
        levels = [float(np.sqrt(np.mean(np.square(frame)))) for frame in frames]
        self._floor.append(float(np.sqrt(np.mean(np.square(levels)))))
        threshold = min(LOUD_FROM, max(QUIET_BELOW, FLOOR_FACTOR * min(self._floor)))
        for level, frame in zip(levels, frames, strict=True):
            self._held += frame.astype("<i2").tobytes()
            yield from self._frame(level > threshold)

    def _frame(self, loud: bool) -> Iterator[Segment]:
        position = self._start + len(self._held) // BYTES_PER_SAMPLE
        if loud:
            self._loud_end = position
            self._speaking = True
        if not self._speaking:
            self._forget(position - PAD_SAMPLES)
            return
        quiet, length = position - self._loud_end, self._loud_end - self._start
        if quiet >= (self._pause if length >= self._enough else self._long_pause):
            yield self._take(self._loud_end + PAD_SAMPLES)
            self._speaking = False
            self._forget(position - PAD_SAMPLES)
        elif position - self._start >= self._longest:
            first = position - self._start - self._search
            yield self._take(self._start + first + quietest_place(self._held, first, self._search), cut_at_end=True)
            self._speaking = self._loud_end > self._start

    def _take(self, end: int, cut_at_end: bool = False) -> Segment:
        size = (end - self._start) * BYTES_PER_SAMPLE
        segment = Segment(self._start, end, bytes(self._held[:size]), self._start == self._length_cut, cut_at_end)
        self._length_cut = end if cut_at_end else None
        del self._held[:size]
        self._start = end
        return segment

    def _forget(self, before: int) -> None:
        if before > self._start:
            del self._held[: (before - self._start) * BYTES_PER_SAMPLE]
            self._start = before
