"""A lock of the models with priority: finals first, then looks whether a sentence has ended, then partials."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from stt_worker.engine.protocol import WorkInterruptedError


class WorkAbortedError(WorkInterruptedError):
    """The work must release the models: something that goes before it waits, it is late, or the worker stops."""


class PriorityModelLock:
    """The models are used by one thread at a time. Finals, sentences and partials come from a thread each.

    What goes before waits for no more than the step that the other is in: between two steps (layers, tokens, frames)
    a sentence or a partial calls `interrupt`, which raises as soon as something is waiting that goes before it.
    """

    def __init__(self) -> None:
        self._models = threading.Lock()
        self._no_final = threading.Event()
        self._no_sentence = threading.Event()
        self._no_final.set()
        self._no_sentence.set()
        self._closed = False
        self._yields_to_sentences = False  # this and the next are of the sentence or partial under way
        self._deadline = 0.0  # monotonic seconds

    @contextmanager
    def final(self) -> Iterator[None]:
        """Hold the models for a final; anything else under way is aborted."""
        self._no_final.clear()
        try:
            with self._models:
                yield
        finally:
            self._no_final.set()

    @contextmanager
    def sentence(self, seconds: float) -> Iterator[None]:
        """Hold the models for a look at a sentence, for at most `seconds`; a partial under way is aborted. Raises
        WorkAbortedError where a final has them or waits for them."""
        self._no_sentence.clear()
        try:
            began = time.monotonic()
            if not self._no_final.is_set() or not self._models.acquire(timeout=max(0.0, seconds)):
                raise WorkAbortedError("a final is being worked on")
            with self._held(seconds - (time.monotonic() - began), to_sentences=False):
                yield
        finally:
            self._no_sentence.set()

    @contextmanager
    def partial(self, seconds: float) -> Iterator[None]:
        """Hold the models for a partial, for at most `seconds`. Raises WorkAbortedError where they are not free."""
        if not self._models.acquire(blocking=False):
            raise WorkAbortedError("a final is being worked on")
        with self._held(seconds, to_sentences=True):
            yield

    @contextmanager
    def _held(self, seconds: float, to_sentences: bool) -> Iterator[None]:
        try:
            self._deadline = time.monotonic() + seconds
            self._yields_to_sentences = to_sentences
            self.interrupt()
            yield
        finally:
            self._models.release()

    def interrupt(self) -> None:
        """A sentence or a partial calls this between its steps. Raises WorkAbortedError when it must end."""
        if self._closed or not self._no_final.is_set():
            raise WorkAbortedError("a final is waiting, or the worker stops")
        if self._yields_to_sentences and not self._no_sentence.is_set():
            raise WorkAbortedError("a sentence is waiting")
        if time.monotonic() > self._deadline:
            raise WorkAbortedError("it took too long")

    def wait_for_no_final(self, seconds: float) -> bool:
        """Wait up to `seconds` for the finals to be done; whether there is none now."""
        return self._no_final.wait(seconds)

    def wait_until_idle(self, seconds: float) -> bool:
        """The same for finals and sentences."""
        return self._no_final.wait(seconds) and self._no_sentence.wait(seconds)

    def close(self) -> None:
        """Abort what is under way but a final, and let nothing but finals begin."""
        self._closed = True
