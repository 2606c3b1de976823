"""One task: an utterance whose text is known, or a file whose segments have all been heard.

Nothing that goes wrong here is an error for the user: what cannot be told stays without a speaker, and is logged and
counted.
"""

from __future__ import annotations

import logging
import time
from typing import TypeVar

import numpy as np
import redis
from pydantic import ValidationError

from contract.audio import BYTES_PER_SAMPLE, FULL_SCALE, SAMPLE_RATE_HZ
from contract.ids import session_tag
from contract.jobs import TRIES_MAX, Envelope, FileSpeakersJob, SpeakerJob
from contract.keys import file_speakers_tries_key, speaker_tries_key
from runtime.redis_retry import RedisRetry, RedisUnavailableError
from speaker_worker.engine.encoder.protocol import VoiceEncoder
from speaker_worker.engine.voices import UtteranceVoices, voices_in
from speaker_worker.file_voices import FileVoices
from speaker_worker.metrics import SpeakerMetrics
from speaker_worker.session import SessionTeller
from speaker_worker.settings import SpeakerSettings

logger = logging.getLogger(__name__)

LONGEST_SAMPLES = 60 * SAMPLE_RATE_HZ  # more than any utterance has: an encoder's memory is bounded

Job = TypeVar("Job", bound=Envelope)


class SpeakerTeller:
    """Handles the tasks of one worker, one at a time. `encoder`: None, and it does nothing with them.

    `failures_in_a_row`: utterances that broke the engine, since one did not.
    """

    def __init__(
        self,
        client: redis.Redis,
        encoder: VoiceEncoder | None,
        settings: SpeakerSettings,
        metrics: SpeakerMetrics | None = None,
    ) -> None:
        self.failures_in_a_row = 0
        self._client = client
        self._encoder = encoder
        self._settings = settings
        self._metrics = metrics or SpeakerMetrics()
        self._retry = RedisRetry(settings.speaker_redis_patience_sec, self._metrics.redis_trouble.inc)
        self._sessions = SessionTeller(client, "" if encoder is None else encoder.name, settings)
        self._files = FileVoices(client, settings)

    def handle(self, audio: object, raw: object) -> None:
        """Tell who speaks one utterance, or keep its voices for the whole file. Never raises for the task's content or
        for what the encoder raises; raises RedisUnavailableError when the task has to run again."""
        job = read(SpeakerJob, raw)
        if job is None or not isinstance(audio, bytes) or not fits(audio, job):
            if job is not None:
                logger.error("%s: its audio is not what its header says", job.utterance)
            self._metrics.ended(None, "invalid")
            return
        encoder = self._encoder
        if encoder is None:
            self._metrics.ended(None, "off")
            return
        tries_key = speaker_tries_key(job.session, job.start)
        if not self._begin(tries_key, job.utterance):
            self._metrics.ended(job, "given_up")
            return
        try:
            voices = self._voices(encoder, audio, job)
            tell = self._tell if job.live else self._keep
            self._retry.call(lambda: tell(job, voices), job.utterance)
            self.failures_in_a_row = 0
        except RedisUnavailableError:
            raise
        except Exception:  # whatever the engine raises, the next utterance must be heard
            logger.exception("%s: nobody can tell who speaks it", job.utterance)
            self.failures_in_a_row += 1
            self._metrics.ended(job, "failed")
        self._retry.call(lambda: self._client.delete(tries_key), job.utterance)

    def handle_file(self, raw: object) -> None:
        """Tell who speaks in a whole file. Raises as `handle` does."""
        job = read(FileSpeakersJob, raw)
        if job is None:
            self._metrics.file_ended(None, "invalid")
            return
        tries_key = file_speakers_tries_key(job.file)
        name = f"file {session_tag(job.file)}"
        if self._encoder is None:
            self._metrics.file_ended(job.file, "off")
            self._retry.call(lambda: self._files.fail(job), name)
            return
        if not self._begin(tries_key, name):
            self._metrics.file_ended(job.file, "given_up")
            if not self._retry.call(lambda: self._files.is_told(job), name):
                self._retry.call(lambda: self._files.fail(job), name)
            self._retry.call(lambda: self._files.forget(job), name)
            return
        if self._retry.call(lambda: self._files.is_told(job), name):
            self._metrics.file_ended(job.file, "repeated")
            self._finish_file(job, tries_key, name)
            return
        began = time.monotonic()
        segments = self._retry.call(lambda: self._files.segments(job), name)
        try:
            turns = self._files.turns(segments)
        except Exception:
            logger.exception("%s: nobody can tell who speaks in it", name)
            self._metrics.file_ended(job.file, "failed")
            self._retry.call(lambda: self._files.fail(job), name)
        else:
            known = self._retry.call(lambda: self._files.tell(job, turns), name)
            took_sec = time.monotonic() - began
            outcome = "told" if known else "gone"
            self._metrics.file_ended(job.file, outcome, segments=len(segments), turns=len(turns), sec=took_sec)
        self._finish_file(job, tries_key, name)

    def _finish_file(self, job: FileSpeakersJob, tries_key: str, name: str) -> None:
        self._retry.call(lambda: self._files.forget(job), name)
        self._retry.call(lambda: self._client.delete(tries_key), name)

    def _begin(self, key: str, what: str) -> bool:
        """Count a try; False where there were too many, for it may be what ended the workers."""

        def count() -> int:
            pipe = self._client.pipeline(transaction=True)
            pipe.incr(key)
            pipe.expire(key, self._settings.session_ttl_sec)
            return int(pipe.execute()[0])

        tries = self._retry.call(count, what)
        if tries > 1:
            self._metrics.begun_again.inc()
        return tries <= TRIES_MAX

    def _voices(self, encoder: VoiceEncoder, audio: bytes, job: SpeakerJob) -> UtteranceVoices:
        """The voices in it. Raises what the encoder does."""
        samples = np.frombuffer(audio, dtype="<i2").astype(np.float32) / FULL_SCALE
        speech = [(max(0, start - job.start), end - job.start) for start, end in job.speech]
        began = time.monotonic()
        voices = voices_in(encoder, samples, speech)
        self._metrics.heard(time.monotonic() - began)
        return voices

    def _keep(self, job: SpeakerJob, voices: UtteranceVoices) -> None:
        self._files.keep(job, voices)
        self._metrics.ended(job, "kept")

    def _tell(self, job: SpeakerJob, voices: UtteranceVoices) -> None:
        told = self._sessions.tell(job, voices)
        if isinstance(told, str):
            self._metrics.ended(job, told)
        else:
            self._metrics.told(job, told.turns, told.unsure, told.new, told.merged)


def fits(audio: bytes, job: SpeakerJob) -> bool:
    """Whether the audio is as long as the job says, and no longer than an utterance can be."""
    return len(audio) == job.samples * BYTES_PER_SAMPLE and job.samples <= LONGEST_SAMPLES


def read(kind: type[Job], raw: object) -> Job | None:
    """The job in `raw`, or None (logged) where it is none."""
    try:
        return kind.model_validate(raw)
    except ValidationError as problem:
        # Fields and kinds of error only: the values hold what was said, and a session's secret.
        faults = [f"{'.'.join(map(str, one['loc'])) or 'job'}: {one['type']}" for one in problem.errors()[:5]]
        logger.error("a task that is no job was discarded: %s", "; ".join(faults))
        return None
