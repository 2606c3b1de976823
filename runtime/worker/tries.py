"""Counts how often a task was begun, so that one that kills its worker again and again is given up and holds up nobody.

A task that comes again may be what ended the last worker, or may only have been beside it. So it is done alone, and is
counted only while it is worked on: one that kills the worker must not use up the tries of its neighbours.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping

import redis

from contract.jobs import TRIES_MAX, UtteranceJob
from contract.keys import done_key
from runtime.redis_retry import RedisRetry, RedisUnavailableError

logger = logging.getLogger(__name__)


class Tries:
    """The counters of one kind of worker, under `key(session, start)`; each expires after `ttl_sec`."""

    def __init__(
        self,
        client: redis.Redis,
        key: Callable[[str, int], str],
        ttl_sec: int,
        retry: RedisRetry,
        on_again: Callable[[], object] = lambda: None,
    ) -> None:
        """`on_again` is called for each task that was begun before and has not ended."""
        self._client = client
        self._key = key
        self._ttl_sec = ttl_sec
        self._retry = retry
        self._on_again = on_again

    def begin(self, job: UtteranceJob) -> int:
        """Count a try: 1 for the first; 0 where `job` has ended before. Raises RedisUnavailableError."""
        key = self._key(job.session, job.start)

        def count() -> tuple[bool, int]:
            pipe = self._client.pipeline(transaction=True)
            pipe.exists(done_key(job.session, job.start))
            pipe.incr(key)
            pipe.expire(key, self._ttl_sec)
            ended, tries, _ = pipe.execute()
            return bool(ended), int(tries)

        ended, tries = self._retry.call(count, job.utterance)
        if ended:
            self.forget(job)  # its outcome has removed the counter, which this has made again
            logger.info("%s has ended before: skipped", job.utterance)
            return 0
        if tries > 1:
            self._on_again()
        return tries

    @staticmethod
    def used_up(tries: int) -> bool:
        """Whether a job with so many is to be given up."""
        return tries > TRIES_MAX

    def forget(self, job: UtteranceJob) -> None:
        """The work has come through: a later try counts from one again. Raises RedisUnavailableError."""
        self._retry.call(lambda: self._client.delete(self._key(job.session, job.start)), job.utterance)

    def turns(self, begun: Mapping[int, tuple[UtteranceJob, int]]) -> Iterator[list[int]]:
        """Which of the numbered jobs (each with its count) to do at once, turn by turn: the new ones together, then
        each that came before alone. Do a turn's work before asking for the next."""
        together = [number for number, (_, tries) in begun.items() if tries == 1]
        suspects = [number for number in begun if number not in together]
        aside = suspects if len(begun) > 1 else []
        for number in aside:
            self._add(begun[number][0], -1)
        if together:
            yield together
        for number in suspects:
            if number in aside:
                self._add(begun[number][0], 1)
            yield [number]

    def _add(self, job: UtteranceJob, by: int) -> None:
        key = self._key(job.session, job.start)

        def add() -> None:
            pipe = self._client.pipeline(transaction=True)
            pipe.incrby(key, by)
            pipe.expire(key, self._ttl_sec)
            pipe.execute()

        try:
            self._retry.call(add, job.utterance)
        except RedisUnavailableError as trouble:
            logger.warning("%s: its tries are miscounted: %s", job.utterance, trouble)
