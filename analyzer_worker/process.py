"""The analyzer's process: its model and its batches."""

from __future__ import annotations

import redis
from celery import Celery

from analyzer_worker.find_model import ModelError
from analyzer_worker.metrics import AnalyzerMetrics
from analyzer_worker.models import LoadModel, load_model
from analyzer_worker.settings import AnalyzerSettings
from analyzer_worker.task import Analyzer
from contract.queues import ANALYZE_TASK, ANALYZER_QUEUE
from runtime.redis_retry import RedisUnavailableError
from runtime.worker.process import BatchProcess, CannotStartError, end_for_restart


class AnalyzerProcess(BatchProcess[AnalyzerSettings, AnalyzerMetrics]):
    """One worker process. `load_model` loads the model at the start: set another one before that."""

    def __init__(self, settings: AnalyzerSettings, app: Celery) -> None:
        super().__init__(settings, app, ANALYZER_QUEUE, ANALYZE_TASK, 1, AnalyzerMetrics())
        self.load_model: LoadModel = load_model
        self._analyzer: Analyzer | None = None

    def load(self, client: redis.Redis) -> None:
        """Load and warm the model. Raises CannotStartError when there is none."""
        settings = self._settings
        try:
            model = self.load_model(settings)
        except ModelError as problem:
            raise CannotStartError(f"no sentiment model: {problem}") from problem
        self._analyzer = Analyzer(client, model, settings, self._metrics)
        self._metrics.loaded(model.name, model.demo)
        self.register(client, model.name, model.demo, settings.analyzer_stuck_after_sec)

    def run(self, job: object) -> None:
        """One transcript, and others that wait. Raises Reject when it must be done again."""
        analyzer = self._analyzer
        if analyzer is None:
            raise RuntimeError("the worker process was not started")

        def handle_all(tasks: list[tuple[object]]) -> list[RedisUnavailableError | None]:
            return analyzer.handle_all([raw for (raw,) in tasks])

        done = self.run_with_others((job,), self._settings.analyzer_batch_max - 1, handle_all)
        self._metrics.took(done)
        if analyzer.broken:
            end_for_restart("the sentiment model has stopped working")
