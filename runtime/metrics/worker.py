"""The metrics that every worker has; another worker needs only a subclass with its own beside them.

metrics = WorkerMetrics("wta_tone", kept="judged", stages=("tone_queue", "tone"))
metrics.serve(settings); metrics.loaded(engine.name, engine.demo); metrics.ended(message, timings_ms)
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from contract.messages import UtteranceOutcome
from runtime.metrics.registry import BATCH_SIZES, OutcomeCounts, StageSeconds
from runtime.metrics.server import ServedMetrics


class WorkerMetrics(ServedMetrics):
    """Metrics of one worker process, with names that begin with `prefix`. Thread-safe."""

    def __init__(self, prefix: str, kept: str, stages: Iterable[str]) -> None:
        """`kept`: the label of an utterance that is neither dropped nor an error. `stages`: those of this worker."""
        super().__init__()
        self._stages = tuple(stages)
        self._outcomes = OutcomeCounts(
            f"{prefix}_utterances", "Utterances done with, by outcome.", self.registry, kept=kept
        )
        self._seconds = StageSeconds(
            f"{prefix}_stage_seconds", "How long they took.", self.registry, stages=self._stages
        )
        self._batch = Histogram(
            f"{prefix}_batch_size", "Tasks done at once.", registry=self.registry, buckets=BATCH_SIZES
        )
        self.begun_again = Counter(
            f"{prefix}_begun_again", "Utterances that a worker had begun before.", registry=self.registry
        )
        self.redis_trouble = Counter(f"{prefix}_redis_trouble", "Calls to Redis that failed.", registry=self.registry)
        self.given_back = Counter(
            f"{prefix}_given_back", "Tasks that went back into the queue, Redis being out of reach.",
            registry=self.registry,
        )  # fmt: skip
        self._model = Gauge(
            f"{prefix}_model_info", "1 for the model that is loaded.", ("model", "demo"), registry=self.registry
        )

    def loaded(self, model: str, demo: bool) -> None:
        """The model is loaded and warm."""
        self._model.labels(model, str(demo).lower()).set(1)

    def took(self, tasks: int) -> None:
        """Observe the number of tasks done at once."""
        self._batch.observe(tasks)

    def ended(self, message: UtteranceOutcome | None, timings_ms: dict[str, float]) -> None:
        """Count an utterance that this worker is done with: ended as `message`, or kept (None)."""
        self._outcomes.count(message)
        self._seconds.observe(timings_ms, [stage for stage in self._stages if stage in timings_ms])
