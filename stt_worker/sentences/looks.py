"""Which look at a sentence is under way: the final of the same audio waits for it instead of hearing it again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from contract.jobs import AudioSpan

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
            self._under_way = _of(span)
        try:
            yield
        finally:
            with self._changed:
                self._under_way = None
                self._changed.notify_all()

    def wait_for(self, span: AudioSpan, seconds: float) -> bool:
        """Wait for the look at the same samples, at most `seconds`; whether one was under way."""
        with self._changed:
            if self._under_way != _of(span):
                return False
            self._changed.wait_for(lambda: self._under_way != _of(span), seconds)
            return True


def _of(span: AudioSpan) -> Span:
    return span.session, span.start, span.end
