"""Whether the service can do its work: Redis, and a live worker on each queue."""

from __future__ import annotations

import time

import redis.asyncio
from pydantic import BaseModel, ConfigDict, Field

from contract.messages import Models
from contract.queues import ANALYZER_QUEUE, FILE_QUEUE, LISTENER, STT_QUEUE
from runtime.weights.progress import Loading, loading_now
from runtime.worker.heartbeat import WorkerInfo, live_workers

CACHE_SEC = 1.0
MODELS = {"speech": "base", "sentiment": "offline", "demo": False}
LOADING = [{"part": "speech", "model": "base", "done_bytes": 45_000_000, "total_bytes": 133_000_000}]


class Ready(BaseModel):
    """What is up. Without a token, where one is required, only `ready` is sent."""

    model_config = ConfigDict(frozen=True)

    ready: bool = Field(description="whether speech that comes in now will be worked on")
    redis: bool = Field(False, description="whether Redis can be reached")
    stt_workers: int = Field(0, description="speech workers with a fresh heartbeat", examples=[1])
    analyzer_workers: int = Field(0, description="sentiment workers with a fresh heartbeat", examples=[1])
    file_workers: int = Field(0, description="file workers with a fresh heartbeat", examples=[1])
    listeners: int = Field(0, description="listeners with a fresh heartbeat", examples=[1])
    models: Models = Field(Models(speech="", sentiment="", demo=False), description="in use", examples=[MODELS])
    loading: tuple[Loading, ...] = Field((), description="models whose weights are being fetched", examples=[LOADING])


class Health:
    """Looks at Redis, at most once a second however many ask."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._checked = 0.0
        self._last = Ready(ready=False)

    async def readiness(self) -> Ready:
        """The state now (at most a second old)."""
        if time.monotonic() - self._checked > CACHE_SEC:
            self._last = await self._look()
            self._checked = time.monotonic()
        return self._last

    async def _look(self) -> Ready:
        try:
            stt = await live_workers(self._client, STT_QUEUE)
            analyzer = await live_workers(self._client, ANALYZER_QUEUE)
            files = await live_workers(self._client, FILE_QUEUE)
            listeners = await live_workers(self._client, LISTENER)
            loading = await loading_now(self._client, (STT_QUEUE, ANALYZER_QUEUE))
        except (redis.RedisError, OSError):
            return Ready(ready=False)
        return Ready(
            ready=bool(stt and analyzer),
            redis=True,
            stt_workers=len(stt),
            analyzer_workers=len(analyzer),
            file_workers=len(files),
            listeners=len(listeners),
            models=Models(speech=_name(stt), sentiment=_name(analyzer), demo=any(w.demo for w in stt + analyzer)),
            loading=loading,
        )


def _name(workers: list[WorkerInfo]) -> str:
    """The model in use, or an empty string while none is loaded."""
    return ", ".join(sorted({worker.model for worker in workers}))
