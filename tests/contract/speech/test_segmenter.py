"""The same samples give the same utterances, however they were split; positions add up; nothing is lost."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.speech.segmenter import Cut, Segmenter

RATE = 16_000
NOISE = np.random.default_rng(1).normal(0, 3000, 60 * RATE).astype("<i2")


def cuts_of(frames: list[bytes], segmenter: Segmenter | None = None) -> list[Cut]:
    segmenter = segmenter or Segmenter()
    cuts = [cut for frame in frames for cut in segmenter.feed(frame)]
    return cuts + list(segmenter.flush("end"))


def split(pcm: bytes, sizes: list[int]) -> list[bytes]:
    frames, begin, turn = [], 0, 0
    while begin < len(pcm):
        size = sizes[turn % len(sizes)] * 2
        frames.append(pcm[begin : begin + size])
        begin += size
        turn += 1
    return frames


@settings(max_examples=60, deadline=None)
@given(
    seconds=st.floats(0.1, 50),
    sizes=st.lists(st.integers(1, 32_768), min_size=1, max_size=5),
    others=st.lists(st.integers(100, 32_768), min_size=1, max_size=5),
)
def test_any_split_gives_the_same_utterances(seconds: float, sizes: list[int], others: list[int]) -> None:
    pcm = NOISE[: int(seconds * RATE)].tobytes()
    sizes = [max(size, len(pcm) // 20_000) for size in sizes]
    cuts = cuts_of(split(pcm, sizes))
    assert cuts == cuts_of(split(pcm, others))
    assert b"".join(cut.pcm for cut in cuts) == pcm
    assert cuts[0].start == 0
    assert cuts[-1].end == len(pcm) // 2
    for before, after in itertools.pairwise(cuts):
        assert before.end == after.start
    assert all(len(cut.pcm) == 2 * (cut.end - cut.start) <= 15 * RATE * 2 for cut in cuts)


@given(marks=st.lists(st.integers(1, 3 * RATE), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_stream_resumed_anywhere_is_cut_as_before(marks: list[int]) -> None:
    frames: list[bytes] = []
    begin = 0
    for mark in marks:
        frames += [NOISE[begin : begin + mark].tobytes(), b""]
        begin += mark
    whole = cuts_of(frames)
    assert [cut.end - cut.start for cut in whole] == marks
    for index, cut in enumerate(whole):
        resumed = Segmenter(position=cut.start, recorded_end=cut.end)
        assert cuts_of(frames[2 * index :], resumed) == [
            Cut(c.start, c.end, c.pcm, "recorded" if c is cut else "end") for c in whole[index:]
        ]


def test_the_cut_by_length_is_in_the_quietest_place_of_the_end() -> None:
    loud = NOISE[: 20 * RATE].copy()
    quiet = slice(int(14.2 * RATE), int(14.2 * RATE) + 320)
    loud[quiet] = 0
    loud[5 * RATE : 6 * RATE] = 0  # a longer pause, but too early
    first = cuts_of([loud.tobytes()])[0]
    assert first.reason == "length"
    assert quiet.start <= first.end <= quiet.stop


def test_what_follows_a_cut_by_length_knows_it() -> None:
    segmenter = Segmenter()
    pcm = NOISE[: 20 * RATE].tobytes()
    cuts = [*segmenter.feed(pcm), *segmenter.flush("end"), *segmenter.feed(pcm[:3200]), *segmenter.flush("idle")]
    assert [cut.reason for cut in cuts] == ["length", "end", "idle"]
    assert [cut.cut_at_end for cut in cuts] == [True, False, False]
    assert [cut.cut_at_start for cut in cuts] == [False, True, False]


def test_silence_in_the_end_is_cut_within_the_limit() -> None:
    cuts = cuts_of([bytes(40 * RATE * 2)])
    assert [cut.end - cut.start <= 15 * RATE for cut in cuts] == [True] * len(cuts)
    assert sum(cut.end - cut.start for cut in cuts) == 40 * RATE


def test_an_end_without_speech_is_no_utterance() -> None:
    segmenter = Segmenter()
    assert list(segmenter.feed(b"")) == []
    assert list(segmenter.flush("idle")) == []
    assert not segmenter.pending


def test_speech_short_of_a_recorded_end_waits_for_its_rest() -> None:
    segmenter = Segmenter(position=100, recorded_end=200)
    assert list(segmenter.feed(bytes(100))) == []
    assert list(segmenter.flush("idle")) == []
    assert [(c.start, c.end) for c in segmenter.feed(bytes(300))] == [(100, 200)]
    assert segmenter.position == 300


def test_a_cut_at_an_earlier_place_begins_the_next_utterance_there() -> None:
    pcm = NOISE[:1000].tobytes()
    segmenter = Segmenter(position=100)
    assert list(segmenter.feed(pcm)) == []
    assert list(segmenter.cut_at(500, "sentence")) == [Cut(100, 500, pcm[:800], "sentence")]
    assert (segmenter.start, segmenter.position) == (500, 1100)
    assert list(segmenter.cut_at(1100, "pause")) == [Cut(500, 1100, pcm[800:], "pause")]
    assert not segmenter.pending


def test_a_cut_that_is_not_in_the_utterance_is_none() -> None:
    segmenter = Segmenter(position=100)
    assert list(segmenter.feed(bytes(400))) == []
    for place in (0, 100, 301):
        assert list(segmenter.cut_at(place, "sentence")) == []
    assert (segmenter.start, segmenter.position) == (100, 300)


def test_no_other_cut_comes_before_a_recorded_end() -> None:
    segmenter = Segmenter(position=0, recorded_end=400)
    assert list(segmenter.feed(bytes(400))) == []
    assert list(segmenter.cut_at(100, "sentence")) == []
    assert [(c.start, c.end, c.reason) for c in segmenter.feed(bytes(1000))] == [(0, 400, "recorded")]
    assert [(c.start, c.end, c.reason) for c in segmenter.cut_at(500, "sentence")] == [(400, 500, "sentence")]


@given(sizes=st.lists(st.integers(1, RATE), min_size=1, max_size=40), data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_utterance_in_hand_can_be_looked_at(sizes: list[int], data: st.DataObject) -> None:
    pcm = NOISE.tobytes()
    segmenter = Segmenter(position=7, max_sec=3.0)
    sent = 0
    for size in sizes:
        for cut in segmenter.feed(pcm[sent : sent + 2 * size]):
            assert cut.end == segmenter.start
        sent += 2 * size
        assert segmenter.position == 7 + sent // 2
        since = data.draw(st.integers(segmenter.start, segmenter.position))
        assert segmenter.audio_from(since) == pcm[2 * (since - 7) : sent]
