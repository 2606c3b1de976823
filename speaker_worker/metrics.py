"""The speaker worker's metrics for Prometheus, and one log line per utterance and file."""

from __future__ import annotations

import logging

from prometheus_client import Counter, Gauge, Histogram

from contract.ids import session_tag
from contract.jobs import SpeakerJob, now_ms
from runtime.logs.event import Event
from runtime.metrics.registry import SECONDS
from runtime.metrics.server import ServedMetrics

logger = logging.getLogger(__name__)

# kept: of a file; repeated: told before; conflict: others told the session something again and again; off: this worker
# tells nothing
OUTCOMES = ("told", "kept", "repeated", "failed", "given_up", "invalid", "conflict", "off")
FILE_OUTCOMES = ("told", "gone", "repeated", "failed", "given_up", "invalid", "off")


class SpeakerMetrics(ServedMetrics):
    """What one speaker worker has done since it began."""

    def __init__(self) -> None:
        super().__init__()
        registry = self.registry
        self._utterances = Counter(
            "wta_speaker_utterances", "Utterances done with, by outcome.", ("outcome",), registry=registry
        )
        self._files = Counter("wta_speaker_files", "Files done with, by outcome.", ("outcome",), registry=registry)
        self._behind = Histogram(
            "wta_speaker_behind_seconds",
            "From when a live text was known to when its speakers were told.",
            registry=registry,
            buckets=SECONDS,
        )
        self._voices = Histogram(
            "wta_speaker_voices_seconds",
            "How long the voices of an utterance took.",
            registry=registry,
            buckets=SECONDS,
        )
        self._new = Counter("wta_speaker_new", "Speakers that were heard for the first time.", registry=registry)
        self._merged = Counter("wta_speaker_merged", "Speakers that were found to be another.", registry=registry)
        self._unsure = Counter("wta_speaker_unsure", "Live utterances with a part of nobody known.", registry=registry)
        self.begun_again = Counter(
            "wta_speaker_begun_again", "Utterances that a worker had begun before.", registry=registry
        )
        self.redis_trouble = Counter("wta_speaker_redis_trouble", "Calls to Redis that failed.", registry=registry)
        self.given_back = Counter(
            "wta_speaker_given_back",
            "Tasks that went back into the queue, Redis being out of reach.",
            registry=registry,
        )
        self._model = Gauge(
            "wta_speaker_model_info", "1 for the encoder that is loaded.", ("model", "demo"), registry=registry
        )
        for outcome in OUTCOMES:
            self._utterances.labels(outcome)
        for outcome in FILE_OUTCOMES:
            self._files.labels(outcome)

    def loaded(self, model: str, demo: bool) -> None:
        """The encoder is loaded and warm."""
        self._model.labels(model, str(demo).lower()).set(1)

    def heard(self, seconds: float) -> None:
        """The voices of an utterance took so long."""
        self._voices.observe(seconds)

    def told(self, job: SpeakerJob, turns: int, unsure: bool, new: int, merged: int) -> None:
        """A session was told who speaks `job`. Which of its speakers that is, is not logged."""
        behind_sec = max(0.0, now_ms() - job.stamped_ms) / 1000.0
        self._behind.observe(behind_sec)
        self._new.inc(new)
        self._merged.inc(merged)
        self._unsure.inc(unsure)
        self.ended(job, "told", ms=round(1000 * behind_sec, 1), turns=turns, unsure=unsure or None)

    def ended(self, job: SpeakerJob | None, outcome: str, **more: float | bool | None) -> None:
        """An utterance is done with, in one of OUTCOMES; None: it is not known which."""
        self._utterances.labels(outcome).inc()
        if job is not None:
            level = logging.ERROR if outcome in ("failed", "given_up") else logging.INFO
            logger.log(level, Event("speakers", utterance=job.utterance, outcome=outcome, **more))

    def file_ended(self, file: str | None, outcome: str, **more: float | None) -> None:
        """A file is done with, in one of FILE_OUTCOMES; None: it is not known which."""
        self._files.labels(outcome).inc()
        if file is not None:
            level = logging.ERROR if outcome in ("failed", "given_up") else logging.INFO
            logger.log(level, Event("file_speakers", file=session_tag(file), outcome=outcome, **more))
