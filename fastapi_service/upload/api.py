"""`POST /v1/audio/transcriptions` as OpenAI's API has it, and `DELETE` of one. docs/files.md tells what is promised.

The body is streamed to disk; the file worker does the work, and this module follows it in Redis. A request that
follows a file marks it as wanted: some time after the last such request is gone, the work is cancelled.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import redis.asyncio
from celery import Celery
from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import SESSION_ID_BYTES
from contract.jobs import SESSION_PATTERN
from contract.queues import FILE_QUEUE
from contract.state.files import FileJob, FileSegment, FileView, content_digest
from fastapi_service.access.drain import DrainingResponse
from fastapi_service.settings import GatewaySettings
from fastapi_service.upload.errors import UploadRefusedError, unavailable
from fastapi_service.upload.form import OVERHEAD_BYTES, TOO_LARGE, UploadForm, boundary_of
from fastapi_service.upload.formats import CONTENT_TYPES, Transcript, event
from fastapi_service.upload.jobs import FileJobs
from fastapi_service.upload.openapi import CANCEL_ANSWERS, TRANSCRIPTION_ANSWERS, TRANSCRIPTION_BODY
from fastapi_service.upload.options import UploadOptions, read_options
from fastapi_service.upload.store import UploadStore
from runtime.redis_retry import REDIS_ERRORS
from runtime.worker.heartbeat import live_workers

logger = logging.getLogger(__name__)

PATH = "/v1/audio/transcriptions"
POLL_SEC = 0.25
WANT_EVERY_SEC = 2.0
KEEP_ALIVE_SEC = 10.0
PROGRESS_EVERY_SEC = 1.0
REDIS_PATIENCE_SEC = 30.0
ID_HEADER = "X-Transcription-Id"


class GoneError(Exception):
    """The client has closed its connection."""


class Uploads:
    """The upload API, wired."""

    def __init__(self, client: redis.asyncio.Redis, celery: Celery, settings: GatewaySettings) -> None:
        self._client = client
        self._settings = settings
        self._store = UploadStore(settings.upload_dir, settings.upload_storage_bytes, settings.uploads_max)
        self._jobs = FileJobs(client, celery, settings, self._store)
        self._leaving = False

    async def run(self) -> None:
        """Look after the files until cancelled."""
        await self._jobs.run()

    def close_all(self) -> None:
        """The gateway stops: waiting clients are told to send the file again; the work goes on meanwhile."""
        self._leaving = True

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter()

        @router.post(PATH, responses=TRANSCRIPTION_ANSWERS, openapi_extra={"requestBody": TRANSCRIPTION_BODY})
        async def transcribe(request: Request) -> Response:
            """Transcribe a file, with the sentiment of each segment."""
            return await self._transcribe(request)

        @router.delete(PATH + "/{transcription_id}", responses=CANCEL_ANSWERS)
        async def cancel(transcription_id: str) -> Response:
            """Cancel a transcription, or forget its kept result."""
            return await self._cancel(transcription_id)

        return router

    async def _transcribe(self, request: Request) -> Response:
        try:
            options, file_id = await self._take(request)
            if options.stream:
                headers = {ID_HEADER: file_id, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
                return StreamingResponse(self._events(request, file_id), 200, headers, "text/event-stream")
            transcript = Transcript(file_id)
            view, segments = await self._wait(request, file_id)
            for segment in segments:
                transcript.add(segment)
            headers = {ID_HEADER: file_id, "Cache-Control": "no-store"}
            body = transcript.answer(options, view)
            return Response(body, 200, headers, CONTENT_TYPES[options.format])
        except UploadRefusedError as refusal:
            return refusal.response() if whole(request) else DrainingResponse(refusal.response())
        except REDIS_ERRORS as problem:
            logger.warning("a file was not served: %s: %s", type(problem).__name__, problem)
            words = "The service cannot be reached in full just now."
            answer = unavailable(words).response()
            return answer if whole(request) else DrainingResponse(answer)
        except (ClientDisconnect, GoneError):
            return Response(status_code=499)  # nobody reads it

    async def _take(self, request: Request) -> tuple[UploadOptions, str]:
        """Read the request and start its work, or find the same work already started."""
        settings = self._settings
        boundary = boundary_of(request.headers.get("content-type", ""))
        length = request.headers.get("content-length", "")
        body_bytes = int(length) if re.fullmatch(r"[0-9]{1,15}", length, re.ASCII) else 0
        if body_bytes > settings.upload_max_bytes + OVERHEAD_BYTES:
            raise UploadRefusedError(413, "too_large", TOO_LARGE.format(settings.upload_max_bytes), "file")
        if not await live_workers(self._client, FILE_QUEUE):
            raise unavailable("No file worker is running.")
        await self._jobs.check_room(body_bytes)
        largest = min(body_bytes or settings.upload_max_bytes, settings.upload_max_bytes)
        with self._store.incoming(largest) as path, self._jobs.reading(body_bytes):
            form = UploadForm(boundary, path, settings.upload_max_bytes)
            await form.read(request.stream(), settings.upload_idle_sec)
            request.state.whole = True
            options = read_options(form.fields)
            if not form.has_file:
                raise UploadRefusedError(400, "no_file", "The field `file` is missing.", "file")
            if not form.size:
                raise UploadRefusedError(400, "empty_file", "The file is empty.", "file")
            job = FileJob(
                id=secrets.token_urlsafe(SESSION_ID_BYTES),
                session=secrets.token_urlsafe(SESSION_ID_BYTES),
                content=content_digest(form.sha256, options.of_the_work),
                file_bytes=form.size,
                body_bytes=body_bytes,
                language=options.language,
                hints=options.hints,
                word_times=options.word_times,
            )
            return options, await self._jobs.begin(job, path)

    async def _wait(self, request: Request, file_id: str) -> tuple[FileView, list[FileSegment]]:
        """The file once it is done. Raises UploadRefusedError for one that failed, GoneError."""
        async for view, _ in self._follow(request, file_id, None):
            if view.state == "done":
                done, segments = await self._jobs.look(file_id, 0)
                if done is not None:
                    return done, segments
        raise AssertionError("following ends in an answer")

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
            if self._leaving:
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
                    raise UploadRefusedError(500, "file_lost", "The file was lost. Send it again.")
                if view.state in ("failed", "cancelled"):
                    raise UploadRefusedError(view.status or 500, view.code, view.message, _param(view))
                yield view, segments
                if view.state == "done":
                    return
                if after is not None:
                    after += len(segments)
            await asyncio.sleep(POLL_SEC)

    async def _events(self, request: Request, file_id: str) -> AsyncIterator[bytes]:
        """The server-sent events of one file."""
        transcript = Transcript(file_id)
        told: dict[str, Any] = {}
        told_at = sent_at = 0.0
        view: FileView | None = None
        try:
            async for view, segments in self._follow(request, file_id, 0):
                now = time.monotonic()
                news = _progress(file_id, view)
                if news != told and (now - told_at > PROGRESS_EVERY_SEC or view.state == "done"):
                    told, told_at, sent_at = news, now, now
                    yield event(news)
                for segment in segments:
                    added = transcript.add(segment)
                    if added is not None:
                        sent_at = now
                        yield event({"type": "transcript.text.delta", "delta": added[1]})
                        yield event({"type": "transcript.segment", **added[0]})
                if now - sent_at > KEEP_ALIVE_SEC:
                    sent_at = now
                    yield b": keep-alive\n\n"
            if view is not None:
                yield event(transcript.done(view))
        except UploadRefusedError as refusal:
            yield event({"type": "error", **refusal.body})
        except REDIS_ERRORS as problem:
            logger.warning("a file was not followed: %s: %s", type(problem).__name__, problem)
            yield event({"type": "error", **unavailable("Redis cannot be reached.", 1).body})
        except GoneError:
            return

    async def _cancel(self, transcription_id: str) -> Response:
        known = False
        try:
            if re.fullmatch(SESSION_PATTERN, transcription_id):
                known = await self._jobs.cancel(transcription_id)
        except REDIS_ERRORS:
            return unavailable("Redis cannot be reached.").response()
        if not known:
            return UploadRefusedError(404, "not_found", "There is no such transcription.").response()
        return JSONResponse({"id": transcription_id, "object": "transcription.deleted", "deleted": True})


def whole(request: Request) -> bool:
    """Whether the request's body was read to its end."""
    return getattr(request.state, "whole", False)


def _progress(file_id: str, view: FileView) -> dict[str, Any]:
    return {
        "type": "transcript.progress",
        "id": file_id,
        "done_sec": round(view.done_samples / SAMPLE_RATE_HZ, 3),
        "total_sec": round(view.total_samples / SAMPLE_RATE_HZ, 3) or None,
        "waiting": view.state == "waiting" or view.waiting,
    }


def _param(view: FileView) -> str | None:
    return "file" if view.status in (413, 415) else None
