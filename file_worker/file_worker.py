"""The file worker: takes uploaded files from `file_queue`, decodes and cuts them, and has them recognised.

    celery -A file_worker:celery worker -Q file_queue --loglevel=info --concurrency=1 --pool=solo \\
        --without-gossip --without-mingle --without-heartbeat

It loads no model: segments go to `stt_queue`, and all speech workers share them. This module only wires.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Task, signals
from celery.concurrency import get_implementation
from celery.concurrency.solo import TaskPool as SoloPool
from celery.worker import WorkController

from contract.queues import FILE_QUEUE, TRANSCRIBE_FILE_TASK
from file_worker.process import FileProcess
from file_worker.settings import FileSettings
from runtime.broker.app import make_celery
from runtime.broker.privacy import keep_messages_private
from runtime.broker.recovery import keep_consuming
from runtime.logs.setup import set_up_logging
from runtime.worker.exit_codes import CANNOT_START_EXIT_CODE

logger = logging.getLogger(__name__)

settings = FileSettings()
celery = make_celery("file_worker", settings, FILE_QUEUE)
process = FileProcess(settings, celery)


@celery.task(name=TRANSCRIBE_FILE_TASK, bind=True)  # type: ignore[untyped-decorator]
def transcribe_file(self: Task, file_id: object = None) -> None:
    """Have one uploaded file transcribed; everything about it is in Redis under its id."""
    process.run(file_id, str(self.request.properties.get("delivery_tag", "")))


def keep_our_logging(**_: Any) -> None:
    """Being connected is enough: Celery then leaves logging as `before_work` has set it up."""


def before_work(sender: WorkController, **_: Any) -> None:
    """Get ready before the worker connects to the queue. LOG_LEVEL wins over --loglevel."""
    if sender.app is not celery:
        return
    chosen = "log_level" in settings.model_fields_set
    set_up_logging(settings.log_level if chosen else logging.getLevelName(sender.loglevel), settings.log_format)
    if get_implementation(sender.pool_cls) is not SoloPool:
        logger.critical("file_worker runs with --pool=solo --concurrency=1 only; for more at once start more of them")
        raise SystemExit(CANNOT_START_EXIT_CODE)
    keep_messages_private()
    keep_consuming(celery)
    process.start()


def after_work(sender: WorkController, **_: Any) -> None:
    """Deregister, so that nobody waits for this worker's heartbeat to expire."""
    if sender.app is celery:
        process.stop()


signals.setup_logging.connect(keep_our_logging)
signals.worker_init.connect(before_work)
signals.worker_shutdown.connect(after_work)
