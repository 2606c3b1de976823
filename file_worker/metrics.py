"""The file worker's metrics for Prometheus. The other workers count its segments as utterances."""

from __future__ import annotations

from prometheus_client import Counter

from contract.audio import SAMPLE_RATE_HZ
from contract.messages import UtteranceOutcome
from runtime.metrics.server import ServedMetrics

ENDINGS = ("done", "failed", "given_back", "dropped")  # dropped: cancelled, or taken over by another worker
OUTCOMES = ("result", "dropped", "error")
WITHOUT_SPEAKERS = ("no_worker", "too_late", "failed")


class FileMetrics(ServedMetrics):
    """What one file worker has done since it began."""

    def __init__(self) -> None:
        super().__init__()
        self._files = Counter("wta_file_files", "Files, by how the work ended.", ("ending",), registry=self.registry)
        self._segments = Counter(
            "wta_file_segments", "Segments written down, by outcome.", ("outcome",), registry=self.registry
        )
        self._audio = Counter("wta_file_audio_seconds", "Sound of the segments.", registry=self.registry)
        self._work = Counter("wta_file_work_seconds", "Time that the files took.", registry=self.registry)
        self.resends = Counter("wta_file_resends", "Segments sent to the queue again.", registry=self.registry)
        self._without_speakers = Counter(
            "wta_file_without_speakers",
            "Files that asked who speaks and ended without.",
            ("reason",),
            registry=self.registry,
        )
        for reason in WITHOUT_SPEAKERS:
            self._without_speakers.labels(reason)
        for ending in ENDINGS:
            self._files.labels(ending)
        for outcome in OUTCOMES:
            self._segments.labels(outcome)

    def ended(self, ending: str, took_sec: float) -> None:
        """The work on a file has ended in one of ENDINGS."""
        self._files.labels(ending).inc()
        self._work.inc(took_sec)

    def written_down(self, samples: int, outcome: UtteranceOutcome) -> None:
        """A segment of `samples` has its outcome."""
        self._segments.labels(outcome.type).inc()
        self._audio.inc(samples / SAMPLE_RATE_HZ)

    def without_speakers(self, reason: str) -> None:
        """It is not told who speaks in a file, for one of WITHOUT_SPEAKERS."""
        self._without_speakers.labels(reason).inc()
