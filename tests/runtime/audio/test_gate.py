"""The voice gate: speech with its pre-roll and hangover, nothing else, and the same for any block size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.audio.gate import FRAME_BYTES, FRAME_SAMPLES, Mark, VoiceGate, frame_levels
from runtime.audio.timeline import Timeline

THRESHOLD = 0.0005
RATE = 16_000
END_MS = 1200


def tone(seconds: float, amplitude: float, marker: int = 0) -> bytes:
    times = np.arange(round(seconds * RATE)) / RATE
    wave = amplitude * 32767 * np.sin(2 * np.pi * (300 + marker) * times)
    return wave.astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    """Quiet, and no two frames alike, so that a frame in the wrong place shows."""
    generator = np.random.default_rng(round(seconds * 1000))
    return generator.integers(-60, 60, round(seconds * RATE)).astype("<i2").tobytes()


def passed(gate: VoiceGate, pcm: bytes, block: int = 1280) -> list[bytes | Mark]:
    out: list[bytes | Mark] = []
    for first in range(0, len(pcm), block):
        out += gate.feed(pcm[first : first + block])
    return out + gate.flush()


def joined(pieces: list[bytes | Mark]) -> list[bytes | Mark]:
    """Speech in one piece up to each mark."""
    out: list[bytes | Mark] = []
    for piece in pieces:
        if isinstance(piece, bytes) and out and isinstance(out[-1], bytes):
            out[-1] += piece
        else:
            out.append(piece)
    return out


def utterances(pieces: list[bytes | Mark]) -> list[bytes]:
    together = joined(pieces)
    speech = [piece for piece in together if isinstance(piece, bytes)]
    assert together == [piece for pcm in speech for piece in (pcm, Mark.END)], "each is ended, once"
    return speech


def with_pauses(end_ms: int = END_MS) -> VoiceGate:
    gate = VoiceGate(THRESHOLD)
    gate.mark_pauses(end_ms)
    return gate


def part(pcm: bytes, first_sec: float, last_sec: float) -> bytes:
    return pcm[round(first_sec * RATE) * 2 : round(last_sec * RATE) * 2]


def test_an_utterance_has_its_pre_roll_and_its_hangover() -> None:
    pcm = silence(1.0) + tone(0.8, 0.3) + silence(2.0)
    (utterance,) = utterances(passed(VoiceGate(THRESHOLD), pcm))
    first, last = round(0.7 * RATE) * 2, round(2.3 * RATE) * 2
    assert utterance == pcm[first:last]


def test_a_pause_shorter_than_the_hangover_stays_inside() -> None:
    pcm = silence(0.5) + tone(0.4, 0.3) + silence(0.4) + tone(0.4, 0.3) + silence(1.0)
    assert len(utterances(passed(VoiceGate(THRESHOLD), pcm))) == 1
    assert len(utterances(passed(VoiceGate(THRESHOLD, hangover_ms=200), pcm))) == 2


def test_the_pre_roll_never_repeats_what_was_sent() -> None:
    pcm = silence(0.4) + tone(0.4, 0.3) + silence(0.6) + tone(0.4, 0.3) + silence(1.0)
    first, second = utterances(passed(VoiceGate(THRESHOLD), pcm))
    begin = round(0.1 * RATE) * 2
    assert len(first) == round(1.2 * RATE) * 2, "0.5 s of the 0.6 s are hangover, 0.1 s is pre-roll"
    assert first + second == pcm[begin : begin + len(first) + len(second)]


def test_silence_sends_nothing() -> None:
    assert passed(VoiceGate(THRESHOLD), silence(5.0)) == []


def test_the_threshold_is_a_mean_square() -> None:
    at_threshold = np.full(FRAME_SAMPLES, np.sqrt(THRESHOLD) * 32768.0)
    assert frame_levels(np.ceil(at_threshold).astype("<i2").tobytes())[0] >= THRESHOLD
    quiet = np.floor(at_threshold * 0.99).astype("<i2").tobytes()
    assert VoiceGate(THRESHOLD).feed(quiet) == []
    assert VoiceGate(THRESHOLD).feed(np.ceil(at_threshold).astype("<i2").tobytes()) != []


def test_without_the_gate_everything_passes_and_ends_once() -> None:
    pcm = silence(1.003)
    assert utterances(passed(VoiceGate(THRESHOLD, enabled=False), pcm)) == [pcm]


def test_stopping_in_speech_sends_the_last_incomplete_frame() -> None:
    pcm = tone(0.505, 0.3)
    assert utterances(passed(VoiceGate(THRESHOLD), pcm)) == [pcm]


@settings(deadline=None, max_examples=40)
@given(block=st.integers(1, 20_000).map(lambda samples: 2 * samples))
def test_blocks_of_any_size_give_the_same_utterances(block: int) -> None:
    pcm = silence(0.7) + tone(0.5, 0.2) + silence(0.9) + tone(0.3, 0.2, 50) + silence(0.6)
    whole = utterances(passed(VoiceGate(THRESHOLD), pcm, len(pcm)))
    assert utterances(passed(VoiceGate(THRESHOLD), pcm, block)) == whole
    assert len(whole) == 2


def test_a_pause_is_marked_soon_and_the_end_later() -> None:
    pcm = silence(0.5) + tone(0.4, 0.3) + silence(2.0)
    gate = with_pauses()
    marked = {}
    for number in range(len(pcm) // FRAME_BYTES):
        for piece in gate.feed(pcm[number * FRAME_BYTES : (number + 1) * FRAME_BYTES]):
            if isinstance(piece, Mark):
                assert piece not in marked, "once each"
                marked[piece] = (number + 1) * 20
    assert marked == {Mark.PAUSE: 1_100, Mark.END: 2_100}
    assert joined(passed(with_pauses(), pcm)) == [part(pcm, 0.2, 1.1), Mark.PAUSE, Mark.END]


def test_speech_that_goes_on_after_a_pause_has_its_pre_roll_and_no_end_before_it() -> None:
    pcm = tone(0.4, 0.3) + silence(1.0) + tone(0.4, 0.3, 50) + silence(0.9)
    out = joined(passed(with_pauses(), pcm))
    assert out == [part(pcm, 0.0, 0.6), Mark.PAUSE, part(pcm, 1.1, 2.0), Mark.PAUSE, Mark.END]


def test_a_short_pause_leaves_no_hole() -> None:
    pcm = tone(0.4, 0.3) + silence(0.4) + tone(0.4, 0.3, 50) + silence(2.0)
    first, pause, second, *marks = joined(passed(with_pauses(), pcm))
    assert (pause, marks) == (Mark.PAUSE, [Mark.PAUSE, Mark.END])
    assert (first, second) == (part(pcm, 0.0, 0.6), part(pcm, 0.6, 1.4))


def test_quiet_is_counted_from_the_last_loud_frame_alone() -> None:
    pcm = tone(0.4, 0.3) + silence(1.1) + tone(0.02, 0.3) + silence(1.1) + tone(0.4, 0.3) + silence(1.3)
    marks = [piece for piece in passed(with_pauses(), pcm) if isinstance(piece, Mark)]
    assert marks == [Mark.PAUSE, Mark.PAUSE, Mark.PAUSE, Mark.END]


def test_stopping_ends_what_is_open_or_paused_once() -> None:
    gate, pcm = with_pauses(), tone(0.4, 0.3) + silence(0.305)
    assert joined(gate.feed(pcm)) == [part(pcm, 0.0, 0.6), Mark.PAUSE]
    assert gate.flush() == [Mark.END]
    assert gate.flush() == []
    in_speech = tone(0.405, 0.3)
    assert joined(passed(with_pauses(), in_speech)) == [in_speech, Mark.END]
    assert passed(with_pauses(), tone(0.4, 0.3) + silence(1.3))[-2:] == [Mark.PAUSE, Mark.END], "it has ended already"


def test_pauses_may_come_and_go_while_it_listens() -> None:
    gate = VoiceGate(THRESHOLD)
    pcm = tone(0.4, 0.3) + silence(0.3)
    assert gate.feed(pcm) == [pcm], "no pause before they are marked"
    gate.mark_pauses(END_MS)
    assert gate.feed(silence(0.02)) == [silence(0.02), Mark.PAUSE]
    gate.mark_pauses(0)
    assert gate.feed(silence(0.16)) == []
    assert gate.feed(silence(0.02)) == [Mark.END], "after the 500 ms of the hangover"
    second = joined(gate.feed(tone(0.4, 0.3) + silence(1.0)))
    assert [piece for piece in second if isinstance(piece, Mark)] == [Mark.END]


@settings(deadline=None, max_examples=40)
@given(
    block=st.integers(1, 20_000).map(lambda samples: 2 * samples),
    gaps=st.lists(st.sampled_from([0.1, 0.3, 0.7, 1.15, 1.3]), min_size=1, max_size=4),
)
def test_blocks_of_any_size_give_the_same_pauses(block: int, gaps: list[float]) -> None:
    pcm = silence(0.7) + b"".join(tone(0.1, 0.2, 50 * number) + silence(gap) for number, gap in enumerate(gaps))
    whole = joined(passed(with_pauses(), pcm, len(pcm)))
    assert joined(passed(with_pauses(), pcm, block)) == whole
    marks = [piece for piece in whole if isinstance(piece, Mark)]
    last = [Mark.END] if gaps[-1] < 1.2 else []
    expected = [mark for gap in gaps for mark in [Mark.PAUSE] * (gap > 0.2) + [Mark.END] * (gap > 1.2)]
    assert marks == expected + last


def test_the_timeline_knows_what_was_left_out_in_a_pause() -> None:
    gate = with_pauses()
    pcm = tone(0.4, 0.3) + silence(1.0) + tone(0.4, 0.3) + silence(2.0)
    passed(gate, pcm)
    assert gate.timeline.captured_at(round(0.6 * RATE) - 1) == round(0.6 * RATE) - 1
    assert gate.timeline.captured_at(round(0.6 * RATE)) == round(1.1 * RATE)


def test_the_timeline_finds_speech_in_the_recording() -> None:
    gate = VoiceGate(THRESHOLD)
    pcm = silence(2.0) + tone(0.5, 0.3) + silence(3.0) + tone(0.5, 0.3) + silence(1.0)
    first, second = utterances(passed(gate, pcm))
    assert gate.timeline.captured_at(0) == round(1.7 * RATE)
    assert gate.timeline.captured_at(len(first) // 2) == round(5.2 * RATE)
    place = gate.timeline.captured_at(len(first) // 2 + 100)
    assert pcm[place * 2 : place * 2 + 20] == second[200:220]


def test_the_timeline_is_bounded() -> None:
    timeline = Timeline(runs_kept=3)
    assert timeline.captured_at(70) == 70
    for run in range(10):
        timeline.add(run * 100, run * 1_000)
    assert timeline.captured_at(950) == 9_050
    assert timeline.captured_at(750) == 7_050
    assert timeline.captured_at(650) == 6_950, "older ones are counted back from the oldest that is kept"


@pytest.mark.parametrize("hangover_ms", [20, 500, 1_000])
def test_the_level_meter_shows_the_loudest_frame(hangover_ms: int) -> None:
    gate = VoiceGate(THRESHOLD, hangover_ms=hangover_ms)
    gate.feed(silence(0.02) + tone(0.02, 0.5))
    assert gate.level == pytest.approx(0.125, rel=0.05)
    assert gate.is_open
