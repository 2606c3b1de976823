"""The speech worker's metrics for Prometheus, and one log line per utterance."""

from __future__ import annotations

import logging

from prometheus_client import Counter, Histogram

from contract.audio import SAMPLE_RATE_HZ
from contract.jobs import UtteranceJob
from contract.messages import UtteranceOutcome, reason_of
from runtime.logs.event import Event, Value
from runtime.metrics.registry import REAL_TIME_FACTORS, real_time_factor
from runtime.metrics.worker import WorkerMetrics

logger = logging.getLogger(__name__)

QUESTIONS = ("asked", "no_worker", "queue_full", "redis")


class SttMetrics(WorkerMetrics):
    """One speech worker's."""

    def __init__(self) -> None:
        super().__init__("wta_stt", kept="transcribed", stages=("queue", "speech_check", "speech"))
        self._factor = Histogram(
            "wta_stt_real_time_factor",
            "Seconds of speech recognition per second of speech, as one utterance had it.",
            registry=self.registry,
            buckets=REAL_TIME_FACTORS,
        )
        self._audio = Counter("wta_stt_audio_seconds", "Speech that was worked on.", registry=self.registry)
        self.work = Counter("wta_stt_work_seconds", "Time it took, batches counted once.", registry=self.registry)
        self._again = Counter(
            "wta_stt_decoded_again", "Utterances whose quick first text was doubtful.", registry=self.registry
        )
        self.heard_ahead = Counter(
            "wta_stt_heard_ahead", "Utterances whose text a look at their sentence had found.", registry=self.registry
        )

        self._asked = Counter(
            "wta_stt_speaker_questions",
            "Utterances whose speakers were asked for, or why nobody was asked.",
            ("outcome",),
            registry=self.registry,
        )
        for outcome in QUESTIONS:
            self._asked.labels(outcome)

    def asked_who_speaks(self, reason: str | None) -> None:
        """A speaker worker was asked who speaks an utterance (None), or none was for a reason of QUESTIONS."""
        self._asked.labels(reason or "asked").inc()

    def recognised(
        self, job: UtteranceJob, message: UtteranceOutcome | None, notes: dict[str, Value] | None = None
    ) -> None:
        """`job` was handed on (None) or ended as `message`. `notes`: what the model said of it, no text."""
        notes = notes or {}
        audio_sec = job.samples / SAMPLE_RATE_HZ
        factor = real_time_factor(job.timings_ms, audio_sec)
        self.ended(message, job.timings_ms)
        self._audio.inc(audio_sec)
        if factor is not None:
            self._factor.observe(factor)
        if notes.get("again"):
            self._again.inc()
        outcome = "transcribed" if message is None else message.type
        line = Event(
            "recognised",
            utterance=job.utterance,
            outcome=outcome,
            reason=None if message is None else reason_of(message),
            audio_sec=audio_sec,
            ms=job.timings_ms.get("speech"),
            real_time_factor=factor,
            **notes,
            detail=message.detail if message is not None and message.type == "dropped" else None,
        )
        logger.log(logging.ERROR if outcome == "error" else logging.INFO, line)
