"""The gateway's counters for Prometheus."""

from __future__ import annotations

from typing import get_args

from prometheus_client import Counter, Histogram

from contract.audio import SAMPLE_RATE_HZ
from contract.events import OutcomeEvent
from contract.messages import Busy, Message
from contract.speech.segmenter import Cut, CutReason
from runtime.metrics.registry import (
    REAL_TIME_FACTORS,
    SECONDS,
    BoundedNames,
    OutcomeCounts,
    StageSeconds,
    new_registry,
    real_time_factor,
)

BUSY_CODES = (
    "connections_full", "sessions_full", "queue_full", "behind", "unavailable", "too_many_attempts",
)  # fmt: skip
CLOSE_CODES = ("1000", "1001", "1003", "1005", "1006", "1007", "1008", "1009", "1011", "1012", "1013", "4001")


class GatewayMetrics:
    """Counters of one gateway. Called from the event loop's thread alone."""

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
        self._cuts = Counter(
            "wta_gateway_cuts", "Utterances accepted, by why they ended there.", ("reason",), registry=self.registry
        )
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
        for reason in get_args(CutReason):
            self._cuts.labels(reason)

    def told(self, message: Message | None) -> None:
        """Count a connection that ends with `message`, if that is `busy`."""
        if isinstance(message, Busy):
            self._busy.labels(self._busy_codes(message.code)).inc()

    def closed(self, code: int) -> None:
        """Count a connection that either side has closed with `code`."""
        self._closed.labels(self._close_codes(str(code))).inc()

    def took(self, cut: Cut) -> None:
        """Count an utterance that was accepted."""
        self.accepted += 1
        self.accepted_sec += (cut.end - cut.start) / SAMPLE_RATE_HZ
        self._cuts.labels(cut.reason).inc()

    def relayed(self, event: OutcomeEvent) -> None:
        """Count an outcome that the listener has relayed."""
        message = event.message
        self._outcomes.count(message)
        self._stages.observe(message.timings_ms)
        if message.type == "result":
            self._wait.observe(sum(message.timings_ms.values()) / 1000.0)
            factor = real_time_factor(message.timings_ms, message.duration_sec)
            if factor is not None:
                self._factor.observe(factor)
