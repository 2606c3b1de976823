"""What is kept until it is safe: whatever breaks when, the other side gets the same samples and the same ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder_service.client.unsafe_audio import UnsafeAudio


def frames_of(ledger: UnsafeAudio, max_bytes: int = 64) -> list[bytes]:
    frames = []
    while (frame := ledger.next_frame(max_bytes)) is not None:
        frames.append(frame)
    return frames


def test_frames_end_at_the_places_of_the_empty_ones() -> None:
    ledger = UnsafeAudio(600)
    ledger.append(b"aabbcc")
    ledger.mark(1)
    ledger.append(b"dd")
    assert frames_of(ledger, max_bytes=4) == [b"aabb", b"cc", b"", b"dd"]
    assert not ledger.has_unsent
    ledger.mark(1)
    assert ledger.has_unsent
    assert frames_of(ledger) == [b""]


def test_an_utterance_ends_once() -> None:
    ledger = UnsafeAudio(600)
    ledger.mark(1)
    ledger.append(b"aa")
    ledger.mark(1)
    ledger.mark(1)
    assert frames_of(ledger) == [b"aa", b""]


def test_a_pause_is_one_empty_frame_and_its_end_a_second() -> None:
    ledger = UnsafeAudio(600)
    ledger.mark(2)
    ledger.append(b"aa")
    ledger.mark(1)
    assert frames_of(ledger) == [b"aa", b""]
    ledger.mark(1)
    assert not ledger.has_unsent
    ledger.mark(2)
    ledger.mark(2)
    ledger.mark(1)
    assert frames_of(ledger) == [b""], "three in a row never"
    ledger.append(b"bb")
    ledger.mark(2)
    ledger.rewind(0)
    assert frames_of(ledger) == [b"aa", b"", b"", b"bb", b"", b""]
    ledger.rewind(1)
    assert frames_of(ledger) == [b"bb", b"", b""]


def test_the_second_empty_frame_is_not_sent_where_the_first_has_ended_the_utterance() -> None:
    ledger = UnsafeAudio(600)
    ledger.append(b"aa")
    ledger.mark(1)
    frames_of(ledger)
    ledger.mark(2)
    ledger.forget(1)
    assert not ledger.has_unsent
    ledger.mark(2)
    assert frames_of(ledger) == []


def test_what_ended_at_an_earlier_pause_leaves_the_later_one() -> None:
    ledger = UnsafeAudio(600)
    for word in (b"aa", b"bb"):
        ledger.append(word)
        ledger.mark(1)
    frames_of(ledger)
    ledger.forget(1)
    ledger.mark(2)
    assert frames_of(ledger) == [b""]
    ledger.rewind(1)
    assert frames_of(ledger) == [b"bb", b"", b""]


def test_rewind_sends_everything_after_the_position_again() -> None:
    ledger = UnsafeAudio(600)
    for word in (b"aabb", b"ccdd", b"ee"):
        ledger.append(word)
        ledger.mark(1)
    frames_of(ledger)
    ledger.forget(2)
    assert (ledger.base, ledger.end) == (2, 5)
    ledger.rewind(3)
    assert frames_of(ledger) == [b"dd", b"", b"ee", b""]


def test_forgetting_never_goes_backwards_or_past_the_end() -> None:
    ledger = UnsafeAudio(600)
    ledger.append(b"aabb")
    ledger.forget(1)
    ledger.forget(0)
    assert ledger.base == 1
    ledger.forget(99)
    assert (ledger.base, ledger.end, ledger.kept_sec) == (2, 2, 0)


def test_another_session_gets_new_positions() -> None:
    ledger = UnsafeAudio(600)
    ledger.append(b"aabb")
    ledger.mark(1)
    ledger.append(b"cc")
    frames_of(ledger)
    ledger.forget(1)
    ledger.rebase(0)
    assert (ledger.base, ledger.end) == (0, 2)
    assert frames_of(ledger) == [b"bb", b"", b"cc"]


@pytest.mark.parametrize(("size", "fits"), [(32_000, True), (32_002, False)])
def test_room(size: int, fits: bool) -> None:
    ledger = UnsafeAudio(1.0)
    assert ledger.has_room(size) is fits


@settings(deadline=None)
@given(
    words=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    breaks=st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=6),
    largest=st.sampled_from([2, 6, 64]),
)
def test_any_breaks_deliver_the_same_stream(words: list[int], breaks: list[tuple[int, bool]], largest: int) -> None:
    """A server that keeps whole utterances as safe, or nothing new, sees every sample and end in its place."""
    ledger = UnsafeAudio(600)
    stream, ends = b"", []
    for number, length in enumerate(words):
        word = bytes([number, 255 - number]) * length
        ledger.append(word)
        ledger.mark(1)
        stream += word
        ends.append(len(stream) // 2)
    safe, got, received_ends = 0, bytearray(), set()
    for after_frames, accepts in [*breaks, (10_000, True)]:
        position = safe
        ledger.rewind(position)
        for _ in range(after_frames):
            frame = ledger.next_frame(largest)
            if frame is None:
                break
            got[position * 2 : position * 2 + len(frame)] = frame
            position += len(frame) // 2
            if not frame:
                received_ends.add(position)
                if accepts:
                    safe = position
                    ledger.forget(safe)
    assert bytes(got) == stream
    assert sorted(received_ends) == ends
    assert ledger.base == ledger.end == len(stream) // 2


@settings(deadline=None)
@given(
    words=st.lists(st.tuples(st.integers(1, 20), st.sampled_from([1, 2]), st.booleans()), min_size=1, max_size=8),
    breaks=st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=6),
    largest=st.sampled_from([2, 6, 64]),
)
def test_any_breaks_deliver_the_same_pauses_and_ends(
    words: list[tuple[int, int, bool]], breaks: list[tuple[int, bool]], largest: int
) -> None:
    """A server that ends an utterance at the second empty frame in a row, and at a pause where a sentence ends, cuts in
    the same places, whether or not a connection breaks between two frames and before it can tell."""
    ledger = UnsafeAudio(600)
    stream, sentences, expected = b"", set(), []
    for number, (length, empty_frames, sentence) in enumerate(words):
        word = bytes([number, 255 - number]) * length
        ledger.append(word)
        ledger.mark(empty_frames)
        stream += word
        if sentence:
            sentences.add(len(stream) // 2)
        if sentence or empty_frames == 2:
            expected.append(len(stream) // 2)
    safe, got, cuts = 0, bytearray(), []
    for after_frames, tells in [*breaks, (10_000, True)]:
        position, in_a_row = safe, 0
        ledger.rewind(position)
        for _ in range(after_frames):
            frame = ledger.next_frame(largest)
            if frame is None:
                break
            got[position * 2 : position * 2 + len(frame)] = frame
            position += len(frame) // 2
            in_a_row = 0 if frame else in_a_row + 1
            assert in_a_row <= 2
            if position > safe and (in_a_row == 2 or (in_a_row and position in sentences)):
                safe = position
                cuts.append(safe)
            if tells:
                ledger.forget(safe)
    assert bytes(got) == stream
    assert cuts == expected
