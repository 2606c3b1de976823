"""The file worker's calls to Redis, retried for a while when it cannot be reached."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import redis
from celery import Celery
from pydantic import ValidationError

from contract.events import OutcomeEvent
from contract.jobs import FileSpeakersJob, UtteranceJob, now_ms
from contract.keys import (
    done_key,
    file_key,
    file_segments_key,
    file_voices_key,
    session_outcomes_key,
    workers_key,
)
from contract.messages import Result
from contract.queues import SPEAKER_QUEUE, STT_QUEUE
from contract.state.files import (
    ACTIVE,
    Call,
    FileJob,
    FileSegment,
    FileState,
    append_call,
    end_call,
    may_send_call,
    note_call,
    take_call,
)
from file_worker.segments import Segment
from file_worker.settings import FileSettings
from runtime.broker.app import send_file_speakers, send_utterance
from runtime.redis_retry import REDIS_ERRORS, RedisRetry
from runtime.worker.heartbeat import WorkerInfo, alive, seen_lately

logger = logging.getLogger(__name__)

STALE_SEC = 120.0  # a segment without outcome for so long does not count as outstanding any more
LIVE_SEC = 20.0  # after live speech, segments are sent one by one
PAGE = 500
NO_PLACE = (-1, 0)  # before that of any segment
REDIS_PATIENCE_SEC = 20.0  # trouble with Redis is waited out so long before the file goes back to the queue

T = TypeVar("T")


def live(workers: Iterable[WorkerInfo]) -> bool:
    """Whether `workers` have had live speech lately."""
    return any(time.time() - one.live_at < LIVE_SEC for one in workers)


class FileStore:
    """One worker's view of files, segments and the speech queue. Methods raise RedisUnavailableError."""

    def __init__(self, client: redis.Redis, celery: Celery, settings: FileSettings) -> None:
        self.client = client
        self._celery = celery
        self._settings = settings
        self._retry = RedisRetry(REDIS_PATIENCE_SEC)

    def job(self, file_id: str) -> FileJob | None:
        """The file's job while it is to be done; None when it has ended, is gone or cannot be understood."""
        raw, state = self._patiently(lambda: cast(Any, self.client.hmget(file_key(file_id), "job", "state")))
        if raw is None or (state or b"").decode() not in ACTIVE:
            return None
        try:
            return FileJob.model_validate_json(raw)
        except ValidationError:
            logger.error("a file's job in Redis cannot be understood")
            return None

    def take(self, file_id: str, holder: str) -> int:
        """See contract.state.files.take_call."""
        settings = self._settings
        return self._number(take_call(file_id, holder, settings.upload_result_ttl_sec, settings.visibility_timeout_sec))

    def give_back(self, file_id: str) -> None:
        """Let another worker take it at once, and do not count this try. Errors are only logged."""
        try:
            if self.client.exists(file_key(file_id)):
                self.client.hincrby(file_key(file_id), "tries", -1)
                self.client.hdel(file_key(file_id), "holder")
        except REDIS_ERRORS as problem:
            logger.warning("a file was not given back: %s", type(problem).__name__)

    def is_ours(self, file_id: str, holder: str) -> bool:
        """Whether the file is still to be done, and by this worker."""
        state, held_by = self._patiently(lambda: cast(Any, self.client.hmget(file_key(file_id), "state", "holder")))
        return bool(state == b"working" and held_by == holder.encode())

    def language(self, file_id: str) -> str | None:
        """The file's language, if a worker has found it."""
        raw = self._patiently(lambda: cast(Any, self.client.hget(file_key(file_id), "language")))
        return None if raw is None else raw.decode()

    def tell(self, file_id: str, **fields: float | str) -> None:
        """Write down progress: `total` samples, `holds_back` (0 or 1), `language`, `channels`, what is missing,
        `no_speakers`."""
        self._number(note_call(file_id, fields, self._settings.upload_result_ttl_sec))

    def touch(self, file_id: str) -> None:
        """A worker is still on the file. Raises redis.RedisError: it is done again soon."""
        self._eval(note_call(file_id, {"touched": str(int(now_ms()))}, self._settings.upload_result_ttl_sec))

    def channels(self, file_id: str) -> tuple[float, ...] | None:
        """What a worker has found out about the file's channels (file_worker.media.channels), if one has."""
        raw = self._patiently(lambda: cast(Any, self.client.hget(file_key(file_id), "channels")))
        return None if raw is None else tuple(float(level) for level in raw.decode().split(",") if level)

    def finished(self, file_id: str) -> tuple[int, tuple[int, int]]:
        """How many segments are written down, and the place of the last of them."""

        def look() -> tuple[int, tuple[int, int]]:
            key = file_segments_key(file_id)
            count, last = cast(Any, self.client.llen(key)), cast(Any, self.client.lindex(key, -1))
            return count, NO_PLACE if last is None else FileSegment.model_validate_json(last).place

        return self._patiently(look)

    def append(self, file_id: str, holder: str, number: int, segment: FileSegment) -> bool:
        """See contract.state.files.append_call."""
        ttl_sec = self._settings.upload_result_ttl_sec
        return bool(self._number(append_call(file_id, holder, number, segment, ttl_sec)))

    def end(
        self, job: FileJob, state: FileState, status: int = 0, code: str = "", message: str = "", total: int = 0
    ) -> None:
        """End the file, and forget its sessions' outcomes, which are in its segments, and the voices in it."""
        ttl_sec = self._settings.upload_result_ttl_sec
        self._number(end_call(job, state, ttl_sec, status, code, message, total))
        keys = [key(session) for key in (session_outcomes_key, file_voices_key) for session in job.all_sessions]
        self._patiently(lambda: self.client.delete(*keys))

    def may_send(self, session: str, start: int, together: bool) -> bool:
        """Whether a segment may be sent now; takes a place for it. `together`: as many as go through the model at once,
        and as many again that wait meanwhile, unless somebody speaks live."""

        def ask() -> bool:
            heartbeats = cast(dict[bytes, bytes], self.client.hgetall(workers_key(STT_QUEUE))).values()
            workers = alive(heartbeats)
            at_once = self._settings.file_segments_together if together and not live(workers) else 1
            outstanding, waiting = (2 * at_once, at_once - 1) if at_once > 1 else (1, 0)
            places = len(workers) * outstanding, len(workers) * waiting
            return bool(workers) and bool(self._eval(may_send_call(done_key(session, start), *places, STALE_SEC)))

        return self._patiently(ask)

    def send(self, job: UtteranceJob, segment: Segment) -> None:
        """Queue a segment as the utterance that it is."""
        job.stamp("dispatch")
        self._patiently(lambda: send_utterance(self._celery, segment.pcm, job, retry=False))

    def knows_speakers(self, file_id: str) -> bool:
        """Whether it is written down who speaks in the file."""
        return bool(self._patiently(lambda: self.client.hexists(file_key(file_id), "speakers")))

    def lacks_speakers(self, file_id: str) -> bool:
        """Whether it is written down that nobody will tell who speaks in the file."""
        return bool(self._patiently(lambda: self.client.hexists(file_key(file_id), "no_speakers")))

    def heard_somebody(self, file_id: str) -> bool:
        """Whether words were heard in a segment whose speaker is not told by its channel."""
        begin = 0
        while page := self._segments(file_id, begin):
            if any(isinstance(one.outcome, Result) and one.channel is None for one in page):
                return True
            begin += len(page)
        return False

    def _segments(self, file_id: str, begin: int) -> list[FileSegment]:
        key = file_segments_key(file_id)
        page = self._patiently(lambda: cast(list[bytes], self.client.lrange(key, begin, begin + PAGE - 1)))
        return [FileSegment.model_validate_json(raw) for raw in page]

    def speaker_worker_lives(self) -> bool:
        """Whether anybody can tell who speaks, or could a minute ago and was killed."""

        def look() -> bool:
            heartbeats = cast(dict[bytes, bytes], self.client.hgetall(workers_key(SPEAKER_QUEUE))).values()
            return any(worker.model for worker in seen_lately(heartbeats))  # one that is off has none

        return self._patiently(look)

    def speakers_wait(self) -> bool:
        """Whether anything is in the queue of the speaker workers."""
        return bool(self._patiently(lambda: self.client.llen(SPEAKER_QUEUE)))

    def send_speakers(self, job: FileJob) -> None:
        """Ask who speaks in the whole file."""
        asked = FileSpeakersJob(session=job.session, file=job.id, again_session=job.again_session)
        self._patiently(lambda: send_file_speakers(self._celery, asked))

    def has_ended(self, session: str, start: int) -> bool:
        """Whether the utterance has its outcome."""
        return bool(self._patiently(lambda: self.client.exists(done_key(session, start))))

    def speech_waits(self) -> bool:
        """Whether anything is in the speech queue."""
        return bool(self._patiently(lambda: self.client.llen(STT_QUEUE)))

    def outcomes(self, after: dict[str, str], wait_ms: int = 0) -> list[OutcomeEvent]:
        """The next outcomes of sessions, each with the last entry that was read, which moves on; waits up to `wait_ms`
        for the first one."""
        sessions = {session_outcomes_key(session).encode(): session for session in after}
        places: Any = {session_outcomes_key(session): entry for session, entry in after.items()}
        answer = self._patiently(
            lambda: cast(Any, self.client.xread(places, count=PAGE, block=wait_ms if wait_ms else None))
        )
        if isinstance(answer, dict):
            answer = [(key, [entry for page in pages for entry in page]) for key, pages in answer.items()]
        found = []
        for key, entries in answer or []:
            for entry_id, fields in entries:
                after[sessions[key]] = entry_id.decode()
                try:
                    found.append(OutcomeEvent.model_validate_json(fields[b"event"]))
                except (ValidationError, KeyError):
                    logger.error("an outcome in Redis cannot be understood")
        return found

    def _number(self, call: Call) -> int:
        return self._patiently(lambda: self._eval(call))

    def _eval(self, call: Call) -> int:
        script, keys, arguments = call
        return int(cast(int, self.client.eval(script, len(keys), *keys, *arguments)))

    def _patiently(self, call: Callable[[], T]) -> T:
        return self._retry.call(call, "a file")
