"""How long an utterance that is queued now would wait for speech recognition, and how many may wait."""

from __future__ import annotations

import asyncio
import logging

import redis.asyncio

from contract.keys import SENT_SEGMENTS_KEY, workers_key
from contract.queues import STT_QUEUE
from fastapi_service.settings import GatewaySettings
from runtime.worker.heartbeat import alive

logger = logging.getLogger(__name__)

LOOK_EVERY_SEC = 1.0
SMALLEST_QUEUE = 8  # per worker: what it takes at once


class Backlog:
    """`limit`: how many utterances may wait now. `wait_sec`: how long the last one waiting still has to.

    Both follow from what the workers report an utterance to take lately; until all report it, `queue_max` is the limit.
    """

    def __init__(self, client: redis.asyncio.Redis, settings: GatewaySettings) -> None:
        self._client = client
        self._settings = settings
        self.limit = settings.queue_max
        self.wait_sec = 0.0

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            try:
                await self._look()
            except (redis.RedisError, OSError) as problem:
                logger.warning("the queue was not looked at: %s", problem)
            await asyncio.sleep(LOOK_EVERY_SEC)

    async def _look(self) -> None:
        pipe = self._client.pipeline(transaction=False)
        pipe.hvals(workers_key(STT_QUEUE))
        pipe.llen(STT_QUEUE)
        pipe.zcard(SENT_SEGMENTS_KEY)
        told, waiting, of_files = await pipe.execute()
        paces = [worker.pace_sec for worker in alive(told)]
        if not paces or not all(paces):
            self.limit, self.wait_sec = self._settings.queue_max, 0.0
            return
        a_sec = sum(1 / pace for pace in paces)
        wanted = max(SMALLEST_QUEUE * len(paces), int(a_sec * self._settings.queue_wait_max_sec))
        self.limit = min(self._settings.queue_max, wanted)
        self.wait_sec = max(0, waiting - of_files) / a_sec  # what is spoken goes before parts of files
