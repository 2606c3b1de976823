"""The gateway's numbers for Prometheus, at `/metrics` and behind the guard like everything else.

What happens per frame is counted in plain integers and read when somebody looks. Redis is asked then, too, at most once
a second and for a bounded time; what it does not answer is left out rather than shown as 0.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import redis.asyncio
from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from gateway_dispatch import Dispatcher
from prometheus_client import Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from contract.envelopes import OutcomeEvent
from contract.heartbeat import WorkerInfo, live_workers
from contract.messages import Busy, Message
from contract.metrics import (
    CONTENT_TYPE,
    REAL_TIME_FACTORS,
    SECONDS,
    BoundedNames,
    OutcomeCounts,
    StageSeconds,
    exposition,
    new_registry,
    real_time_factor,
)
from contract.names import ANALYZER_QUEUE, FILE_QUEUE, LISTENER, STT_QUEUE
from contract.queue_age import waiting_tasks

CACHE_SEC = 1.0
LOOK_SEC = 5.0
QUEUES = (STT_QUEUE, ANALYZER_QUEUE, FILE_QUEUE)
HAVE_MODELS = (STT_QUEUE, ANALYZER_QUEUE)
SERVED = (*QUEUES, LISTENER)  # who sends heartbeats
MODELS_MAX = 8
BUSY_CODES = (
    "connections_full", "sessions_full", "queue_full", "behind", "unavailable", "too_many_attempts",
)  # fmt: skip
CLOSE_CODES = ("1000", "1001", "1003", "1005", "1006", "1007", "1008", "1009", "1011", "1012", "1013", "4001")


@dataclass
class PipelineLook:
    """What Redis told at the last look."""

    redis_up: bool = False
    queues: dict[str, tuple[int, float | None]] = field(default_factory=dict)
    workers: dict[str, list[WorkerInfo]] = field(default_factory=dict)


class GatewayMetrics:
    """Counts what the gateway does. Its methods are called by the event loop's thread alone."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self.frames = 0
        self.frame_bytes = 0
        self.opened = 0
        self.accepted = 0
        self.accepted_sec = 0.0
        self.partials = 0
        self._busy = Counter("wta_gateway_busy", "Told to come back later.", ("code",), registry=self.registry)
        self._busy_codes = BoundedNames(BUSY_CODES)
        self._closed = Counter(
            "wta_gateway_connections_closed", "Connections that ended.", ("code",), registry=self.registry
        )
        self._close_codes = BoundedNames(CLOSE_CODES)
        self._outcomes = OutcomeCounts("wta_gateway_utterances", "Outcomes that were relayed.", self.registry)
        self._stages = StageSeconds(
            "wta_gateway_stage_seconds", "Where the time of the relayed utterances went.", self.registry
        )
        self._wait = Histogram(
            "wta_gateway_wait_seconds",
            "From the end of speech to the result, all stages together.",
            registry=self.registry,
            buckets=SECONDS,
        )
        self._factor = Histogram(
            "wta_gateway_real_time_factor",
            "Seconds of speech recognition per second of speech.",
            registry=self.registry,
            buckets=REAL_TIME_FACTORS,
        )
        for code in BUSY_CODES:
            self._busy.labels(code)

    def told(self, message: Message | None) -> None:
        """A message ends a connection; `busy` ones are counted."""
        if isinstance(message, Busy):
            self._busy.labels(self._busy_codes(message.code)).inc()

    def closed(self, code: int) -> None:
        """A connection has ended with `code`, by whichever side."""
        self._closed.labels(self._close_codes(str(code))).inc()

    def relayed(self, event: OutcomeEvent) -> None:
        """An outcome has come from the listener."""
        message = event.message
        self._outcomes.count(message)
        self._stages.observe(message.timings_ms)
        if message.type == "result":
            self._wait.observe(sum(message.timings_ms.values()) / 1000.0)
            factor = real_time_factor(message.timings_ms, message.duration_sec)
            if factor is not None:
                self._factor.observe(factor)


class PipelineWatch(Collector):
    """Looks at queues and heartbeats, and puts that and the plain counts of `metrics` into its registry."""

    def __init__(
        self,
        metrics: GatewayMetrics,
        client: redis.asyncio.Redis,
        dispatcher: Dispatcher,
        connections: Callable[[], int],
    ) -> None:
        """`connections`: how many are open."""
        self._metrics = metrics
        self._client = client
        self._dispatcher = dispatcher
        self._connections = connections
        self._looking = asyncio.Lock()
        self._looked = -CACHE_SEC
        self._last = PipelineLook()
        self._models = BoundedNames((), MODELS_MAX)
        metrics.registry.register(self)

    async def look(self) -> None:
        """Bring what is known of Redis up to date."""
        async with self._looking:  # those who ask meanwhile get the same answer
            if time.monotonic() - self._looked < CACHE_SEC:
                return
            try:
                async with asyncio.timeout(LOOK_SEC):
                    queues = {queue: await waiting_tasks(self._client, queue) for queue in QUEUES}
                    workers = {served: await live_workers(self._client, served) for served in SERVED}
                self._last = PipelineLook(True, queues, workers)
            except (redis.RedisError, OSError, TimeoutError):
                self._last = PipelineLook()
            self._looked = time.monotonic()

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
        for queue, (length, age_sec) in self._last.queues.items():
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
