"""A lock of the models with priority: finals first, partials only while there is no final."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class PartialAbortedError(Exception):
    """The running partial must release the models: a final is waiting, it is late, or the worker stops."""


class PriorityModelLock:
    """The models are used by one thread at a time. Finals come from one thread, partials from another.

    A final waits for no more than the step that a partial is in: between two steps (layers, tokens, frames) the
    partial calls `interrupt`, which raises as soon as a final is waiting.
    """

    def __init__(self) -> None:
        self._models = threading.Lock()
        self._no_final = threading.Event()
        self._no_final.set()
        self._closed = False
        self._deadline = 0.0  # of the partial under way, monotonic seconds

    @contextmanager
    def final(self) -> Iterator[None]:
        """Hold the models for a final; a running partial is aborted."""
        self._no_final.clear()
        try:
            with self._models:
                yield
        finally:
            self._no_final.set()

    @contextmanager
    def partial(self, seconds: float) -> Iterator[None]:
        """Hold the models for a partial, for at most `seconds`. Raises PartialAbortedError where they are not free."""
        if not self._models.acquire(blocking=False):
            raise PartialAbortedError("a final is being worked on")
        try:
            self._deadline = time.monotonic() + seconds
            self.interrupt()
            yield
        finally:
            self._models.release()

    def interrupt(self) -> None:
        """A partial calls this between its steps. Raises PartialAbortedError when it must end."""
        if self._closed or not self._no_final.is_set():
            raise PartialAbortedError("a final is waiting, or the worker stops")
        if time.monotonic() > self._deadline:
            raise PartialAbortedError("it took too long")

    def wait_for_no_final(self, seconds: float) -> bool:
        """Wait up to `seconds` for the finals to be done; whether there is none now."""
        return self._no_final.wait(seconds)

    def close(self) -> None:
        """Abort the running partial, and let no other begin."""
        self._closed = True
