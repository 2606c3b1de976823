"""The gateway's metrics for Prometheus, at `/metrics` and behind the guard like every route.

What happens per frame is counted in plain integers and read at a scrape. Redis is asked at most once a second and with
a timeout; what it does not answer is left out rather than shown as 0.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import redis.asyncio
from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fastapi_service.live.counters import GatewayMetrics
from fastapi_service.live.dispatcher import Dispatcher
from fastapi_service.pipeline.snapshot import HAVE_MODELS, Pipeline, Snapshot
from runtime.broker.queue_age import oldest_wait_sec
from runtime.metrics.registry import (
    CONTENT_TYPE,
    BoundedNames,
    exposition,
)

CACHE_SEC = 1.0
LOOK_SEC = 5.0
MODELS_MAX = 8


class PipelineWatch(Collector):
    """Puts the pipeline's snapshot and the plain counts of `metrics` into the registry of `metrics`."""

    def __init__(
        self,
        metrics: GatewayMetrics,
        client: redis.asyncio.Redis,
        pipeline: Pipeline,
        dispatcher: Dispatcher,
        connections: Callable[[], int],
    ) -> None:
        """`connections`: how many are open."""
        self._metrics = metrics
        self._client = client
        self._pipeline = pipeline
        self._dispatcher = dispatcher
        self._connections = connections
        self._looking = asyncio.Lock()
        self._looked = -CACHE_SEC
        self._last = Snapshot()
        self._oldest_sec: dict[str, float | None] = {}
        self._models = BoundedNames((), MODELS_MAX)
        metrics.registry.register(self)

    async def look(self) -> None:
        """Read a new snapshot, and the ages that it has not: they are read from whole messages."""
        async with self._looking:  # those who ask meanwhile get the same answer
            if time.monotonic() - self._looked < CACHE_SEC:
                return
            now = await self._pipeline.snapshot(0.0)
            ages: dict[str, float | None] = {}
            try:
                async with asyncio.timeout(LOOK_SEC):
                    ages = {queue: await oldest_wait_sec(self._client, queue) for queue in now.tasks}
            except (redis.RedisError, OSError):  # a TimeoutError is an OSError
                now = Snapshot()
            self._last, self._oldest_sec, self._looked = now, ages, time.monotonic()

    def collect(self) -> Iterator[Metric]:
        """All that is no counter of its own."""
        metrics, pending = self._metrics, self._dispatcher
        yield GaugeMetricFamily("wta_gateway_connections", "Open connections.", value=self._connections())
        yield _counter("wta_gateway_connections_opened", "Connections that got a session.", metrics.opened)
        yield _counter("wta_gateway_frames", "Audio frames received.", metrics.frames)
        yield _counter("wta_gateway_received_bytes", "Bytes of audio received.", metrics.frame_bytes)
        yield _counter("wta_gateway_accepted", "Utterances accepted.", metrics.accepted)
        yield _counter("wta_gateway_accepted_audio_seconds", "Their length.", metrics.accepted_sec)
        yield _counter("wta_gateway_partials", "Partials handed on to a connection.", metrics.partials)
        yield _counter("wta_gateway_resends", "Utterances sent to the queue again.", self._dispatcher.resends)
        yield GaugeMetricFamily("wta_gateway_pending", "Accepted and without outcome.", value=len(pending))
        yield GaugeMetricFamily("wta_gateway_pending_bytes", "Their audio.", value=pending.pending_bytes)
        yield GaugeMetricFamily("wta_redis_up", "Whether Redis answers the gateway.", value=self._last.redis_up)
        yield from self._queues()
        yield from self._workers()

    def _queues(self) -> Iterator[Metric]:
        lengths = GaugeMetricFamily("wta_queue_tasks", "Tasks that wait.", labels=["queue"])
        ages = GaugeMetricFamily(
            "wta_queue_oldest_seconds", "How long the oldest has been waiting; 0: none waits.", labels=["queue"]
        )
        for queue, length in self._last.tasks.items():
            age_sec = self._oldest_sec[queue]
            lengths.add_metric([queue], length)
            if age_sec is not None:
                ages.add_metric([queue], age_sec)
        yield from (lengths, ages)

    def _workers(self) -> Iterator[Metric]:
        alive = GaugeMetricFamily("wta_workers", "Live workers: those with a fresh heartbeat.", labels=["queue"])
        busy = GaugeMetricFamily("wta_workers_busy", "Workers that are on a task.", labels=["queue"])
        longest = GaugeMetricFamily(
            "wta_worker_busy_seconds", "How long the busiest has been on its task.", labels=["queue"]
        )
        models = GaugeMetricFamily(
            "wta_model_loaded", "Live workers that have this model loaded.", labels=["queue", "model", "demo"]
        )
        for served, workers in self._last.workers.items():
            alive.add_metric([served], len(workers))
            busy.add_metric([served], sum(worker.busy_sec > 0 for worker in workers))
            longest.add_metric([served], max((worker.busy_sec for worker in workers), default=0.0))
            loaded: dict[tuple[str, str], int] = {}
            for worker in workers if served in HAVE_MODELS else ():
                key = (self._models(worker.model), str(bool(worker.demo)).lower())
                loaded[key] = loaded.get(key, 0) + 1
            for (model, demo), count in loaded.items():
                models.add_metric([served, model, demo], count)
        yield from (alive, busy, longest, models)


def _counter(name: str, about: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, about, value=value)


def metrics_router(metrics: GatewayMetrics, watch: PipelineWatch) -> APIRouter:
    """`GET /metrics`."""
    router = APIRouter()

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics_page() -> PlainTextResponse:
        """Numbers for Prometheus, in its text format."""
        await watch.look()
        return PlainTextResponse(exposition(metrics.registry), headers={"Content-Type": CONTENT_TYPE})

    return router
