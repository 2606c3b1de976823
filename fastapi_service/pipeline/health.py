"""Whether the service can do its work: Redis, and a live worker on each queue."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from contract.messages import Models
from contract.queues import ANALYZER_QUEUE, FILE_QUEUE, LISTENER, SPEAKER_QUEUE, STT_QUEUE
from fastapi_service.pipeline.snapshot import Pipeline
from runtime.weights.progress import Loading
from runtime.worker.heartbeat import WorkerInfo

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
    speaker_workers: int = Field(
        0, description="workers that tell who speaks, with a fresh heartbeat; ready without one", examples=[1]
    )
    listeners: int = Field(0, description="listeners with a fresh heartbeat", examples=[1])
    models: Models = Field(Models(speech="", sentiment="", demo=False), description="in use", examples=[MODELS])
    loading: tuple[Loading, ...] = Field((), description="models whose weights are being fetched", examples=[LOADING])


class Health:
    """Readiness by the pipeline's snapshots."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def readiness(self) -> Ready:
        """The state now (at most a second old)."""
        now = await self._pipeline.snapshot()
        if not now.redis_up:
            return Ready(ready=False)
        stt, analyzer = now.workers[STT_QUEUE], now.workers[ANALYZER_QUEUE]
        return Ready(
            ready=bool(stt and analyzer),
            redis=True,
            stt_workers=len(stt),
            analyzer_workers=len(analyzer),
            file_workers=len(now.workers[FILE_QUEUE]),
            speaker_workers=sum(worker.model != "" for worker in now.workers[SPEAKER_QUEUE]),  # "": it is off
            listeners=len(now.workers[LISTENER]),
            models=Models(speech=_name(stt), sentiment=_name(analyzer), demo=any(w.demo for w in stt + analyzer)),
            loading=now.loading,
        )


def _name(workers: list[WorkerInfo]) -> str:
    """The model in use, or an empty string while none is loaded."""
    return ", ".join(sorted({worker.model for worker in workers}))
