"""The file worker's process: one file at a time, kept from being redelivered while it goes on."""

from __future__ import annotations

import logging

import redis
from celery import Celery
from celery.exceptions import Reject
from celery.worker import state as worker_state

from contract.queues import FILE_QUEUE
from file_worker.metrics import FileMetrics
from file_worker.run import StoppingError
from file_worker.settings import FileSettings
from file_worker.store import FileStore
from file_worker.task import FileTranscriber
from runtime.broker.renewal import held
from runtime.redis_retry import RedisUnavailableError
from runtime.worker.heartbeat import worker_id
from runtime.worker.process import CannotStartError, WorkerProcess, requeue

logger = logging.getLogger(__name__)


class FileProcess(WorkerProcess[FileSettings, FileMetrics]):
    """One worker process."""

    def __init__(self, settings: FileSettings, app: Celery) -> None:
        super().__init__(settings, app, FILE_QUEUE, FileMetrics())
        self._store: FileStore | None = None
        self._transcriber: FileTranscriber | None = None

    def load(self, client: redis.Redis) -> None:
        """Raises CannotStartError when the folder of uploads cannot be used."""
        folder = self._settings.upload_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise CannotStartError(f"UPLOAD_DIR {folder} cannot be used: {problem}") from None
        going_on = self.register(client, "", False, self._settings.file_stuck_after_sec).going_on
        self._store = FileStore(client, self._app, self._settings)
        self._transcriber = FileTranscriber(self._settings, self._store, going_on, told_to_stop, self._metrics)

    def run(self, file_id: object, delivery_tag: str) -> None:
        """One file. Raises Reject when it must be done again."""
        store = self._store
        if store is None or self._transcriber is None:
            raise RuntimeError("the worker process was not started")
        timeout_sec = self._settings.visibility_timeout_sec
        try:
            with (
                self.heartbeat.working(),
                held(store.client, delivery_tag, timeout_sec, lambda: store.touch(str(file_id))),
            ):
                self._transcriber.handle(file_id, worker_id())
        except RedisUnavailableError as trouble:
            requeue(trouble)
        except StoppingError:
            logger.info("told to stop: the file goes back to its queue")
            raise Reject("stopping", requeue=True) from None


def told_to_stop() -> bool:
    """Whether Celery was told to end this process."""
    asked = (worker_state.should_stop, worker_state.should_terminate)
    return any(value is not None and value is not False for value in asked)
