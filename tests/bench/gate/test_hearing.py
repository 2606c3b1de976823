"""What the benchmark says of a gate, of rooms that are made by hand."""

from __future__ import annotations

import numpy as np

from bench.gate.hearing import hear, judged
from bench.gate.rooms import Flags, Room, as_pcm, furnish
from bench.gate.tables import gate_tables
from contract.audio import SAMPLE_RATE_HZ
from harness.human_voices import Clip


def flags(count: int, *runs: tuple[int, int]) -> Flags:
    made = np.zeros(count, dtype=bool)
    for first, end in runs:
        made[first:end] = True
    return made


def test_what_is_late_lost_and_opened_by_noise_is_counted() -> None:
    room = Room(b"", flags(1_000, (100, 150), (500, 560)), [(100, 149), (500, 559)])
    opened = flags(1_000, (20, 40), (105, 170), (300, 330), (480, 1_000))
    heard = judged(room, opened, flags(1_000, (20, 40), (104, 170), (300, 330), (480, 1_000)))
    assert heard.closes_ms == [21 * 20, None], "from the last loud frame, 149, to the first closed, 170"
    assert heard.lost_ms == [4 * 20, 0]
    assert heard.pieces == [(20, 39), (300, 329), (480, 484)], "the last one runs into speech, which begins faintly"
    figures = heard.figures()
    assert (figures["closed_500"], figures["closed_1500"]) == (0.5, 0.5)
    assert figures["open_alone"] > 0.4


def test_a_gate_in_a_quiet_room_closes_after_its_pause_and_loses_nothing() -> None:
    tone = np.sin(np.arange(SAMPLE_RATE_HZ) / 5) * 0.3 * 32_767
    said = [Clip("a", "en", "", tone.astype(np.int16)), Clip("b", "en", "", tone.astype(np.int16))]
    room = furnish(said, np.ones(SAMPLE_RATE_HZ), None)
    assert [last - first for first, last in room.said] == [49, 49]
    heard = hear(room, follows_noise=True)
    assert heard.closes_ms == [200, 200]
    assert heard.lost_ms == [0, 0]
    assert heard.pieces == []


def test_noise_is_so_far_below_the_speech() -> None:
    tone = np.sin(np.arange(SAMPLE_RATE_HZ) / 5) * 0.3 * 32_767
    white = np.random.default_rng(1).normal(size=3 * SAMPLE_RATE_HZ)
    room = furnish([Clip("a", "en", "", tone.astype(np.int16))], white, 10.0)
    lead = np.frombuffer(room.pcm, "<i2")[: SAMPLE_RATE_HZ * 4] / 32_768
    assert 10 * np.log10(0.045 / np.mean(np.square(lead))) - 10 < 0.3
    assert as_pcm(np.array([2.0, -2.0])) == np.array([32_767, -32_768], "<i2").tobytes()


def test_a_row_of_the_table_has_both_ways() -> None:
    figures = {"closed_500": 0.0, "closed_1500": 0.1, "lost_ms": 0.0, "open_alone": 1.0, "opened_a_minute": 0.5}
    ways = [{"room": "a loud room", "gate": way, **figures, "taken_for_speech": 3} for way in ("fixed", "follows")]
    ((title, text),) = gate_tables({"rows": ways})
    assert "follows" in title
    assert "10% → 10%" in text
