"""Retries calls to Redis in a worker, until a deadline."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import redis
from kombu.exceptions import OperationalError

from runtime.backoff import Backoff

logger = logging.getLogger(__name__)

# Redis cannot be used, whether redis-py or kombu says so. A full Redis or disk too: its answers are RedisError.
REDIS_ERRORS = (redis.RedisError, OperationalError, OSError)
FIRST_DELAY_SEC = 0.1
LONGEST_DELAY_SEC = 2.0

T = TypeVar("T")


class RedisUnavailableError(Exception):
    """Redis could not be used until the deadline: the task must go back unacknowledged."""


class RedisRetry:
    """Asks Redis until it answers, each time for at most `deadline_sec`; calls `on_failure` at each failure."""

    def __init__(self, deadline_sec: float, on_failure: Callable[[], object] = lambda: None) -> None:
        self._deadline_sec = deadline_sec
        self._on_failure = on_failure

    def call(self, ask: Callable[[], T], what: str) -> T:
        """The result of `ask`, which may run more than once; `what` is for the log. Raises RedisUnavailableError."""
        deadline = time.monotonic() + self._deadline_sec
        backoff = Backoff(FIRST_DELAY_SEC, LONGEST_DELAY_SEC)
        while True:
            try:
                return ask()
            except REDIS_ERRORS as problem:
                self._on_failure()
                delay_sec = backoff.next_delay()
                if time.monotonic() + delay_sec > deadline:
                    raise RedisUnavailableError(f"{what}: {type(problem).__name__}: {problem}") from problem
                logger.warning("%s: %s: %s; trying again", what, type(problem).__name__, problem)
            time.sleep(delay_sec)
