"""The analyzer's metrics for Prometheus, and one log line per utterance."""

from __future__ import annotations

import logging

from prometheus_client import Counter

from contract.jobs import UtteranceJob
from contract.messages import UtteranceOutcome, reason_of
from runtime.logs.event import Event
from runtime.metrics.worker import WorkerMetrics

logger = logging.getLogger(__name__)


class AnalyzerMetrics(WorkerMetrics):
    """One analyzer's."""

    def __init__(self) -> None:
        super().__init__("wta_analyzer", kept="result", stages=("analyzer_queue", "sentiment"))
        self._without = Counter(
            "wta_analyzer_without_sentiment", "Results whose sentiment cannot be told.", registry=self.registry
        )

    def judged(self, job: UtteranceJob, message: UtteranceOutcome, seq: int) -> None:
        """`job` has ended as `message`, number `seq` of its session. What its sentiment is, is not logged."""
        self.ended(message, job.timings_ms)
        without = message.type == "result" and message.sentiment is None
        if without:
            self._without.inc()
        line = Event(
            "judged",
            utterance=job.utterance,
            outcome=message.type,
            reason=reason_of(message),
            seq=seq,
            ms=job.timings_ms.get("sentiment"),
            without_sentiment=True if without else None,
        )
        logger.log(logging.ERROR if message.type == "error" else logging.INFO, line)
