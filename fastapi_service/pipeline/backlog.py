"""How long an utterance that is queued now would wait for speech recognition, and how many may wait."""

from __future__ import annotations

from contract.queues import STT_QUEUE
from fastapi_service.pipeline.snapshot import Pipeline
from fastapi_service.settings import GatewaySettings

SMALLEST_QUEUE = 8  # per worker: what it takes at once


class Backlog:
    """By what the workers report an utterance to take lately; until all report it, `queue_max` is the limit.

    While Redis cannot be reached both figures stay as they are.
    """

    def __init__(self, pipeline: Pipeline, settings: GatewaySettings) -> None:
        self._pipeline = pipeline
        self._settings = settings

    @property
    def limit(self) -> int:
        """How many utterances may wait now."""
        pace = self._per_sec()
        if not pace:
            return self._settings.queue_max
        workers = len(self._pipeline.known.workers[STT_QUEUE])
        wanted = max(SMALLEST_QUEUE * workers, int(pace * self._settings.queue_wait_max_sec))
        return min(self._settings.queue_max, wanted)

    @property
    def wait_sec(self) -> float:
        """How long the last waiting utterance still has to wait."""
        known, pace = self._pipeline.known, self._per_sec()
        return max(0, known.tasks[STT_QUEUE] - known.segments) / pace if pace else 0.0  # live speech goes before files

    def _per_sec(self) -> float:
        """Utterances that all speech workers do in a second, 0 while that is not known."""
        paces = [worker.pace_sec for worker in self._pipeline.known.workers.get(STT_QUEUE, ())]
        return sum(1 / pace for pace in paces) if paces and all(paces) else 0.0
