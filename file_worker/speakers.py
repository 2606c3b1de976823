"""Who speaks in a file: asked once all its segments are written down, and waited for, for a while.

The voices in the segments are with the speaker worker by then; it puts them together and writes the answer into the
file's hash. A file whose speakers are not told ends all the same, and says so.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import session_tag
from contract.state.files import FileJob
from file_worker.metrics import FileMetrics
from file_worker.settings import FileSettings
from file_worker.store import FileStore

logger = logging.getLogger(__name__)

WAIT_SHARE = 0.1  # of a file's length, beside FILE_SPEAKERS_WAIT_SEC
LOOK_SEC = 0.2
SEND_AGAIN_SEC = 10.0  # after the question was last sent, where it is not in the queue any more

NO_WORKER, TOO_LATE, FAILED = "no_worker", "too_late", "failed"  # the speaker worker writes down the last itself
WORDS = {
    NO_WORKER: "No speaker worker was running, so who speaks is not told.",
    TOO_LATE: "Who speaks was not found out in time.",
}


def find_speakers(
    settings: FileSettings,
    store: FileStore,
    job: FileJob,
    samples: int,
    is_going_on: Callable[[], bool],
    metrics: FileMetrics,
) -> bool:
    """Have it found out who speaks in a file of so many `samples`; what prevents it is written down.

    `is_going_on` is called again and again; False where it says so. What it raises comes through, and
    RedisUnavailableError. Another worker that begins the file again asks again, which is harmless.
    """
    if not job.speakers or store.knows_speakers(job.id) or not store.heard_somebody(job.id):
        return True
    patience_sec = settings.file_speakers_wait_sec + WAIT_SHARE * samples / SAMPLE_RATE_HZ
    began, sent = time.monotonic(), float("-inf")
    while is_going_on():
        now = time.monotonic()
        if store.knows_speakers(job.id):
            return True
        if store.lacks_speakers(job.id):
            logger.warning("file %s: the speaker worker could not tell who speaks", session_tag(job.id))
            metrics.without_speakers(FAILED)
            return True
        if sent < began and not (settings.speakers_enabled and store.speaker_worker_lives()):
            return _without(store, job, NO_WORKER, metrics)
        if now - began >= patience_sec:
            return _without(store, job, TOO_LATE, metrics)
        if now - sent >= SEND_AGAIN_SEC and (sent < began or not store.speakers_wait()):
            store.send_speakers(job)
            sent = now
        time.sleep(LOOK_SEC)
    return False


def _without(store: FileStore, job: FileJob, reason: str, metrics: FileMetrics) -> bool:
    logger.warning("file %s: %s", session_tag(job.id), WORDS[reason])
    store.tell(job.id, no_speakers=WORDS[reason])
    metrics.without_speakers(reason)
    return True
