"""Where a file is cut: the same for any split of its samples, nothing loud is lost, and no segment is too long."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.audio import SAMPLE_RATE_HZ
from file_worker.lanes import Lanes, segments_of
from file_worker.segments import PAD_SAMPLES, Lengths, Segment, SegmentCutter
from harness.speech import noise
from tests.support.media import silence, tone

LENGTHS = Lengths(segment_sec=6.0, segment_min_sec=2.0, pause_sec=0.6, long_pause_sec=1.5)


def cut(pcm: bytes, lengths: Lengths = LENGTHS, block_bytes: int = 32_000) -> list[Segment]:
    blocks = [pcm[begin : begin + block_bytes] for begin in range(0, len(pcm), block_bytes)]
    return [one for one in segments_of(((block,) for block in blocks), Lanes(1, lengths)) if one is not None]


def seconds(segment: Segment) -> tuple[float, float]:
    return segment.start / SAMPLE_RATE_HZ, segment.end / SAMPLE_RATE_HZ


def test_segments_are_where_the_sound_is() -> None:
    pcm = silence(5) + tone(3) + silence(4) + tone(1) + silence(10)
    found = cut(pcm)
    assert [seconds(one) for one in found] == [
        pytest.approx((4.7, 8.3), abs=0.05),
        pytest.approx((11.7, 13.3), abs=0.05),
    ]
    for one in found:
        assert one.pcm == pcm[2 * one.start : 2 * one.end]


def test_silence_gives_nothing_however_long() -> None:
    assert cut(silence(200)) == []
    assert cut(noise(60, 0.0002)) == []


def test_long_silence_hands_control_back() -> None:
    found = list(segments_of([(silence(1),)] * 200, Lanes(1, LENGTHS)))
    assert found
    assert set(found) == {None}


def test_a_segment_knows_where_it_was_cut_in_speech() -> None:
    found = cut(tone(8) + silence(2) + tone(3))
    assert [(one.cut_at_start, one.cut_at_end) for one in found] == [(False, True), (True, False), (False, False)]


def test_a_short_pause_does_not_cut_a_short_segment() -> None:
    (only,) = cut(tone(1) + silence(1) + tone(0.5))
    assert seconds(only) == pytest.approx((0.0, 2.5), abs=0.05)


def test_a_pause_cuts_a_segment_that_is_long_enough() -> None:
    first, second = cut(tone(3) + silence(1) + tone(1))
    assert first.end <= second.start
    assert seconds(first)[1] == pytest.approx(3.3, abs=0.05)


def test_a_long_sound_is_cut_in_its_quietest_place() -> None:
    pcm = tone(4) + tone(0.1, level=0.005) + tone(6)
    found = cut(pcm)
    assert seconds(found[0])[1] == pytest.approx(4.05, abs=0.06)
    assert b"".join(one.pcm for one in found) == pcm


def test_speech_over_loud_noise_is_not_taken_for_silence() -> None:
    pcm = noise(20, 0.05)
    assert sum(one.end - one.start for one in cut(pcm)) == len(pcm) // 2


def test_a_quiet_recording_is_heard() -> None:
    quiet = tone(3, level=0.002)  # -57 dB
    (only,) = cut(silence(2) + quiet + silence(3))
    assert only.end - only.start >= 3 * SAMPLE_RATE_HZ


PARTS = st.lists(
    st.tuples(st.sampled_from(["silence", "tone", "noise", "hiss"]), st.floats(0.05, 5.0)), min_size=1, max_size=8
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PARTS, st.lists(st.integers(1, 40_000), min_size=1, max_size=20))
def test_any_split_gives_the_same_segments_and_loses_nothing_loud(
    parts: list[tuple[str, float]], sizes: list[int]
) -> None:
    makers: dict[str, Callable[[float], bytes]] = {
        "silence": silence,
        "tone": tone,
        "noise": lambda s: noise(s, 0.02),
        "hiss": lambda s: noise(s, 0.0004),
    }
    pcm = b"".join(makers[kind](length) for kind, length in parts)
    cutter, found, position = SegmentCutter(LENGTHS), [], 0
    while position < len(pcm):
        size = 2 * sizes[position % len(sizes)]
        found += list(cutter.feed(pcm[position : position + size]))
        position += size
    found += list(cutter.finish())
    assert found == cut(pcm, block_bytes=len(pcm))
    assert cutter.position == len(pcm) // 2
    end = 0
    covered = np.zeros(len(pcm) // 2, dtype=bool)
    for one in found:
        assert end <= one.start < one.end <= len(pcm) // 2
        assert one.end - one.start <= LENGTHS.segment_sec * SAMPLE_RATE_HZ
        assert one.pcm == pcm[2 * one.start : 2 * one.end]
        covered[one.start : one.end] = True
        end = one.end
    loud = np.abs(np.frombuffer(pcm, dtype="<i2").astype(int)) > 1500
    assert not np.any(loud & ~covered)


def test_a_pause_has_room_for_what_is_kept_on_both_sides_of_it() -> None:
    assert Lengths().pause_sec * SAMPLE_RATE_HZ >= PAD_SAMPLES * 2
