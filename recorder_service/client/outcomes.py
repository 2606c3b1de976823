"""Which utterances of a stream have ended: numbers its outcomes without doubles, and knows when none is missing."""

from __future__ import annotations

from typing import Literal

from contract.audio import SAMPLE_RATE_HZ
from contract.messages import Accepted, Dropped, Error, Result

Outcome = Result | Dropped | Error
Verdict = Literal["new", "old", "gap"]

# start_sec and duration_sec are rounded to milliseconds: an end computed from them is off by up to 8 samples.
ROUNDING_SAMPLES = 16


class OutcomeTracker:
    """Utterances follow each other without a hole, so the stream has ended up to where their outcomes reach.
    Not so in one channel of several: there `safe` says up to where all is known, and `waiting` what has not ended.
    """

    def __init__(self) -> None:
        self.last_seq: int | None = None
        self._done_until = 0
        self._ahead: dict[int, int] = {}  # start: end of what has ended after one that has not
        self._open: dict[str, tuple[int, int]] = {}  # accepted and not ended: id to start and end
        self._gap_after: int | None = None

    @property
    def waiting(self) -> list[str]:
        """Ids of the utterances that were accepted and have not ended."""
        return list(self._open)

    def restart(self, position: int, last_seq: int | None) -> None:
        """Count from `position` (samples) on; `last_seq` is the last outcome that the caller has, None for any."""
        self.last_seq = last_seq
        self._done_until = position
        self._ahead.clear()
        self._open.clear()
        self._gap_after = None

    def ended_up_to(self, position: int) -> bool:
        """Whether every utterance before `position` (samples) has ended."""
        return self._done_until + ROUNDING_SAMPLES >= position

    def safe(self, position: int) -> None:
        """Every utterance that ends before `position` (samples) was accepted, or has ended."""
        self._done_until = max(self._done_until, position)
        self._advance()

    def accept(self, message: Accepted) -> None:
        """An utterance will end as one outcome."""
        if not self.ended_up_to(message.position) and message.start not in self._ahead:
            self._open[message.utterance] = (message.start, message.position)

    def take(self, message: Outcome) -> Verdict:
        """Book an outcome. "old": it came before. "gap": one before it is missing, and it was not booked.

        The server numbers outcomes without gaps, but keeps only so many for replay: a gap that is still there
        after it was asked to send again from the same place is taken as it is.
        """
        if self.last_seq is not None:
            if message.seq <= self.last_seq:
                return "old"
            if message.seq > self.last_seq + 1 and self._gap_after != self.last_seq:
                self._gap_after = self.last_seq
                return "gap"
        self.last_seq = message.seq
        start, end = self._open.pop(message.utterance) if message.utterance in self._open else self._place(message)
        self._ahead[start] = max(end, self._ahead.get(start, 0))
        self._advance()
        return "new"

    @staticmethod
    def _place(message: Outcome) -> tuple[int, int]:
        _, _, start_text = message.utterance.rpartition("-")
        start = int(start_text) if start_text.isdecimal() else round(message.start_sec * SAMPLE_RATE_HZ)
        return start, start + round(message.duration_sec * SAMPLE_RATE_HZ)

    def _advance(self) -> None:
        while reached := [start for start in self._ahead if start <= self._done_until + ROUNDING_SAMPLES]:
            for start in reached:
                self._done_until = max(self._done_until, self._ahead.pop(start))
