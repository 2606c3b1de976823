"""analyzer_worker: the sentiment of every transcript, then the utterance's one outcome.

Run it as `celery -A analyzer_worker:celery worker -Q analyzer_queue --loglevel=info --concurrency=1 --pool=solo`.
This module only wires; it loads no model until a worker starts.
"""

from __future__ import annotations

import logging
from typing import Any

import redis
from celery import signals
from celery.concurrency.solo import TaskPool
from celery.exceptions import Reject
from celery.worker import state as worker_state
from redis.backoff import NoBackoff
from redis.retry import Retry

from analyzer_worker.find_model import ModelError
from analyzer_worker.metrics import AnalyzerMetrics
from analyzer_worker.models import load_model
from analyzer_worker.settings import AnalyzerSettings
from analyzer_worker.task import Analyzer
from contract.queues import ANALYZE_TASK, ANALYZER_QUEUE
from runtime.broker.app import make_celery
from runtime.broker.batch import Companions
from runtime.broker.privacy import keep_messages_private
from runtime.broker.recovery import keep_consuming
from runtime.logs.setup import set_up_logging
from runtime.worker.core_share import wait_briefly
from runtime.worker.exit_codes import CANNOT_START_EXIT_CODE, RESTART_EXIT_CODE
from runtime.worker.heartbeat import Heartbeat, worker_id

logger = logging.getLogger(__name__)

wait_briefly()  # before torch is loaded
settings = AnalyzerSettings()
celery = make_celery("analyzer_worker", settings, ANALYZER_QUEUE)
metrics = AnalyzerMetrics()
companions_of_a_task = Companions(celery, ANALYZER_QUEUE, ANALYZE_TASK, 1)


class _Running:
    """State of a started worker. One per process: the solo pool runs one task at a time in the main thread."""

    analyzer: Analyzer | None = None
    heartbeat: Heartbeat | None = None


def _leave_logging_to_us(**_: Any) -> None:
    """Being connected is enough: Celery then leaves logging as `_load_model` has set it up."""


def _load_model(sender: Any = None, **_: Any) -> None:
    """Load and warm the model before the worker connects to its queue; a worker that cannot work must not start."""
    if sender is None or sender.app is not celery:
        return
    chosen = "log_level" in settings.model_fields_set  # LOG_LEVEL wins over --loglevel
    set_up_logging(settings.log_level if chosen else logging.getLevelName(sender.loglevel), settings.log_format)
    keep_messages_private()
    if sender.pool_cls is not TaskPool and sender.pool_cls != "solo":
        logger.critical(
            "analyzer_worker runs with --pool=solo --concurrency=1 only: one process, one loaded model, one task. "
            "For more at once start more workers: docker-compose up --scale analyzer_worker=2"
        )
        raise SystemExit(CANNOT_START_EXIT_CODE)
    metrics.serve(settings)
    try:
        model = load_model(settings)
    except ModelError as problem:
        logger.critical("no sentiment model: %s", problem)
        raise SystemExit(CANNOT_START_EXIT_CODE) from problem
    keep_consuming(celery)
    client = redis.Redis.from_url(
        settings.broker_url(), socket_timeout=5, socket_connect_timeout=5, retry=Retry(NoBackoff(), 1)
    )
    _Running.analyzer = Analyzer(client, model, settings, metrics)
    metrics.loaded(model.name, model.demo)
    _Running.heartbeat = Heartbeat(
        client,
        ANALYZER_QUEUE,
        worker_id(),
        model.name,
        model.demo,
        settings.analyzer_stuck_after_sec,
    )


def _sign_on(sender: Any = None, **_: Any) -> None:
    if sender is not None and sender.app is celery and _Running.heartbeat is not None:
        _Running.heartbeat.start()


def _sign_off(sender: Any = None, **_: Any) -> None:
    if sender is not None and sender.app is celery and _Running.heartbeat is not None:
        _Running.heartbeat.stop()
        companions_of_a_task.close()


signals.setup_logging.connect(_leave_logging_to_us)
signals.worker_init.connect(_load_model)
signals.worker_ready.connect(_sign_on)
signals.worker_shutdown.connect(_sign_off)


@celery.task(name=ANALYZE_TASK)  # type: ignore[untyped-decorator]
def analyze_text(job: dict[str, Any]) -> None:
    """Classify one transcript and others that wait, and end their utterances. `job` is an AnalyzeJob as a dict."""
    if _Running.analyzer is None or _Running.heartbeat is None:
        raise Reject("the worker has no model", requeue=True)
    with _Running.heartbeat.working():
        companions = companions_of_a_task.take(settings.analyzer_batch_max - 1)
        own, *others = _Running.analyzer.handle_all([job, *(companion.arguments[0] for companion in companions)])
        for companion, trouble in zip(companions, others, strict=True):
            companion.done() if trouble is None else companion.give_back()
        _Running.heartbeat.also_done(len(companions))
    metrics.took(1 + len(companions))
    metrics.given_back.inc(sum(trouble is not None for trouble in (own, *others)))
    if own is not None:
        logger.error("Redis stays out of reach, the task goes back to its queue: %s", own)
        raise Reject("Redis is out of reach", requeue=True) from None
    if _Running.analyzer.broken:
        worker_state.should_stop = RESTART_EXIT_CODE  # ends the worker after this task; its supervisor restarts it
