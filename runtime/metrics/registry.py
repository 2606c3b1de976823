"""What the metrics of all services have in common: bounded label values, buckets, metrics of the process itself.

Every service has its own registry, so that tests can import several of them, and its own prefix of names. Label values
that clients can choose go through `BoundedNames`.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest
from prometheus_client.process_collector import ProcessCollector

from contract.messages import Dropped, UtteranceOutcome

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"
NAME = re.compile(r"[A-Za-z0-9_.:/@ -]{1,80}", re.ASCII)

STAGES: Final = ("endpoint", "dispatch", "queue", "speech_check", "speech", "analyzer_queue", "sentiment", "relay")
DROP_REASONS: Final = ("no_speech", "empty_text", "low_confidence")
ERROR_CODES: Final = (
    "gave_up", "bad_audio", "too_long", "speech_failed", "analyzer_failed", "invalid_job", "no_answer",
)  # fmt: skip

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
REAL_TIME_FACTORS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0)
BATCH_SIZES: Final = (1, 2, 3, 4, 6, 8, 16, 32, 64, 128)
LOG_LEVELS: Final = ("WARNING", "ERROR", "CRITICAL")


class BoundedNames:
    """The values that a label may have: the known ones, and the first `more` others that look like a name.

    Everything else is `other`, so the number of series is bounded.
    """

    def __init__(self, known: Iterable[str], more: int = 16) -> None:
        self.known = tuple(known)
        self._seen = set(self.known)
        self._limit = len(self._seen) + more

    def __call__(self, value: str) -> str:
        """`value`, or `other`."""
        if value in self._seen:
            return value
        if len(self._seen) >= self._limit or not NAME.fullmatch(value):
            return OTHER
        self._seen.add(value)
        return value


class OutcomeCounts:
    """Utterances by outcome and reason; the labels of `result` have no reason, those of `error` the code."""

    def __init__(self, name: str, about: str, registry: CollectorRegistry, kept: str = "result") -> None:
        """`kept`: the outcome that is neither `dropped` nor `error`."""
        self._counter = Counter(name, about, ("outcome", "reason"), registry=registry)
        self._kept = kept
        self._reasons = BoundedNames(DROP_REASONS)
        self._codes = BoundedNames(ERROR_CODES)
        self._counter.labels(kept, "")
        for outcome, names in (("dropped", self._reasons), ("error", self._codes)):
            for reason in names.known:
                self._counter.labels(outcome, reason)  # a series that begins at 1 has no rate

    def count(self, message: UtteranceOutcome | None) -> None:
        """Count an ended utterance; None: one that is kept."""
        if message is None or message.type == "result":
            self._counter.labels(self._kept, "").inc()
        elif isinstance(message, Dropped):
            self._counter.labels("dropped", self._reasons(message.reason)).inc()
        else:
            self._counter.labels("error", self._codes(message.code)).inc()


class StageSeconds:
    """A histogram of seconds per stage."""

    def __init__(self, name: str, about: str, registry: CollectorRegistry, stages: Iterable[str] = STAGES) -> None:
        self._histogram = Histogram(name, about, ("stage",), registry=registry, buckets=SECONDS)
        self._stages = BoundedNames(stages)
        for stage in self._stages.known:
            self._histogram.labels(stage)

    def observe(self, timings_ms: dict[str, float], only: Iterable[str] | None = None) -> None:
        """Observe an utterance's stages, or `only` some of them."""
        for stage in timings_ms if only is None else only:
            value_ms = timings_ms.get(stage, math.nan)
            if math.isfinite(value_ms) and value_ms >= 0:
                self._histogram.labels(self._stages(stage)).observe(value_ms / 1000.0)


def real_time_factor(timings_ms: dict[str, float], duration_sec: float) -> float | None:
    """Seconds of speech recognition per second of speech, None where it is not known."""
    speech_ms = timings_ms.get("speech", math.nan)
    if not (math.isfinite(speech_ms) and speech_ms >= 0 and duration_sec > 0):
        return None
    return speech_ms / 1000.0 / duration_sec


class _LogCounter(logging.Handler):
    """Counts what is logged at WARNING and above."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(logging.WARNING)
        counter = Counter("wta_log_lines", "Lines logged, by level.", ("level",), registry=registry)
        self._levels = {level: counter.labels(level) for level in LOG_LEVELS}

    def emit(self, record: logging.LogRecord) -> None:
        """Count one line."""
        counter = self._levels.get(record.levelname)
        if counter is not None:
            counter.inc()


def new_registry() -> CollectorRegistry:
    """A registry with the metrics of this process: CPU, memory, descriptors, start time."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def count_log_lines(registry: CollectorRegistry) -> None:
    """Count warnings and errors from now on; call it once logging is set up."""
    logging.getLogger().addHandler(_LogCounter(registry))


def exposition(registry: CollectorRegistry) -> bytes:
    """All of `registry` in Prometheus's text format."""
    return generate_latest(registry)
