"""Takes more waiting tasks beside the one that Celery has delivered, so that a model processes several at once.

Celery's prefetch stays at one, so a worker holds no task that it does not work on. Tasks taken here come through kombu
and are acknowledged late, as Celery does it: when a worker dies, all of them are redelivered after the visibility
timeout. Never blocks.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any, cast

from celery import Celery
from kombu.message import Message
from kombu.serialization import prepare_accept_content

from contract.keys import workers_key
from runtime.broker.delivery import ReliableChannel
from runtime.redis_retry import REDIS_ERRORS

logger = logging.getLogger(__name__)


class ExtraTask:
    """A task taken from the queue and not yet acknowledged or requeued."""

    def __init__(self, message: Message, arguments: Sequence[Any]) -> None:
        self._message = message
        self.arguments = arguments

    def done(self) -> None:
        """Acknowledge it. When that fails it is redelivered, which is harmless: an utterance ends once."""
        try:
            self._message.ack()
        except REDIS_ERRORS as problem:
            logger.warning("a task could not be acknowledged: %s: %s", type(problem).__name__, problem)

    def give_back(self) -> None:
        """Requeue it; when that fails it is redelivered after the visibility timeout."""
        try:
            self._message.reject(requeue=True)
        except REDIS_ERRORS as problem:
            logger.warning("a task could not be given back: %s: %s", type(problem).__name__, problem)


class TaskBatcher:
    """Takes tasks called `task` with `count` arguments from `queue`. Used by the worker's main thread alone."""

    def __init__(self, app: Celery, queue: str, task: str, count: int) -> None:
        self._app = app
        self._queue = queue
        self._task = task
        self._count = count
        self._accept = prepare_accept_content(app.conf.accept_content)
        self._connection: Any = None
        self._channel: Any = None

    def take(self, most: int) -> list[ExtraTask]:
        """At most `most` waiting tasks, oldest first, and no more than this worker's share of the queue."""
        taken: list[ExtraTask] = []
        if most < 1 or ReliableChannel.still_queued == 0:
            return taken
        try:
            for _ in range(min(most, self._share())):
                extra = self._next()
                if extra is None:
                    break
                taken.append(extra)
        except REDIS_ERRORS as problem:
            logger.warning("no more tasks taken at once: %s: %s", type(problem).__name__, problem)
            self._forget()
        return taken

    def close(self) -> None:
        """Close the connection; unacknowledged tasks go back to the queue."""
        try:
            if self._connection is not None:
                self._connection.release()
        except REDIS_ERRORS as problem:
            logger.warning("connection not closed: %s: %s", type(problem).__name__, problem)
        self._forget()

    def _share(self) -> int:
        """This worker's equal share of the waiting tasks among all live workers."""
        pipe = self._open().client.pipeline(transaction=False)
        pipe.llen(self._queue)
        pipe.hlen(workers_key(self._queue))
        waiting, workers = cast(tuple[int, int], pipe.execute())
        return math.ceil((waiting + 1) / max(1, workers)) - 1 if waiting else 0

    def _next(self) -> ExtraTask | None:
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
        except Exception as problem:  # decoders raise all kinds of errors on malformed messages
            logger.error("left to Celery, which knows what to do with it: %s: %s", type(problem).__name__, problem)
            message.reject(requeue=True)
            return None
        return ExtraTask(message, arguments)

    def _open(self) -> Any:
        if self._channel is None:
            self._connection = self._app.connection_for_read()
            self._channel = self._connection.channel()
        return self._channel

    def _forget(self) -> None:
        self._connection = None
        self._channel = None
