"""Follows one file in Redis until it has ended, for a request that waits for it.

A request that follows a file marks it as wanted: some time after the last such request is gone, the work is cancelled.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import redis
from starlette.requests import Request

from contract.audio import SAMPLE_RATE_HZ
from contract.state.files import FileSegment, FileView
from fastapi_service.upload.answers.events import added_events, done_event, event, speaker_events
from fastapi_service.upload.answers.transcript import Transcript
from fastapi_service.upload.errors import UploadRefusedError, unavailable
from fastapi_service.upload.jobs import FileJobs
from fastapi_service.upload.options import UploadOptions
from runtime.redis_retry import REDIS_ERRORS

logger = logging.getLogger(__name__)

POLL_SEC = 0.25
WANT_EVERY_SEC = 2.0
KEEP_ALIVE_SEC = 10.0
PROGRESS_EVERY_SEC = 1.0
REDIS_PATIENCE_SEC = 30.0


class GoneError(Exception):
    """The client has closed its connection."""


class Follower:
    """Follows files. `leaving`: the gateway stops, and who waits is told to come again."""

    def __init__(self, jobs: FileJobs) -> None:
        self._jobs = jobs
        self.leaving = False

    async def wait(self, request: Request, file_id: str) -> tuple[FileView, list[FileSegment]]:
        """The file once it is done. Raises UploadRefusedError for one that failed, GoneError."""
        async for view, _ in self._follow(request, file_id, None):
            if view.state == "done":
                done, segments = await self._jobs.look(file_id, 0)
                if done is not None:
                    return done, segments
        raise _lost()  # its result was deleted in the moment since

    async def events(self, request: Request, file_id: str, options: UploadOptions) -> AsyncIterator[bytes]:
        """The server-sent events of one file. The first tells its id, in a field that OpenAI's clients pass over.

        No event has an `id` line: OpenAI's Python client takes every empty line after one for an event.
        """
        told: dict[str, Any] = {}
        told_at, sent_at = 0.0, time.monotonic()
        view: FileView | None = None
        yield event({"type": "transcript.text.delta", "delta": "", "id": file_id})
        try:
            transcript = Transcript(file_id, job=await self._jobs.job(file_id))
            async for view, segments in self._follow(request, file_id, 0):
                now = time.monotonic()
                news = _progress(file_id, view)
                if options.progress and news != told and (now - told_at > PROGRESS_EVERY_SEC or view.state == "done"):
                    told, told_at, sent_at = news, now, now
                    yield event(news)
                for segment in segments:
                    added = transcript.add(segment)
                    if added is not None:
                        sent_at = now
                        for body in added_events(transcript, added, options):
                            yield event(body)
                if now - sent_at > KEEP_ALIVE_SEC:
                    sent_at = now
                    yield b": keep-alive\n\n"
            if view is not None:
                transcript.turns = await self._jobs.turns(file_id)
                for body in speaker_events(transcript, options):
                    yield event(body)
                yield event(done_event(transcript, view, options))
        except UploadRefusedError as refusal:
            yield event({"type": "error", **refusal.body})
        except REDIS_ERRORS as problem:
            logger.warning("a file was not followed: %s: %s", type(problem).__name__, problem)
            yield event({"type": "error", **unavailable("Redis cannot be reached.", 1).body})
        except GoneError:
            return

    async def _follow(
        self, request: Request, file_id: str, after: int | None
    ) -> AsyncIterator[tuple[FileView, list[FileSegment]]]:
        """The state of the file, repeatedly, with its new segments; the last time it is done.

        `after`: number of the first segment to give; None gives none. Raises UploadRefusedError, GoneError.
        """
        wanted, seen = 0.0, time.monotonic()
        while True:
            if await request.is_disconnected():
                raise GoneError
            if self.leaving:
                raise unavailable("The service restarts. Send the file again.", 1)
            try:
                if time.monotonic() - wanted > WANT_EVERY_SEC:
                    await self._jobs.want(file_id)
                    wanted = time.monotonic()
                view, segments = await self._jobs.look(file_id, after)
                seen = time.monotonic()
            except (redis.RedisError, OSError):
                if time.monotonic() - seen > REDIS_PATIENCE_SEC:
                    raise
            else:
                if view is None:
                    raise _lost()
                ended = refusal_of(view)
                if ended is not None:
                    raise ended
                yield view, segments
                if view.state == "done":
                    return
                if after is not None:
                    after += len(segments)
            await asyncio.sleep(POLL_SEC)


def refusal_of(view: FileView) -> UploadRefusedError | None:
    """Why a file that has ended is not done; None for any other."""
    if view.state not in ("failed", "cancelled"):
        return None
    param = "file" if view.status in (413, 415) else None
    return UploadRefusedError(view.status or 500, view.code, view.message, param)


def far_of(view: FileView) -> dict[str, Any]:
    """How far a file is; its length is null while it is not known."""
    return {
        "done_sec": round(view.done_samples / SAMPLE_RATE_HZ, 3),
        "total_sec": round(view.total_samples / SAMPLE_RATE_HZ, 3) or None,
        "waiting": view.state == "waiting" or view.waiting,
    }


def _lost() -> UploadRefusedError:
    return UploadRefusedError(500, "file_lost", "The file was lost. Send it again.")


def _progress(file_id: str, view: FileView) -> dict[str, Any]:
    return {"type": "transcript.progress", "id": file_id, **far_of(view)}
