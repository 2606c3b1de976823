"""Counting outcomes: none twice, none missing unnoticed, and a certain end."""

from __future__ import annotations

import itertools
import random

from contract.messages import Accepted, Dropped, Result
from recorder_service.client.outcomes import OutcomeTracker


def result(seq: int, start: int, end: int) -> Result:
    return Result(
        seq=seq,
        utterance=f"5f1d7c0a-{start}",
        start_sec=round(start / 16_000, 3),
        duration_sec=round((end - start) / 16_000, 3),
        text="",
        language="en",
    )


def accepted(start: int, end: int) -> Accepted:
    return Accepted(utterance=f"5f1d7c0a-{start}", start=start, position=end)


def tracker_at(position: int = 0, last_seq: int | None = 0) -> OutcomeTracker:
    tracker = OutcomeTracker()
    tracker.restart(position, last_seq)
    return tracker


def test_doubles_are_old() -> None:
    tracker = tracker_at()
    assert [tracker.take(result(seq, seq, seq + 1)) for seq in (1, 1, 2, 1, 2)] == ["new", "old", "new", "old", "old"]


def test_a_gap_is_told_once_and_then_taken_as_it_is() -> None:
    tracker = tracker_at()
    assert tracker.take(result(3, 0, 8_000)) == "gap"
    assert tracker.last_seq == 0
    assert tracker.take(result(3, 0, 8_000)) == "new"
    assert tracker.take(result(5, 8_000, 9_000)) == "gap"


def test_without_a_known_number_any_is_the_first() -> None:
    tracker = tracker_at(last_seq=None)
    assert tracker.take(result(412, 0, 8_000)) == "new"


def test_the_end_is_certain_in_any_order_of_outcomes_and_in_spite_of_rounding() -> None:
    generator = random.Random(3)
    for _ in range(200):
        bounds = [0]
        for _ in range(12):
            bounds.append(bounds[-1] + generator.randint(3_200, 240_001))
        utterances = list(itertools.pairwise(bounds))
        generator.shuffle(utterances)
        tracker = tracker_at()
        told = generator.random()
        for seq, (start, end) in enumerate(utterances, 1):
            assert not tracker.ended_up_to(bounds[-1])
            if generator.random() < told:
                tracker.accept(accepted(start, end))
            tracker.take(result(seq, start, end))
            if generator.random() < 0.3:
                tracker.accept(accepted(start, end))  # it can come behind its outcome
        assert tracker.ended_up_to(bounds[-1])
        assert tracker.waiting == []


def test_what_was_accepted_is_waited_for() -> None:
    tracker = tracker_at(16_000)
    tracker.accept(accepted(16_000, 20_000))
    tracker.accept(accepted(20_000, 24_000))
    assert len(tracker.waiting) == 2
    tracker.take(Dropped(seq=1, utterance="5f1d7c0a-20000", start_sec=1.25, duration_sec=0.25, reason="no_speech"))
    assert tracker.waiting == ["5f1d7c0a-16000"]
    assert not tracker.ended_up_to(20_000)
    tracker.take(result(2, 16_000, 20_000))
    assert tracker.ended_up_to(24_000)
