"""Which look at a sentence is under way: the final of the same audio waits for it instead of hearing it again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from contract.jobs import AudioSpan, UtteranceJob

Span = tuple[str, int, int]


class Looks:
    """Looks come from one thread, finals ask from another."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way: Span | None = None

    @contextmanager
    def at(self, span: AudioSpan) -> Iterator[None]:
        """A look at `span` lasts as long as the context."""
        with self._changed:
            self._under_way = (span.session, span.start, span.end)
        try:
            yield
        finally:
            with self._changed:
                self._under_way = None
                self._changed.notify_all()

    def wait_for(self, job: UtteranceJob, seconds: float) -> bool:
        """Wait for the look that was asked for of this utterance, at most `seconds`; whether it was under way."""
        wanted = (job.session, job.start, job.looked_until or job.end)
        with self._changed:
            if self._under_way != wanted:
                return False
            self._changed.wait_for(lambda: self._under_way != wanted, seconds)
            return True
