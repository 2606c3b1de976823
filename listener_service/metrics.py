"""The listener's metrics for Prometheus. It reads the durable stream, so its counts are complete."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

from contract.events import OutcomeEvent, SpeakerEvent
from contract.messages import Turns
from contract.text.words import count_words
from listener_service.counts import latency_ms
from runtime.metrics.registry import BATCH_SIZES, SECONDS, OutcomeCounts
from runtime.metrics.server import ServedMetrics

SPEAKERS = (0, 1, 2, 3, 4, 6, 8, 16)


class ListenerMetrics(ServedMetrics):
    """What this process has counted since it began; the statistics in Redis are older."""

    def __init__(self) -> None:
        super().__init__()
        self._outcomes = OutcomeCounts("wta_listener_utterances", "Outcomes counted.", self.registry)
        self._wait = Histogram(
            "wta_listener_wait_seconds",
            "From the end of speech to the count of a result, all stages together.",
            registry=self.registry,
            buckets=SECONDS,
        )
        self._relay = Histogram(
            "wta_listener_relay_seconds",
            "From the end of an utterance to its count.",
            registry=self.registry,
            buckets=SECONDS,
        )
        self._batch = Histogram(
            "wta_listener_batch_size", "Outcomes in one transaction.", registry=self.registry, buckets=BATCH_SIZES
        )
        self._words = Counter("wta_listener_words", "Words of the results.", registry=self.registry)
        self._audio = Counter("wta_listener_audio_seconds", "Length of the results.", registry=self.registry)
        self._turns = Counter(
            "wta_listener_turns",
            "Stretches of speech by one person, by whether it is known who that is.",
            ("speaker",),
            registry=self.registry,
        )
        for kind in ("known", "unknown"):
            self._turns.labels(kind)
        self._speakers = Histogram(
            "wta_listener_session_speakers",
            "Speakers of a session so far, at each of its utterances of which who speaks it was told.",
            registry=self.registry,
            buckets=SPEAKERS,
        )
        self.redis_trouble = Counter("wta_listener_redis_trouble", "Times that Redis was lost.", registry=self.registry)
        self.log_trouble = Counter(
            "wta_listener_log_trouble", "Lines that result_listener.log could not take.", registry=self.registry
        )

    def counted(self, events: list[OutcomeEvent]) -> None:
        """A transaction is done: these are counted, each once, and repetitions not at all."""
        if events:
            self._batch.observe(len(events))
        for message in (event.message for event in events if not event.repetition):
            self._outcomes.count(message)
            if message.type == "result":
                self._wait.observe(latency_ms(message) / 1000.0)
                self._relay.observe(message.timings_ms.get("relay", 0.0) / 1000.0)
                self._words.inc(count_words(message.text))
                self._audio.inc(max(0.0, message.duration_sec))

    def told(self, event: SpeakerEvent, speakers: int) -> None:
        """The same of what was found out about who speaks. `speakers`: how many the session has by now."""
        if isinstance(event.speakers, Turns):
            for turn in event.speakers.turns:
                self._turns.labels("unknown" if turn.speaker is None else "known").inc()
            self._speakers.observe(speakers)
