"""Who speaks is asked once a text is on its way: of another worker, and only where that costs no text anything."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence

import redis

from contract.jobs import LANGUAGE_PATTERN, AnalyzeJob, SpeakerJob
from contract.keys import workers_key
from contract.queues import SPEAKER_QUEUE
from runtime.redis_retry import REDIS_ERRORS
from runtime.worker.heartbeat import seen_lately
from stt_worker.metrics import SttMetrics
from stt_worker.settings import SttSettings

logger = logging.getLogger(__name__)

WAITING_MAX = 64  # tasks in the queue; more would come too late, and their audio fills Redis
LOOK_EVERY_SEC = 5.0  # whether a worker lives

Ask = Callable[[bytes, SpeakerJob], object]


class SpeakerQuestions:
    """Sends an utterance to `speaker_queue` where it may be. `ask` sends it (may raise REDIS_ERRORS)."""

    def __init__(self, settings: SttSettings, client: redis.Redis, metrics: SttMetrics, ask: Ask | None) -> None:
        self._enabled = settings.speakers_enabled and ask is not None
        self._client = client
        self._metrics = metrics
        self._ask = ask
        self._looked_sec = float("-inf")
        self._served = False

    def wanted(self, job: AnalyzeJob) -> bool:
        """Whether `job` asks for speakers, and a voice has to be heard for it: a channel is a speaker by itself."""
        return self._enabled and job.speakers and job.channel is None

    def send(self, pcm: bytes, job: AnalyzeJob, speech: Sequence[tuple[int, int]]) -> None:
        """Ask who speaks `job`, whose audio (s16le) is `pcm`; `speech`: where somebody does, in samples of the stream.
        Trouble is logged and counted: the utterance then stays without a speaker."""
        assert self._ask is not None
        try:
            reason = self._reason_not_to()
            if reason is None:
                self._ask(pcm, speaker_job(job, speech))
        except REDIS_ERRORS as problem:
            reason = "redis"
            self._looked_sec = float("-inf")
            logger.warning("%s: nobody was asked who speaks: %s", job.utterance, type(problem).__name__)
        self._metrics.asked_who_speaks(reason)

    def _reason_not_to(self) -> str | None:
        """`no_worker`, `queue_full`, or None. Raises REDIS_ERRORS."""
        look = time.monotonic() - self._looked_sec >= LOOK_EVERY_SEC
        pipe = self._client.pipeline(transaction=False)
        pipe.llen(SPEAKER_QUEUE)
        if look:
            pipe.hvals(workers_key(SPEAKER_QUEUE))
        waiting, *heartbeats = pipe.execute()
        if look:
            self._served = any(worker.model for worker in seen_lately(heartbeats[0]))  # one that is off has none
            self._looked_sec = time.monotonic()
        if not self._served:
            return "no_worker"
        return "queue_full" if waiting >= WAITING_MAX else None


def speaker_job(job: AnalyzeJob, speech: Sequence[tuple[int, int]]) -> SpeakerJob:
    """The speaker worker's job about the same utterance."""
    return SpeakerJob(
        session=job.session,
        start=job.start,
        end=job.end,
        language=job.spoken_language if re.fullmatch(LANGUAGE_PATTERN, job.spoken_language) else None,
        text=job.text,
        words=job.words,
        speech=list(speech),
        live=job.live,
        stamped_ms=job.stamped_ms,
    )
