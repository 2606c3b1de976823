"""One uploaded file from its bytes to its last segment's outcome.

Its segments are utterances of a secret session, treated like live ones: the same queue, retries, outcome script and
statistics. They are sent a few at a time and only while nothing else waits, and written down in order. A worker that
begins a file again cuts it in the same places and sends what has not ended.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from contract.ids import session_tag
from contract.jobs import SESSION_PATTERN, TRIES_MAX
from contract.state.files import file_path
from file_worker.media.decoder import NotDecodableError, TooLongError
from file_worker.metrics import FileMetrics
from file_worker.run import FileRun, StoppingError
from file_worker.settings import FileSettings
from file_worker.store import FileStore
from runtime.redis_retry import RedisUnavailableError

logger = logging.getLogger(__name__)


class FileTranscriber:
    """Does files, one at a time. `going_on` is called again and again; `stopping` says when to give a file back."""

    def __init__(
        self,
        settings: FileSettings,
        store: FileStore,
        going_on: Callable[[], object],
        stopping: Callable[[], bool],
        metrics: FileMetrics | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._going_on = going_on
        self._stopping = stopping
        self._metrics = metrics or FileMetrics()

    def handle(self, file_id: object, holder: str) -> None:
        """Bring one file to its end, unless it has ended or is another worker's.

        Raises RedisUnavailableError or StoppingError: the task must come back.
        """
        if not isinstance(file_id, str) or not re.fullmatch(SESSION_PATTERN, file_id):
            logger.error("a task that names no file was dropped")
            return
        path = file_path(self._settings.upload_dir, file_id)
        job = self._store.job(file_id)
        if job is None or job.id != file_id:
            path.unlink(missing_ok=True)
            logger.info("a file has ended before: skipped")
            return
        name = session_tag(file_id)
        tries = self._store.take(file_id, holder)
        if tries <= 0:
            logger.info("file %s: %s", name, "another worker is on it" if tries else "has ended")
            return
        began, ending = time.monotonic(), "failed"
        try:
            if tries > TRIES_MAX:
                words = f"The work on this file broke off {TRIES_MAX} times, and it was given up."
                self._store.end(job, "failed", 500, "gave_up", words)
            else:
                run = FileRun(self._settings, self._store, job, holder, self._going_on, self._stopping, self._metrics)
                ending = "done" if run.run() else "dropped"
        except NotDecodableError as problem:
            self._store.end(job, "failed", 415, "not_decodable", str(problem))
        except TooLongError as problem:
            self._store.end(job, "failed", 413, "too_long", str(problem))
        except OSError as problem:
            logger.error("file %s cannot be read: %s", name, type(problem).__name__)
            self._store.end(job, "failed", 500, "file_lost", "The uploaded file could not be read. Send it again.")
        except (RedisUnavailableError, StoppingError):
            ending = "given_back"
            self._store.give_back(file_id)
            raise
        finally:
            self._metrics.ended(ending, time.monotonic() - began)
        if self._store.job(file_id) is None:
            path.unlink(missing_ok=True)
        logger.info("file %s: over after %.1f s", name, time.monotonic() - began)
