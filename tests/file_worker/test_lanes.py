"""Each channel is cut for itself, and their segments come in one order, whatever the blocks."""

from __future__ import annotations

import pytest

from contract.audio import SAMPLE_RATE_HZ
from file_worker.lanes import Lanes, segments_of
from file_worker.segments import Lengths, Segment, SegmentCutter
from tests.support.media import silence, tone

LENGTHS = Lengths(segment_sec=10.0, segment_min_sec=3.0, pause_sec=0.4, long_pause_sec=1.0)


def cut(channels: list[bytes], block_samples: int = SAMPLE_RATE_HZ) -> list[Segment]:
    size = 2 * block_samples
    blocks = [
        tuple(channel[first : first + size] for channel in channels) for first in range(0, len(channels[0]), size)
    ]
    return [one for one in segments_of(blocks, Lanes(len(channels), LENGTHS)) if one is not None]


def alone(channel: bytes) -> list[Segment]:
    cutter = SegmentCutter(LENGTHS)
    return [*cutter.feed(channel), *cutter.finish()]


def talk(*parts: tuple[float, float], seconds: float = 40) -> bytes:
    """A tone at each (begin, length), in seconds."""
    sound, at = b"", 0.0
    for begin, length in parts:
        sound += silence(begin - at) + tone(length)
        at = begin + length
    return sound + silence(seconds - at)


def test_each_channel_is_cut_as_if_it_were_alone() -> None:
    channels = [talk((1, 4), (12, 2), (30, 15), seconds=50), talk((6, 5), (14.5, 3), (31, 1), (33, 1), seconds=50)]
    found = cut(channels)
    for number, channel in enumerate(channels, 1):
        own = [(one.start, one.end, one.pcm, one.cut_at_end) for one in found if one.channel == number]
        assert own == [(one.start, one.end, one.pcm, one.cut_at_end) for one in alone(channel)]


def test_they_come_in_the_order_of_their_start_then_of_the_channel() -> None:
    channels = [talk((1, 9), (20, 1)), talk((2, 1), (5, 1), (20, 1)), talk((1, 1), (20, 8))]
    found = cut(channels)
    assert [one.place for one in found] == sorted(one.place for one in found)
    assert [one.channel for one in found] == [1, 3, 2, 2, 1, 2, 3]


@pytest.mark.parametrize("block_samples", [700, 16_000, 100_000])
def test_the_blocks_make_no_difference(block_samples: int) -> None:
    channels = [talk((1, 9), (20, 1)), talk((2, 1), (5, 1), (20, 1))]
    assert cut(channels, block_samples) == cut(channels, 3200)


def test_a_sound_that_is_heard_as_one_names_no_channel() -> None:
    assert [one.channel for one in cut([talk((1, 2), (6, 2))])] == [None, None]


def test_what_waits_for_an_earlier_one_is_bounded() -> None:
    """While one speaks without a pause, the short words of the other wait for that segment's end at most."""
    lanes = Lanes(2, LENGTHS)
    begun = 0
    second = tone(0.5) + silence(1.5)
    for number in range(60):
        for one in lanes.feed((tone(2.0), second)):
            begun = max(begun, one.start)
        position = (number + 1) * 2 * SAMPLE_RATE_HZ
        assert position - begun < 2 * LENGTHS.segment_sec * SAMPLE_RATE_HZ
