"""Uploaded files in Redis as the gateway sees them: begun, wanted, followed, cancelled, and looked after."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import redis.asyncio
from celery import Celery
from pydantic import ValidationError

from contract.ids import session_tag
from contract.jobs import now_ms
from contract.keys import (
    FILES_KEY,
    KEPT_FILES_KEY,
    file_content_key,
    file_key,
    file_segments_key,
    file_voices_key,
    file_wanted_key,
    session_outcomes_key,
)
from contract.queues import FILE_QUEUE, TRANSCRIBE_FILE_TASK
from contract.state.files import (
    ACTIVE,
    VIEW_FIELDS,
    Call,
    FileJob,
    FileSegment,
    FileSpeakers,
    FileTurn,
    FileView,
    begin_call,
    end_call,
    file_path,
    note_call,
    view_of,
)
from fastapi_service.settings import GatewaySettings
from fastapi_service.upload.errors import RETRY_SEC, UploadRefusedError
from fastapi_service.upload.store import UploadStore
from runtime.broker.app import SEND_RETRIES
from runtime.redis_client import end_if_cancelled
from runtime.redis_retry import REDIS_ERRORS

logger = logging.getLogger(__name__)

LOOK_EVERY_SEC = 2.0
SWEEP_EVERY_SEC = 60.0
BACKGROUND = "background"  # the field of a file's hash
RESULTS_MAX = 50  # results of files that are kept; the oldest go first, so that they never fill Redis


class FileJobs:
    """Raises redis.RedisError when Redis cannot be reached, one of REDIS_ERRORS when the queue cannot."""

    def __init__(
        self, client: redis.asyncio.Redis, celery: Celery, settings: GatewaySettings, store: UploadStore
    ) -> None:
        self._client = client
        self._celery = celery
        self._settings = settings
        self._store = store
        self._reading: Counter[int] = Counter()  # lengths of the bodies that are being read
        self._sent: dict[str, float] = {}  # when this process last sent a file's task
        self._swept = 0.0

    @contextmanager
    def reading(self, body_bytes: int) -> Iterator[None]:
        """Mark a body of this length as being read: it may be the same file again."""
        self._reading[body_bytes] += 1
        try:
            yield
        finally:
            self._reading[body_bytes] -= 1
            if not self._reading[body_bytes]:
                del self._reading[body_bytes]

    async def check_room(self, body_bytes: int) -> None:
        """Raise UploadRefusedError when there is no room for another file. One that may be a repetition is let in."""
        known = await self._active()
        if len(known) >= self._settings.uploads_max and not any(
            job is not None and job.body_bytes == body_bytes > 0 for job in known.values()
        ):
            raise self._full()

    async def begin(self, job: FileJob, incoming: Path) -> str:
        """Begin the work on the file at `incoming`, or find the same one in work or done; returns its id.

        Raises UploadRefusedError when no place is free.
        """
        settings = self._settings
        answer: Any = await self._eval(
            begin_call(job, settings.uploads_max, settings.upload_result_ttl_sec, settings.upload_linger_sec)
        )
        if not answer:
            raise self._full()
        file_id = str(answer[0].decode())
        is_new = bool(answer[1])
        if is_new:
            try:
                self._store.keep(incoming, file_path(settings.upload_dir, file_id))
                await self._send(file_id)
            except BaseException:
                await self.cancel(file_id)
                raise
        logger.info("file %s: %s, %d bytes", session_tag(file_id), "taken" if is_new else "came again", job.file_bytes)
        return file_id

    async def want(self, file_id: str, job: FileJob | None = None) -> None:
        """A request still waits for the file: keep it for another `upload_linger_sec`."""
        ttl_sec = self._settings.upload_result_ttl_sec
        pipe = self._client.pipeline(transaction=False)
        pipe.set(file_wanted_key(file_id), "1", ex=self._settings.upload_linger_sec)
        for key in [file_key(file_id), file_segments_key(file_id)]:
            pipe.expire(key, ttl_sec)
        if job is not None:
            pipe.expire(file_content_key(job.content), ttl_sec)
        await pipe.execute()

    async def keep(self, file_id: str) -> None:
        """Nobody waits for the file, and the work goes on all the same."""
        await self._eval(note_call(file_id, {BACKGROUND: "1"}, self._settings.upload_result_ttl_sec))

    async def look(self, file_id: str, after: int | None = None) -> tuple[FileView | None, list[FileSegment]]:
        """How the file stands, and its segments from number `after` on; None: no segments."""
        pipe = self._client.pipeline(transaction=True)
        pipe.hmget(file_key(file_id), *VIEW_FIELDS)
        if after is not None:
            pipe.lrange(file_segments_key(file_id), after, -1)
        values, *more = await pipe.execute()
        return view_of(values), [FileSegment.model_validate_json(raw) for raw in (more[0] if more else [])]

    async def turns(self, file_id: str) -> list[FileTurn]:
        """Who speaks in the file, in order; none while or where that is not known."""
        raw = await self._client.hget(file_key(file_id), "speakers")
        try:
            return [] if raw is None else FileSpeakers.model_validate_json(raw).turns
        except ValidationError:
            logger.error("file %s: who speaks in it cannot be understood", session_tag(file_id))
            return []

    async def cancel(self, file_id: str) -> bool:
        """End a file, or forget its result; False when there is none of this id."""
        job = await self.job(file_id)
        if job is None:
            return False
        if await self._eval(end_call(job, "cancelled", self._settings.upload_result_ttl_sec, 409, "cancelled", GONE)):
            logger.info("file %s: cancelled", session_tag(file_id))
        else:
            await self._forget(job)
        keys = [key(one) for key in (session_outcomes_key, file_voices_key) for one in job.all_sessions]
        await self._client.delete(*keys)
        file_path(self._settings.upload_dir, file_id).unlink(missing_ok=True)
        return True

    async def run(self) -> None:
        """Look after the files until cancelled: cancel what nobody waits for, send again what was lost, sweep."""
        while True:
            try:
                await self._look_after()
            except (*REDIS_ERRORS, ValueError) as problem:
                logger.warning("uploaded files not looked after: %s: %s", type(problem).__name__, problem)
            end_if_cancelled()
            await asyncio.sleep(LOOK_EVERY_SEC)

    async def _look_after(self) -> None:
        settings = self._settings
        sent_before = set(self._sent)  # a file that is begun while this looks is in none of the lists below
        active = await self._active()
        for file_id, job in active.items():
            if job is None:
                await self._client.zrem(FILES_KEY, file_id)
            elif not await self._client.exists(file_wanted_key(file_id)):
                if self._reading[job.body_bytes] or await self._client.hexists(file_key(file_id), BACKGROUND):
                    await self.want(file_id, job)
                else:
                    await self.cancel(file_id)
            else:
                await self._client.expire(file_content_key(job.content), settings.upload_result_ttl_sec)
                await self._send_if_lost(file_id)
        for file_id in sent_before - active.keys():  # ended, perhaps by another gateway
            del self._sent[file_id]
            file_path(settings.upload_dir, file_id).unlink(missing_ok=True)
        pipe = self._client.pipeline(transaction=False)
        pipe.expire(FILES_KEY, settings.upload_result_ttl_sec)
        pipe.zremrangebyscore(KEPT_FILES_KEY, "-inf", now_ms() - 1000 * settings.upload_result_ttl_sec)
        pipe.zcard(KEPT_FILES_KEY)
        *_, kept = await pipe.execute()
        if kept > RESULTS_MAX:
            for raw in await self._ids(KEPT_FILES_KEY, kept - RESULTS_MAX - 1):
                old = await self.job(raw)
                await self._client.zrem(KEPT_FILES_KEY, raw)
                if old is not None:
                    await self._forget(old)
        if time.monotonic() - self._swept > SWEEP_EVERY_SEC or not self._swept:
            self._swept = time.monotonic()
            wanted = {file_path(settings.upload_dir, file_id) for file_id in active}
            await asyncio.to_thread(self._store.sweep, wanted)

    async def _send_if_lost(self, file_id: str) -> None:
        """Send the task again when no worker has reported for long and no task waits. Sending twice is harmless."""
        view, _ = await self.look(file_id)
        patience_sec = max(self._settings.resend_after_sec, 1.5 * self._settings.visibility_timeout_sec)
        if view is None or view.state not in ACTIVE or now_ms() - view.touched_ms < 1000 * patience_sec:
            return
        if time.monotonic() - self._sent.get(file_id, 0.0) < patience_sec or await self._client.llen(FILE_QUEUE):
            return
        logger.warning("file %s: nobody works on it; its task is sent again", session_tag(file_id))
        await self._send(file_id)

    async def _send(self, file_id: str) -> None:
        self._sent[file_id] = time.monotonic()
        await asyncio.to_thread(
            self._celery.send_task,
            TRANSCRIBE_FILE_TASK,
            args=[file_id],
            queue=FILE_QUEUE,
            argsrepr="(file)",
            kwargsrepr="{}",
            ignore_result=True,
            retry=True,
            retry_policy=SEND_RETRIES,
        )

    async def _active(self) -> dict[str, FileJob | None]:
        return {file_id: await self.job(file_id) for file_id in await self._ids(FILES_KEY, -1)}

    async def _ids(self, key: str, last: int) -> list[str]:
        found = cast(list[bytes], await self._client.zrange(key, 0, last))
        return [raw.decode() for raw in found]

    async def job(self, file_id: str) -> FileJob | None:
        """What was asked of the file; None where it is gone."""
        raw = await self._client.hget(file_key(file_id), "job")
        try:
            return None if raw is None else FileJob.model_validate_json(raw)
        except ValidationError:
            return None

    async def _forget(self, job: FileJob) -> None:
        keys = [file_key(job.id), file_segments_key(job.id), file_wanted_key(job.id), file_content_key(job.content)]
        await self._client.delete(*keys)
        await self._client.zrem(KEPT_FILES_KEY, job.id)

    async def _eval(self, call: Call) -> Any:
        script, keys, arguments = call
        return await self._client.eval(script, len(keys), *keys, *arguments)

    def _full(self) -> UploadRefusedError:
        words = f"{self._settings.uploads_max} files wait or are in work already."
        return UploadRefusedError(429, "uploads_full", words, retry_sec=RETRY_SEC)


GONE = "The work on this file was cancelled."
