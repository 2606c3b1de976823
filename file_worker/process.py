"""The file worker's process: heartbeat and requeueing."""

from __future__ import annotations

import logging

from celery import Celery
from celery.exceptions import Reject
from celery.worker import state as worker_state

from contract.jobs import now_ms
from contract.keys import file_key
from contract.queues import FILE_QUEUE
from file_worker.metrics import FileMetrics
from file_worker.run import StoppingError
from file_worker.settings import FileSettings
from file_worker.store import FileStore
from file_worker.task import FileTranscriber
from runtime.broker.renewal import held
from runtime.redis_retry import RedisTroubleError, worker_redis
from runtime.worker.exit_codes import CANNOT_START_EXIT_CODE
from runtime.worker.heartbeat import Heartbeat, worker_id

logger = logging.getLogger(__name__)


class FileProcess:
    """One worker process: one file at a time."""

    def __init__(self, settings: FileSettings, app: Celery) -> None:
        self._settings = settings
        self._app = app
        self._heartbeat: Heartbeat | None = None
        self._metrics = FileMetrics()
        self._transcriber: FileTranscriber | None = None
        self._name = worker_id()

    def start(self) -> None:
        """Register. Raises SystemExit when the folder of uploads cannot be used."""
        folder = self._settings.upload_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            logger.critical("UPLOAD_DIR %s cannot be used: %s", folder, problem)
            raise SystemExit(CANNOT_START_EXIT_CODE) from None
        self._metrics.serve(self._settings)
        client = worker_redis(self._settings)
        store = FileStore(client, self._app, self._settings)
        heartbeat = Heartbeat(client, FILE_QUEUE, self._name, "", False, self._settings.file_stuck_after_sec)
        self._client = client
        self._heartbeat = heartbeat
        self._transcriber = FileTranscriber(self._settings, store, heartbeat.going_on, told_to_stop, self._metrics)
        heartbeat.start()

    def stop(self) -> None:
        """Deregister."""
        if self._heartbeat is not None:
            self._heartbeat.stop()

    def run(self, file_id: object, delivery_tag: str) -> None:
        """One file. Raises Reject when it must be done again."""
        if self._transcriber is None or self._heartbeat is None:
            raise Reject("the worker process was not started", requeue=True)

        def still_here() -> None:
            key = file_key(str(file_id))
            if self._client.exists(key):
                self._client.hset(key, "touched", str(int(now_ms())))
                self._client.expire(key, self._settings.upload_result_ttl_sec)

        try:
            with (
                self._heartbeat.working(),
                held(self._client, delivery_tag, self._settings.visibility_timeout_sec, still_here),
            ):
                self._transcriber.handle(file_id, self._name)
        except RedisTroubleError as trouble:
            logger.error("Redis stays out of reach, the file goes back to its queue: %s", trouble)
            raise Reject("Redis is out of reach", requeue=True) from None
        except StoppingError:
            logger.info("told to stop: the file goes back to its queue")
            raise Reject("stopping", requeue=True) from None


def told_to_stop() -> bool:
    """Whether Celery was told to end this process."""
    asked = (worker_state.should_stop, worker_state.should_terminate)
    return any(value is not None and value is not False for value in asked)
