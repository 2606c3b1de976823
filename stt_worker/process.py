"""The worker process: loads and warms the models before any work, writes the heartbeat, and runs the tasks."""

from __future__ import annotations

import logging
import time

from celery import Celery
from celery.concurrency import get_implementation
from celery.concurrency.solo import TaskPool as SoloPool
from celery.exceptions import Reject, WorkerShutdown

from contract.jobs import AnalyzeJob
from contract.queues import ANALYZE_TASK, ANALYZER_QUEUE, STT_QUEUE, TRANSCRIBE_TASK
from runtime.broker.batch import Companions
from runtime.redis_retry import worker_redis
from runtime.worker.core_share import CoreShare
from runtime.worker.exit_codes import CANNOT_START_EXIT_CODE, RESTART_EXIT_CODE
from runtime.worker.heartbeat import Heartbeat, worker_id
from stt_worker.engine.models import LoadModels, load_models
from stt_worker.engine.protocol import ModelUnavailableError
from stt_worker.metrics import SttMetrics
from stt_worker.partials.model_lock import ModelTurns
from stt_worker.partials.worker import PartialWorker
from stt_worker.settings import SttSettings
from stt_worker.utterances.drafts import Drafts
from stt_worker.utterances.task import Transcriber

logger = logging.getLogger(__name__)

FAILURES_TO_RESTART = 5  # utterances in a row that broke the model: it is broken for good
TIME_SHARES = 4  # a batch may take one of so many parts of the visibility timeout


class SttProcess:
    """One worker process. Nothing is loaded before `start`; `load_models` then loads: set another one before that."""

    def __init__(self, settings: SttSettings, app: Celery) -> None:
        self.load_models: LoadModels = load_models
        self._settings = settings
        self._app = app
        self._transcriber: Transcriber | None = None
        self._metrics = SttMetrics()
        self._heartbeat: Heartbeat | None = None
        self._turns = ModelTurns()
        self._companions = Companions(app, STT_QUEUE, TRANSCRIBE_TASK, 2)
        self._pace_sec = 0.0  # what an utterance has taken lately
        self._partials: PartialWorker | None = None
        self._share: CoreShare | None = None  # None: STT_THREADS decides

    def start(self) -> None:
        """Load the models and warm them up, then register. Raises SystemExit when a model cannot be had."""
        self._metrics.serve(self._settings)
        try:
            models = self.load_models(self._settings)
        except ModelUnavailableError as problem:
            logger.critical("%s", problem)
            raise SystemExit(CANNOT_START_EXIT_CODE) from None
        engine, check = models.engine, models.check
        if self._settings.stt_threads == 0 and models.set_threads is not None:
            self._share = CoreShare(models.threads, models.set_threads)
            self._share.start()
        began = time.monotonic()
        check.warm_up()
        engine.warm_up()
        took = time.monotonic() - began
        logger.info("speech model %s warm after %.1f s, %d threads", engine.name, took, models.threads)
        client = worker_redis(self._settings)
        drafts = Drafts()
        self._heartbeat = Heartbeat(
            client, STT_QUEUE, worker_id(), engine.name, engine.demo, self._settings.stt_stuck_after_sec
        )
        live = self._heartbeat.heard_live
        self._transcriber = Transcriber(
            self._settings, client, check, engine, self.hand_on, drafts, self._metrics, live
        )
        self._metrics.loaded(engine.name, engine.demo)
        self._heartbeat.start()
        if self._settings.partials_enabled:
            own_client = worker_redis(self._settings)
            self._partials = PartialWorker(
                self._settings, own_client, self._turns, check, engine, models.in_background, drafts, live
            )
            self._partials.start()

    def stop(self) -> None:
        """Take no more tasks, and deregister."""
        if self._share is not None:
            self._share.stop()
        if self._partials is not None:
            self._partials.stop()
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._companions.close()

    def run(self, audio: object, header: object) -> None:
        """One task, and others that wait. Raises Reject when it must be done again, WorkerShutdown when the model seems
        broken for good."""
        if self._transcriber is None or self._heartbeat is None:
            raise RuntimeError("the worker process was not started")
        began = time.monotonic()
        with self._heartbeat.working(), self._turns.final():
            if self._share is not None:
                self._share.apply()
            companions = self._companions.take(self._room())
            tasks = [(audio, header), *((one.arguments[0], one.arguments[1]) for one in companions)]
            own, *others = self._transcriber.handle_all(tasks)
            for companion, trouble in zip(companions, others, strict=True):
                companion.done() if trouble is None else companion.give_back()
            self._heartbeat.also_done(len(companions))
        self._metrics.given_back.inc(sum(trouble is not None for trouble in (own, *others)))
        self._pace_sec = (time.monotonic() - began) / len(tasks)
        self._heartbeat.pace_sec = self._pace_sec
        if own is not None:
            # Late acknowledgement is not enough: Celery acknowledges a task that raised. If requeueing fails as well,
            # the task is still unacknowledged and is redelivered after the visibility timeout.
            raise Reject(str(own), requeue=True) from own
        if self._transcriber.failures_in_a_row >= FAILURES_TO_RESTART:
            logger.critical("the speech model failed %d times in a row: ending", self._transcriber.failures_in_a_row)
            raise WorkerShutdown(RESTART_EXIT_CODE)

    def _room(self) -> int:
        """How many utterances may be processed beside the current one: all must be done well before Redis redelivers
        them to another worker."""
        in_time = self._settings.visibility_timeout_sec / (TIME_SHARES * self._pace_sec) if self._pace_sec else 1
        return min(self._settings.stt_batch_max - 1, int(in_time))

    def hand_on(self, job: AnalyzeJob) -> None:
        """Send a transcribed utterance to the analyzer. Raises one of REDIS_TROUBLE."""
        self._app.send_task(
            ANALYZE_TASK,
            args=[job.model_dump(mode="json")],
            queue=ANALYZER_QUEUE,
            argsrepr="(job)",  # the default would copy the transcript into a header
            kwargsrepr="{}",
            ignore_result=True,
            retry=False,
        )


def refuse_other_pools(pool: object) -> None:
    """Raise SystemExit, with the reason, for any pool but solo.

    With child processes the parent would take tasks before a child's models are loaded, and each child would hold
    models of its own; threads would share one model that is not safe to share.
    """
    if get_implementation(pool) is not SoloPool:
        raise SystemExit(
            "stt_worker runs with `--pool=solo --concurrency=1`: one process, one loaded model. "
            "For more at once start more workers: docker-compose up --scale stt_worker=2."
        )
