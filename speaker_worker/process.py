"""The speaker worker's process: its encoder, and its place behind the speech models."""

from __future__ import annotations

import os

import redis
from celery import Celery

from contract.queues import SPEAKER_QUEUE
from runtime.broker.renewal import held
from runtime.redis_retry import RedisUnavailableError
from runtime.worker.process import CannotStartError, WorkerProcess, end_for_restart, requeue
from speaker_worker.encoders import LoadEncoder, load
from speaker_worker.engine.encoder.load import DUMMY
from speaker_worker.engine.encoder.protocol import EncoderLoadError
from speaker_worker.metrics import SpeakerMetrics
from speaker_worker.settings import SpeakerSettings
from speaker_worker.task import SpeakerTeller

FAILURES_TO_RESTART = 5  # utterances in a row that broke the encoder: it is broken for good


class SpeakerProcess(WorkerProcess[SpeakerSettings, SpeakerMetrics]):
    """One worker process. `load_encoder` loads the encoder at the start: set another one before that."""

    def __init__(self, settings: SpeakerSettings, app: Celery) -> None:
        super().__init__(settings, app, SPEAKER_QUEUE, SpeakerMetrics())
        self.load_encoder: LoadEncoder = load
        self._client: redis.Redis | None = None
        self._teller: SpeakerTeller | None = None

    def load(self, client: redis.Redis) -> None:
        """Load and warm the encoder. Raises CannotStartError when one is named and there is none."""
        settings = self._settings
        os.nice(settings.speaker_nice)  # a text must not wait for a speaker
        try:
            encoder = self.load_encoder(settings)
        except EncoderLoadError as problem:
            raise CannotStartError(f"no voice encoder: {problem}") from None
        name = "" if encoder is None else encoder.name  # an empty one: this worker tells nothing
        demo = name == DUMMY
        self._client = client
        self._teller = SpeakerTeller(client, encoder, settings, self._metrics)
        self._metrics.loaded(name or "off", demo)
        self.register(client, name, demo, settings.speaker_stuck_after_sec)

    def run(self, audio: object, job: object) -> None:
        """One utterance. Raises Reject when it must be done again."""
        teller = self._started()
        with self.heartbeat.working():
            try:
                teller.handle(audio, job)
            except RedisUnavailableError as trouble:
                self._metrics.given_back.inc()
                requeue(trouble)
        if teller.failures_in_a_row >= FAILURES_TO_RESTART:
            end_for_restart(f"the voice encoder failed {teller.failures_in_a_row} times in a row")

    def run_file(self, job: object, delivery_tag: str) -> None:
        """One whole file, kept from being redelivered while it takes. Raises Reject when it must be done again."""
        teller = self._started()
        assert self._client is not None
        timeout_sec = self._settings.visibility_timeout_sec
        with self.heartbeat.working(), held(self._client, delivery_tag, timeout_sec, lambda: None):
            try:
                teller.handle_file(job)
            except RedisUnavailableError as trouble:
                self._metrics.given_back.inc()
                requeue(trouble)

    def _started(self) -> SpeakerTeller:
        if self._teller is None:
            raise RuntimeError("the worker process was not started")
        return self._teller
