"""The speech worker's process: its models, batches, sentences, partials, and its share of the cores."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Any

import redis
from celery import Celery

from contract.queues import STT_QUEUE, TRANSCRIBE_TASK
from runtime.broker.app import send_speakers, send_text
from runtime.redis_client import worker_redis
from runtime.redis_retry import RedisUnavailableError
from runtime.worker.core_share import CoreShare
from runtime.worker.process import BatchProcess, CannotStartError, end_for_restart
from stt_worker.engine.models import LoadModels, load_models
from stt_worker.engine.protocol import ModelError
from stt_worker.metrics import SttMetrics
from stt_worker.partials.model_lock import PriorityModelLock
from stt_worker.partials.requests import RequestWorker
from stt_worker.partials.worker import PartialWorker
from stt_worker.sentences.looks import Looks
from stt_worker.sentences.worker import SentenceWorker
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.recognition import Recognition
from stt_worker.utterances.speakers import SpeakerQuestions
from stt_worker.utterances.task import Transcriber

logger = logging.getLogger(__name__)

FAILURES_TO_RESTART = 5  # utterances in a row that broke the model: it is broken for good
TIME_SHARES = 4  # a batch may take one of so many parts of the visibility timeout


class SttProcess(BatchProcess[SttSettings, SttMetrics]):
    """One worker process. `load_models` loads the models at the start: set another one before that."""

    def __init__(self, settings: SttSettings, app: Celery) -> None:
        super().__init__(settings, app, STT_QUEUE, TRANSCRIBE_TASK, 2, SttMetrics())
        self.load_models: LoadModels = load_models
        self._transcriber: Transcriber | None = None
        self._turns = PriorityModelLock()
        self._pace_sec = 0.0  # what an utterance has taken lately
        self._beside: list[RequestWorker[Any]] = []  # they hear what is still being spoken
        self._share: CoreShare | None = None  # None: STT_THREADS decides

    def load(self, client: redis.Redis) -> None:
        """Load the models and warm them up. Raises CannotStartError when one cannot be had."""
        settings = self._settings
        try:
            models = self.load_models(settings)
        except ModelError as problem:
            raise CannotStartError(str(problem)) from None
        engine, check = models.engine, models.check
        if settings.stt_threads == 0 and models.set_threads is not None:
            self._share = CoreShare(models.threads, models.set_threads)
            self._share.start()
        began = time.monotonic()
        check.warm_up()
        engine.warm_up()
        took = time.monotonic() - began
        logger.info("speech model %s warm after %.1f s, %d threads", engine.name, took, models.threads)
        live = self.register(client, engine.name, engine.demo, settings.stt_stuck_after_sec).heard_live
        drafts, looks = DraftCache(), Looks()
        hand_on = partial(send_text, self._app)
        questions = SpeakerQuestions(settings, client, self._metrics, partial(send_speakers, self._app))
        self._transcriber = Transcriber(
            settings, client, check, engine, hand_on, drafts, self._metrics, live, self._turns.final, looks, questions
        )
        self._metrics.loaded(engine.name, engine.demo)
        if settings.partials_enabled:
            aside = models.in_background
            recognition = Recognition(settings, check, engine, drafts)
            self._beside = [
                SentenceWorker(worker_redis(settings), self._turns, engine, recognition, aside, live, looks),
                PartialWorker(settings, worker_redis(settings), self._turns, check, engine, aside, drafts, live),
            ]

    def start(self) -> None:
        """Load and register, then do sentences and partials too, in threads of their own."""
        super().start()
        for worker in self._beside:
            worker.start()

    def stop(self) -> None:
        """Take no more tasks, and deregister."""
        if self._share is not None:
            self._share.stop()
        for worker in self._beside:
            worker.stop()
        super().stop()

    def run(self, audio: object, header: object) -> None:
        """One task, and others that wait. Raises Reject when it must be done again."""
        if self._transcriber is None:
            raise RuntimeError("the worker process was not started")
        self.run_with_others((audio, header), self._room(), self._handle_all)
        failures = self._transcriber.failures_in_a_row
        if failures >= FAILURES_TO_RESTART:
            end_for_restart(f"the speech model failed {failures} times in a row")

    def _handle_all(self, tasks: list[tuple[object, object]]) -> list[RedisUnavailableError | None]:
        assert self._transcriber is not None
        if self._share is not None:
            self._share.apply()
        began = time.monotonic()
        troubles = self._transcriber.handle_all(tasks)
        if self._transcriber.recognised:
            self._pace_sec = (time.monotonic() - began) / self._transcriber.recognised
            self.heartbeat.pace_sec = self._pace_sec
        return troubles

    def _room(self) -> int:
        """How many utterances may be processed beside the current one: all must be done well before Redis redelivers
        them to another worker."""
        in_time = self._settings.visibility_timeout_sec / (TIME_SHARES * self._pace_sec) if self._pace_sec else 1
        return min(self._settings.stt_batch_max - 1, int(in_time))
