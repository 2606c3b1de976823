"""Utterances side by side on the CPU: a core each, instead of all cores for all of them at once.

The products of one utterance's next word are too small to be divided: threads that share them mostly wait for each
other. And what goes through the model together waits for the longest of them. bench/engine/together.py measures both
ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

import torch

Given = TypeVar("Given")
Made = TypeVar("Made")


def dealt(lengths: Sequence[int], hands: int) -> list[list[int]]:
    """The places of `lengths` in so many hands of about the same sum, each in its order; the longest are dealt first.
    Empty hands are left out."""
    found: list[list[int]] = [[] for _ in range(hands)]
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        min(found, key=lambda hand: sum(lengths[one] for one in hand)).append(place)
    return [sorted(hand) for hand in found if hand]


class SideBySide:
    """Threads that compute with one core each. They live as long as the process."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._threads = 0

    def each(self, work: Callable[[Given], Made], given: Sequence[Given]) -> list[Made]:
        """`work` of each, at the same time. What one raises comes through once all have ended."""
        pool = self._of(len(given))
        futures = [pool.submit(work, one) for one in given]
        wait(futures)
        return [future.result() for future in futures]

    def _of(self, threads: int) -> ThreadPoolExecutor:
        if self._pool is None or threads > self._threads:
            if self._pool is not None:
                self._pool.shutdown()
            self._threads = threads
            self._pool = ThreadPoolExecutor(threads, "beside", initializer=lambda: torch.set_num_threads(1))
        return self._pool
