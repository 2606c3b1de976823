"""Renews the visibility timeout of a task that takes longer than it.

kombu redelivers a message when the timeout has passed since its delivery, and never renews that. Here a thread does,
for as long as the work lasts: it moves the message's time in kombu's index of unacknowledged messages on. When the
worker dies so does the thread, and the message is redelivered as soon as any other.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis

from contract.keys import UNACKED_INDEX

logger = logging.getLogger(__name__)

RENEWALS_PER_TIMEOUT = 6


@contextmanager
def held(
    client: redis.Redis, delivery_tag: str, visibility_timeout_sec: float, on_renewal: Callable[[], object]
) -> Iterator[None]:
    """Renew the timeout of the message with this tag while the context lasts; `on_renewal` is called each time."""
    stopped = threading.Event()

    def renew() -> None:
        while not stopped.wait(visibility_timeout_sec / RENEWALS_PER_TIMEOUT):
            try:
                client.zadd(UNACKED_INDEX, {delivery_tag: time.time()}, xx=True)
                on_renewal()
            except (redis.RedisError, OSError) as problem:
                logger.warning("a task's time was not renewed: %s: %s", type(problem).__name__, problem)

    thread = threading.Thread(target=renew, name="task-hold", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
