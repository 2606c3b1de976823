"""Takes what waits in a worker's queue beside the task that Celery has handed over, so that a model does several at
once.

Celery's prefetch stays at one, so a worker still holds nothing that it does not work on. What is taken here is taken
by kombu and acknowledged as late as Celery does it: when a worker dies, Redis gives all of it back after the
visibility timeout. Nothing is ever waited for.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any, cast

import redis
from celery import Celery
from kombu.exceptions import KombuError
from kombu.message import Message
from kombu.serialization import prepare_accept_content

from contract.keys import workers_key
from runtime.broker.delivery import LastingChannel

logger = logging.getLogger(__name__)

TROUBLE = (redis.RedisError, OSError, KombuError)


class Companion:
    """A task that was taken from the queue and is neither acknowledged nor given back."""

    def __init__(self, message: Message, arguments: Sequence[Any]) -> None:
        self._message = message
        self.arguments = arguments

    def done(self) -> None:
        """Acknowledge it. When that fails it comes back, which is harmless: an utterance ends once."""
        try:
            self._message.ack()
        except TROUBLE as problem:
            logger.warning("a task could not be acknowledged: %s: %s", type(problem).__name__, problem)

    def give_back(self) -> None:
        """Put it back into its queue; when that fails Redis does after the visibility timeout."""
        try:
            self._message.reject(requeue=True)
        except TROUBLE as problem:
            logger.warning("a task could not be given back: %s: %s", type(problem).__name__, problem)


class Companions:
    """Takes tasks called `task` with `count` arguments from `queue`. Used by the worker's main thread alone."""

    def __init__(self, app: Celery, queue: str, task: str, count: int) -> None:
        self._app = app
        self._queue = queue
        self._task = task
        self._count = count
        self._accept = prepare_accept_content(app.conf.accept_content)
        self._connection: Any = None
        self._channel: Any = None

    def take(self, most: int) -> list[Companion]:
        """At most `most` waiting tasks, the oldest first, and no more than this worker's share of them."""
        taken: list[Companion] = []
        if most < 1 or LastingChannel.left == 0:
            return taken
        try:
            for _ in range(min(most, self._share())):
                companion = self._next()
                if companion is None:
                    break
                taken.append(companion)
        except TROUBLE as problem:
            logger.warning("no more tasks taken at once: %s: %s", type(problem).__name__, problem)
            self._forget()
        return taken

    def close(self) -> None:
        """Let go of the connection; what was taken and not acknowledged goes back to the queue."""
        try:
            if self._connection is not None:
                self._connection.release()
        except TROUBLE as problem:
            logger.warning("connection not closed: %s: %s", type(problem).__name__, problem)
        self._forget()

    def _share(self) -> int:
        """How many of the waiting tasks are this worker's when all live workers take as many, itself included."""
        pipe = self._open().client.pipeline(transaction=False)
        pipe.llen(self._queue)
        pipe.hlen(workers_key(self._queue))
        waiting, workers = cast(tuple[int, int], pipe.execute())
        return math.ceil((waiting + 1) / max(1, workers)) - 1 if waiting else 0

    def _next(self) -> Companion | None:
        message = self._open().basic_get(self._queue)
        if message is None:
            return None
        message.accept = self._accept
        try:
            arguments, keywords, _ = message.decode()
            if message.headers.get("task") != self._task:
                raise ValueError(f"a task called {message.headers.get('task')!r:.80}")
            if keywords or len(arguments) != self._count:
                raise ValueError(f"a task with {len(arguments)} arguments and {len(keywords)} named ones")
        except Exception as problem:  # whatever a decoder raises on what somebody else has put there
            logger.error("left to Celery, which knows what to do with it: %s: %s", type(problem).__name__, problem)
            message.reject(requeue=True)
            return None
        return Companion(message, arguments)

    def _open(self) -> Any:
        if self._channel is None:
            self._connection = self._app.connection_for_read()
            self._channel = self._connection.channel()
        return self._channel

    def _forget(self) -> None:
        self._connection = None
        self._channel = None
