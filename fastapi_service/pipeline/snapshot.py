"""What stands behind the gateway, as Redis says: queues, workers, downloads of models. Read once a second, for all."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import redis.asyncio

from contract.keys import SENT_SEGMENTS_KEY, workers_key
from contract.queues import ANALYZER_QUEUE, FILE_QUEUE, LISTENER, SPEAKER_QUEUE, STT_QUEUE
from runtime.redis_client import end_if_cancelled
from runtime.weights.progress import Loading, loading_now
from runtime.worker.heartbeat import WorkerInfo, alive

logger = logging.getLogger(__name__)

EVERY_SEC = 1.0
READ_SEC = 5.0
QUEUES = (STT_QUEUE, ANALYZER_QUEUE, FILE_QUEUE, SPEAKER_QUEUE)
HAVE_MODELS = (STT_QUEUE, ANALYZER_QUEUE)
SERVED = (*QUEUES, LISTENER)  # who sends heartbeats


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look. `redis_up`: whether Redis answered; if not, all the rest is empty.

    `tasks`: how many wait in each of QUEUES. `workers`: those with a fresh heartbeat, for each of SERVED. `segments`:
    parts of files that are sent and have no outcome. `loading`: downloads that go on.
    """

    redis_up: bool = False
    tasks: Mapping[str, int] = field(default_factory=dict)
    workers: Mapping[str, list[WorkerInfo]] = field(default_factory=dict)
    segments: int = 0
    loading: tuple[Loading, ...] = ()


class Pipeline:
    """Reads snapshots. `known`: the latest with an answer, however old."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._reading = asyncio.Lock()
        self._read_at = -math.inf
        self._latest = Snapshot()
        self.known = Snapshot()

    async def run(self) -> None:
        """Read every second until cancelled."""
        while True:
            await self.snapshot(0.0)
            end_if_cancelled()
            await asyncio.sleep(EVERY_SEC)

    async def snapshot(self, max_age_sec: float = EVERY_SEC) -> Snapshot:
        """The latest snapshot, read again if it is older. Never raises for Redis."""
        asked = time.monotonic()
        async with self._reading:
            failed_meanwhile = self._read_at > asked and not self._latest.redis_up  # who waited for that waits no more
            if not failed_meanwhile and time.monotonic() - self._read_at >= max_age_sec:
                try:
                    async with asyncio.timeout(READ_SEC):
                        self._latest = self.known = await self._read()
                except (redis.RedisError, OSError) as problem:  # a TimeoutError is an OSError
                    self._latest = Snapshot()
                    logger.warning("queues and workers were not read: %s: %s", type(problem).__name__, problem)
                self._read_at = time.monotonic()
            return self._latest

    async def _read(self) -> Snapshot:
        pipe = self._client.pipeline(transaction=False)
        for queue in QUEUES:
            pipe.llen(queue)
        for served in SERVED:
            pipe.hvals(workers_key(served))
        pipe.zcard(SENT_SEGMENTS_KEY)
        *found, segments = await pipe.execute()
        lengths, heartbeats = found[: len(QUEUES)], found[len(QUEUES) :]
        return Snapshot(
            redis_up=True,
            tasks=dict(zip(QUEUES, lengths, strict=True)),
            workers={served: alive(values) for served, values in zip(SERVED, heartbeats, strict=True)},
            segments=segments,
            loading=await loading_now(self._client, HAVE_MODELS),
        )
