"""The file worker: takes uploaded files from `file_queue`, decodes and cuts them, and has them recognised.

    celery -A file_worker:celery worker -Q file_queue --loglevel=info --concurrency=1 --pool=solo \\
        --without-gossip --without-mingle --without-heartbeat

It loads no model: segments go to `stt_queue`, and all speech workers share them. This module only wires.
"""

from __future__ import annotations

from celery import Task

from contract.queues import FILE_QUEUE, TRANSCRIBE_FILE_TASK
from file_worker.process import FileProcess
from file_worker.settings import FileSettings
from runtime.broker.app import make_celery

settings = FileSettings()
celery = make_celery("file_worker", settings, FILE_QUEUE)
process = FileProcess(settings, celery)
process.connect()


@celery.task(name=TRANSCRIBE_FILE_TASK, bind=True)  # type: ignore[untyped-decorator]
def transcribe_file(self: Task, file_id: object = None) -> None:
    """Have one uploaded file transcribed; everything about it is in Redis under its id."""
    process.run(file_id, str(self.request.properties.get("delivery_tag", "")))
