"""Sound of two channels: what passes of both while somebody speaks in either, and how it comes to 16 kHz."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from recorder_service.audio.stereo import HANGOVER_MS, SAME_SOUND, StereoConverter, StereoGate, apart, together
from runtime.audio.gate import Mark
from runtime.audio.resample import Converter
from tests.recorder_service.fakes import noise

RATE = 16_000
THRESHOLD = 0.0005


def hiss(seconds: float, seed: int = 1) -> bytes:
    """Quiet, and no two frames alike, so that a frame in the wrong place shows."""
    generator = np.random.default_rng(seed)
    return generator.integers(-60, 60, round(seconds * RATE)).astype("<i2").tobytes()


def passed(gate: StereoGate, pcm: bytes, block: int = 2560) -> list[bytes | Mark]:
    """What comes out, speech in one piece up to each mark."""
    pieces = [piece for first in range(0, len(pcm), block) for piece in gate.feed(pcm[first : first + block])]
    out: list[bytes | Mark] = []
    for piece in [*pieces, *gate.flush()]:
        if isinstance(piece, bytes) and out and isinstance(out[-1], bytes):
            out[-1] += piece
        else:
            out.append(piece)
    return out


def conversation() -> bytes:
    """Channel 1 speaks from 2 to 3 s, channel 2 from 4 to 5 s and from 10 to 11 s; 14 s."""
    first = hiss(2, 1) + noise(1, 2) + hiss(11, 3)
    second = hiss(4, 4) + noise(1, 5) + hiss(5, 6) + noise(1, 7) + hiss(3, 8)
    return together(first, second)


def seconds(pcm: bytes, begin: float, end: float) -> bytes:
    return pcm[4 * round(begin * RATE) : 4 * round(end * RATE)]


@pytest.mark.parametrize("block", [2560, 1280, 4, 12_004])
def test_both_pass_while_somebody_speaks_in_either(block: int) -> None:
    pcm, gate = conversation(), StereoGate(THRESHOLD)
    out = passed(gate, pcm, block)
    assert out == [seconds(pcm, 1.7, 7.0), Mark.END, seconds(pcm, 9.7, 13.0), Mark.END]
    assert HANGOVER_MS == 2_000
    starts = [gate.timeline.captured_at(place) for place in (0, round(5.3 * RATE))]
    assert starts == [round(1.7 * RATE), round(9.7 * RATE)]


def test_what_is_cut_off_is_sent_to_its_end() -> None:
    pcm = together(hiss(1.005), noise(1.005))
    assert passed(StereoGate(THRESHOLD), pcm) == [pcm, Mark.END]


def test_each_channel_has_a_threshold_of_its_own() -> None:
    """Once the fan at one microphone is known, it keeps neither open; a voice that is as loud opens the other's."""
    fan, voice = softer(noise(20, 1), 5), hiss(19, 2) + softer(noise(1, 3), 5)
    gate, opened = StereoGate(THRESHOLD), []
    pcm = together(fan, voice)
    for first in range(0, len(pcm), 1280):
        gate.feed(pcm[first : first + 1280])
        opened.append(gate.is_open)
    assert opened[25]
    assert not opened[round(18.9 * 50)]
    assert opened[-1]


def softer(pcm: bytes, times: int) -> bytes:
    return (np.frombuffer(pcm, dtype="<i2") // times).astype("<i2").tobytes()


def test_a_gate_that_is_off_passes_all() -> None:
    pcm = together(hiss(3, 1), hiss(3, 2))
    assert passed(StereoGate(THRESHOLD, enabled=False), pcm) == [pcm, Mark.END]
    assert passed(StereoGate(THRESHOLD), pcm) == []


def test_a_meter_has_the_level_of_each() -> None:
    gate = StereoGate(THRESHOLD)
    gate.feed(together(noise(0.1), hiss(0.1)))
    loud, quiet = gate.levels
    assert loud > 0.01
    assert quiet < 0.00001


@pytest.mark.parametrize("same", [True, False])
def test_one_microphone_on_both_channels_is_told_once(same: bool, caplog: pytest.LogCaptureFixture) -> None:
    left = noise(6)
    right = left if same else b"\x01\x00" + left[2:]
    gate = StereoGate(THRESHOLD)
    with caplog.at_level(logging.WARNING):
        passed(gate, together(hiss(5), hiss(5)) + together(left, right))
    assert [record.getMessage() for record in caplog.records] == ([SAME_SOUND] if same else [])


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 4), (44_100, 2), (48_000, 3)])
def test_each_channel_comes_to_16_khz_by_itself(rate: int, channels: int) -> None:
    audio = np.random.default_rng(3).integers(-9000, 9000, (rate, channels)).astype("<i2")
    converter = StereoConverter(rate, channels)
    got = b"".join(converter.feed(audio[first : first + 999].tobytes()) for first in range(0, rate, 999))
    got += converter.flush()
    for number, own in enumerate(apart(got)):
        alone = Converter(rate, 1)
        assert own == alone.feed(audio[:, number].tobytes()) + alone.flush()
        assert len(own) == 2 * RATE
