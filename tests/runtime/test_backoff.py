"""Delays double up to a bound, and a success begins them again."""

from __future__ import annotations

from runtime.backoff import Backoff


def test_delays_double_to_the_longest_and_begin_again_after_a_success() -> None:
    backoff = Backoff(0.5, 3.0)
    assert [backoff.next_delay() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    backoff.reset()
    assert backoff.next_delay() == 0.5


def test_trouble_that_goes_on_for_days_has_a_delay() -> None:
    backoff = Backoff(0.5, 10.0)
    assert [backoff.next_delay() for _ in range(20_000)][-1] == 10.0
