"""A segment of a file that is out for recognition, or waits to be written down."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from contract.jobs import UtteranceJob
from contract.messages import Result, UtteranceOutcome
from file_worker.segments import Segment


@dataclass(slots=True)
class Sent:
    """A segment without a written-down outcome."""

    job: UtteranceJob
    segment: Segment
    sent: float = field(default_factory=time.monotonic)
    resends: int = 0
    outcome: UtteranceOutcome | None = None
    first: UtteranceOutcome | None = None  # of one that is heard again

    @property
    def samples(self) -> int:
        """Its length."""
        return self.segment.end - self.segment.start

    @property
    def kept(self) -> UtteranceOutcome | None:
        """The outcome to write down: the first one, if the second gave no text."""
        return self.first if isinstance(self.first, Result) and not isinstance(self.outcome, Result) else self.outcome
