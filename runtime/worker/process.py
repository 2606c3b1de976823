"""The shell of a Celery worker: what happens around its tasks is the same for each of them.

    process = SttProcess(settings, celery)
    process.connect()

Celery then calls `start` before it connects to the queue, and `stop` at the end. A worker of another kind needs a
subclass with its own `load`, and one with a model `BatchProcess`. Importing this loads no model.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, TypeVar

import redis
from celery import Celery, signals
from celery.concurrency import get_implementation
from celery.concurrency.solo import TaskPool as SoloPool
from celery.exceptions import Reject
from celery.worker import WorkController
from celery.worker import state as worker_state

from contract.settings import MeasuredSettings
from runtime.broker.batch import TaskBatcher
from runtime.broker.privacy import keep_messages_private
from runtime.broker.recovery import install_recovery
from runtime.logs.setup import set_up_logging
from runtime.metrics.server import ServedMetrics
from runtime.metrics.worker import WorkerMetrics
from runtime.redis_check import RedisRefusedError, check_redis
from runtime.redis_client import worker_redis
from runtime.redis_retry import RedisUnavailableError
from runtime.worker.exit_codes import CANNOT_START_EXIT_CODE, RESTART_EXIT_CODE
from runtime.worker.heartbeat import Heartbeat, worker_id

logger = logging.getLogger(__name__)

SettingsT = TypeVar("SettingsT", bound=MeasuredSettings)
MetricsT = TypeVar("MetricsT", bound=ServedMetrics)
WorkerMetricsT = TypeVar("WorkerMetricsT", bound=WorkerMetrics)
HandleAll = Callable[[list[tuple[Any, ...]]], Sequence[RedisUnavailableError | None]]


class CannotStartError(Exception):
    """A setting, a folder or a model is missing: starting again changes nothing. The message is for who runs it."""


class WorkerProcess(ABC, Generic[SettingsT, MetricsT]):
    """One worker process of the solo pool: one task at a time in the main thread. Nothing is loaded before `start`."""

    def __init__(self, settings: SettingsT, app: Celery, queue: str, metrics: MetricsT) -> None:
        self._settings = settings
        self._app = app
        self._queue = queue
        self._metrics = metrics
        self._heartbeat: Heartbeat | None = None

    @abstractmethod
    def load(self, client: redis.Redis) -> None:
        """Get ready for tasks, and call `register` before the end. Raises CannotStartError."""

    @property
    def heartbeat(self) -> Heartbeat:
        """Raises RuntimeError before `load` has registered the worker."""
        if self._heartbeat is None:
            raise RuntimeError("the worker process was not started")
        return self._heartbeat

    def register(self, client: redis.Redis, model: str, demo: bool, stuck_after_sec: float) -> Heartbeat:
        """The heartbeat that this worker is going to have; it begins after `load`."""
        self._heartbeat = Heartbeat(client, self._queue, worker_id(), model, demo, stuck_after_sec)
        return self._heartbeat

    def start(self) -> None:
        """Load everything, then register. Raises SystemExit when the worker could not work."""
        self._metrics.serve(self._settings)
        try:
            check_redis(self._settings)
            self.load(worker_redis(self._settings))
        except (CannotStartError, RedisRefusedError) as problem:
            logger.critical("%s", problem)
            raise SystemExit(CANNOT_START_EXIT_CODE) from None
        self.heartbeat.start()

    def stop(self) -> None:
        """Deregister, so that nobody waits for this worker's heartbeat to expire."""
        if self._heartbeat is not None:
            self._heartbeat.stop()

    def connect(self) -> None:
        """Have Celery start and stop this process with its worker."""
        signals.setup_logging.connect(_keep_our_logging)
        signals.worker_init.connect(self._before_work)
        signals.worker_shutdown.connect(self._after_work)

    def _before_work(self, sender: WorkController, **_: Any) -> None:
        if sender.app is not self._app:
            return
        settings = self._settings
        chosen = "log_level" in settings.model_fields_set  # LOG_LEVEL wins over --loglevel
        set_up_logging(settings.log_level if chosen else logging.getLevelName(sender.loglevel), settings.log_format)
        refuse_other_pools(sender.pool_cls, str(self._app.main))
        keep_messages_private()
        install_recovery(self._app)
        self.start()

    def _after_work(self, sender: WorkController, **_: Any) -> None:
        if sender.app is self._app:
            self.stop()


class BatchProcess(WorkerProcess[SettingsT, WorkerMetricsT]):
    """A worker whose model does several tasks at once: those that wait, beside the one that Celery has delivered."""

    def __init__(
        self, settings: SettingsT, app: Celery, queue: str, task: str, arguments: int, metrics: WorkerMetricsT
    ) -> None:
        super().__init__(settings, app, queue, metrics)
        self._batcher = TaskBatcher(app, queue, task, arguments)

    def stop(self) -> None:
        """Deregister; what was taken beside a task goes back."""
        super().stop()
        self._batcher.close()

    def run_with_others(
        self,
        own: tuple[Any, ...],
        most: int,
        handle_all: HandleAll,
        turn: AbstractContextManager[object] | None = None,
    ) -> int:
        """Do the task with the arguments `own` and at most `most` others, in `turn`; returns how many that were.

        Raises Reject when the delivered task must be done again.
        """
        with self.heartbeat.working(), turn or nullcontext():
            extras = self._batcher.take(most)
            own_trouble, *troubles = handle_all([own, *(tuple(one.arguments) for one in extras)])
            for extra, trouble in zip(extras, troubles, strict=True):
                extra.done() if trouble is None else extra.give_back()
            self.heartbeat.also_done(len(extras))
        self._metrics.given_back.inc(sum(trouble is not None for trouble in (own_trouble, *troubles)))
        if own_trouble is not None:
            requeue(own_trouble)
        return 1 + len(extras)


def requeue(trouble: RedisUnavailableError) -> None:
    """Give the delivered task back. Raises Reject.

    Late acknowledgement is not enough: Celery acknowledges a task that raised. If requeueing fails as well, the task is
    still unacknowledged and is redelivered after the visibility timeout.
    """
    logger.error("Redis stays out of reach, the task goes back to its queue: %s", trouble)
    raise Reject("Redis is out of reach", requeue=True) from None


def end_for_restart(reason: str) -> None:
    """End this worker after its task, which is done: its supervisor starts it again."""
    logger.critical("%s: ending", reason)
    worker_state.should_stop = RESTART_EXIT_CODE


def refuse_other_pools(pool: object, name: str) -> None:
    """Raise SystemExit, the reason logged, for any pool but solo; `name` is the worker's.

    With child processes the parent would take tasks before a child's models are loaded, and each child would hold
    models of its own; threads would share one model that is not safe to share.
    """
    if get_implementation(pool) is not SoloPool:
        logger.critical(
            "%s runs with --pool=solo --concurrency=1 only: one process, one task at a time. "
            "For more at once start more workers: docker-compose up --scale %s=2",
            name,
            name,
        )
        raise SystemExit(CANNOT_START_EXIT_CODE)


def _keep_our_logging(**_: Any) -> None:
    """Being connected is enough: Celery then leaves logging as `_before_work` has set it up."""
