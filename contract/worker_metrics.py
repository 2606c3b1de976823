"""The metrics that every worker has, so that a further one needs a few lines: a subclass with its own beside them.

metrics = WorkerMetrics("wta_file", kept="transcribed", stages=("decode", "cut"))
metrics.loaded(engine.name, engine.demo); metrics.ended(message, timings_ms)
serve_metrics(settings, metrics.registry)
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from contract.messages import UtteranceOutcome
from contract.metrics import BATCH_SIZES, OutcomeCounts, StageSeconds, count_log_lines, new_registry
from contract.metrics_server import MetricsServer, serve_metrics
from contract.settings_base import MeasuredSettings


class WorkerMetrics:
    """Counts what one worker process does, under names that begin with `prefix`. Threads may call it."""

    def __init__(self, prefix: str, kept: str, stages: Iterable[str]) -> None:
        """`kept`: what becomes of an utterance that is neither dropped nor an error. `stages`: those it goes through
        here."""
        self.registry = new_registry()
        self._stages = tuple(stages)
        self._server: MetricsServer | None = None
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

    def serve(self, settings: MeasuredSettings) -> None:
        """Show it all where the settings say, for as long as the process lives; logging must be set up."""
        count_log_lines(self.registry)
        self._server = serve_metrics(settings, self.registry)

    def loaded(self, model: str, demo: bool) -> None:
        """The model is loaded and warm."""
        self._model.labels(model, str(demo).lower()).set(1)

    def took(self, tasks: int) -> None:
        """So many tasks were done at once."""
        self._batch.observe(tasks)

    def ended(self, message: UtteranceOutcome | None, timings_ms: dict[str, float]) -> None:
        """An utterance is done with here: ended as `message`, or kept (None)."""
        self._outcomes.count(message)
        self._seconds.observe(timings_ms, [stage for stage in self._stages if stage in timings_ms])
