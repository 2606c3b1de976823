"""Whether the service can do its work: Redis, and a live worker on each queue."""

from __future__ import annotations

import time
from dataclasses import dataclass

import redis.asyncio

from contract.messages import Models
from contract.queues import ANALYZER_QUEUE, FILE_QUEUE, LISTENER, STT_QUEUE
from runtime.weights.progress import Loading, loading_now
from runtime.worker.heartbeat import WorkerInfo, live_workers

CACHE_SEC = 1.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is up. Workers are those with a fresh heartbeat; `loading` are the downloads of models that go on."""

    redis: bool
    stt_workers: int
    analyzer_workers: int
    file_workers: int
    listeners: int
    models: Models
    loading: tuple[Loading, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether speech that comes in now will be worked on."""
        return self.redis and self.stt_workers > 0 and self.analyzer_workers > 0


NOTHING = Readiness(False, 0, 0, 0, 0, Models(speech="", sentiment="", demo=False))


class Health:
    """Looks at Redis, at most once a second however many ask."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._checked = 0.0
        self._last = NOTHING

    async def readiness(self) -> Readiness:
        """The state now (at most a second old)."""
        if time.monotonic() - self._checked > CACHE_SEC:
            self._last = await self._look()
            self._checked = time.monotonic()
        return self._last

    async def _look(self) -> Readiness:
        try:
            stt = await live_workers(self._client, STT_QUEUE)
            analyzer = await live_workers(self._client, ANALYZER_QUEUE)
            files = await live_workers(self._client, FILE_QUEUE)
            listeners = await live_workers(self._client, LISTENER)
            loading = await loading_now(self._client, (STT_QUEUE, ANALYZER_QUEUE))
        except (redis.RedisError, OSError):
            return NOTHING
        models = Models(speech=_name(stt), sentiment=_name(analyzer), demo=any(w.demo for w in stt + analyzer))
        return Readiness(True, len(stt), len(analyzer), len(files), len(listeners), models, loading)


def _name(workers: list[WorkerInfo]) -> str:
    """The model in use, or an empty string while none is loaded."""
    return ", ".join(sorted({worker.model for worker in workers}))
