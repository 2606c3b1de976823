"""The segments of a file, in order: one lane of them, or where its channels are a speaker each, a lane a channel."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import replace

from contract.audio import SAMPLE_RATE_HZ
from file_worker.segments import Lengths, Segment, SegmentCutter

STILL_LOOKING_SAMPLES = 60 * SAMPLE_RATE_HZ  # of silence


class Lanes:
    """Cuts each channel for itself. A segment is given once none that begins earlier can come, so that they are in the
    order of their start (of the channel, where they start together), whatever the blocks. Holds of each channel what
    ends while the longest segment of another goes on."""

    def __init__(self, channels: int, lengths: Lengths) -> None:
        """`channels`: 0 or 1 for a sound that is heard as one."""
        numbers = range(1, channels + 1) if channels > 1 else (None,)
        self._cutters: dict[int | None, SegmentCutter] = {number: SegmentCutter(lengths) for number in numbers}
        self._ended: list[tuple[tuple[int, int], Segment]] = []  # a heap

    @property
    def position(self) -> int:
        """Samples of each channel taken so far."""
        return next(iter(self._cutters.values())).position

    def feed(self, blocks: Iterable[bytes]) -> Iterator[Segment]:
        """Take a block of each channel, all of one length, and yield the segments that are next."""
        for (number, cutter), block in zip(self._cutters.items(), blocks, strict=True):
            self._end(number, cutter.feed(block))
        to_come = min((cutter.earliest, number or 0) for number, cutter in self._cutters.items())
        while self._ended and self._ended[0][0] < to_come:
            yield heapq.heappop(self._ended)[1]

    def finish(self) -> Iterator[Segment]:
        """The last ones."""
        for number, cutter in self._cutters.items():
            self._end(number, cutter.finish())
        while self._ended:
            yield heapq.heappop(self._ended)[1]

    def _end(self, number: int | None, segments: Iterable[Segment]) -> None:
        for segment in segments:
            numbered = segment if number is None else replace(segment, channel=number)
            heapq.heappush(self._ended, (numbered.place, numbered))


def segments_of(blocks: Iterable[tuple[bytes, ...]], lanes: Lanes) -> Iterator[Segment | None]:
    """The segments of a stream of blocks, one of each channel; None now and then, while none has ended, so that the
    caller can do other work."""
    looked_until = 0
    for block in blocks:
        for segment in lanes.feed(block):
            looked_until = max(looked_until, segment.end)
            yield segment
        if lanes.position - looked_until > STILL_LOOKING_SAMPLES:
            looked_until = lanes.position
            yield None
    yield from lanes.finish()
