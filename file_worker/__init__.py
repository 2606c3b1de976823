"""The file worker: uploaded files, cut into segments that the speech workers recognise.

    file_worker   the Celery app and its one task: start here
    process       heartbeat, requeueing
    task, run     one file, from its id to its end; language: which one it is in
    media         any format to 16 kHz mono
    segments      cuts that at silences
    store         what is asked of Redis
    settings, metrics

The Celery app is here, for `celery -A file_worker:celery`. Importing anything of this package makes it and
reads the settings.
"""

from file_worker.file_worker import celery

__all__ = ["celery"]
