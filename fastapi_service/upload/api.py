"""`/v1/audio/transcriptions` and `/v1/audio/translations` as OpenAI's API has them, and what becomes of a file by its
id. docs/files.md tells what is promised.

The body is streamed to disk; the file worker does the work, which is the same for both, and a request follows it in
Redis (upload.following), or comes back for it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable

import redis.asyncio
from celery import Celery
from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from contract.ids import SESSION_ID_BYTES
from contract.jobs import SESSION_PATTERN
from contract.queues import FILE_QUEUE
from contract.state.files import ACTIVE, FileJob, FileSegment, FileView, content_digest
from fastapi_service.access.drain import DrainingResponse
from fastapi_service.settings import GatewaySettings
from fastapi_service.upload.answers.formats import CONTENT_TYPES, answer
from fastapi_service.upload.answers.transcript import Transcript
from fastapi_service.upload.answers.verbose import verbose, warnings_of
from fastapi_service.upload.errors import UploadRefusedError, unavailable
from fastapi_service.upload.following import Follower, GoneError, refusal_of
from fastapi_service.upload.form import OVERHEAD_BYTES, TOO_LARGE, UploadForm, boundary_of
from fastapi_service.upload.jobs import FileJobs
from fastapi_service.upload.openapi import CANCEL, TELL, TRANSCRIBE, TRANSLATE
from fastapi_service.upload.options import Task, UploadOptions, read_options
from fastapi_service.upload.states import state_json
from fastapi_service.upload.store import UploadStore
from runtime.redis_retry import REDIS_ERRORS
from runtime.worker.heartbeat import live_workers

logger = logging.getLogger(__name__)

PATHS: dict[Task, str] = {"transcribe": "/v1/audio/transcriptions", "translate": "/v1/audio/translations"}
ID_HEADER = "X-Transcription-Id"
ASK_AGAIN_SEC = 2  # who asks for the state need not ask more often
SPEAKERS_NOT_ASKED = "It was not asked who speaks when this file came, so diarized_json cannot be given of it."
ASKED = ("response_format", "timestamp_granularities[]", "timestamp_granularities", "stream", "progress")


class Uploads:
    """The upload API, wired."""

    def __init__(self, client: redis.asyncio.Redis, celery: Celery, settings: GatewaySettings) -> None:
        self._client = client
        self._settings = settings
        self._store = UploadStore(settings.upload_dir, settings.upload_storage_bytes, settings.uploads_max)
        self._jobs = FileJobs(client, celery, settings, self._store)
        self._follower = Follower(self._jobs)

    async def run(self) -> None:
        """Look after the files until cancelled."""
        await self._jobs.run()

    def close_all(self) -> None:
        """The gateway stops: waiting clients are told to send the file again; the work goes on meanwhile."""
        self._follower.leaving = True

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter()

        @router.post(PATHS["transcribe"], **TRANSCRIBE)
        async def transcribe(request: Request) -> Response:
            """Transcribe a file, with the sentiment of each segment."""
            return await _served(request, lambda: self._take(request, "transcribe"))

        @router.post(PATHS["translate"], **TRANSLATE)
        async def translate(request: Request) -> Response:
            """Transcribe a file in English, whatever is spoken in it."""
            return await _served(request, lambda: self._take(request, "translate"))

        @router.get(PATHS["transcribe"] + "/{transcription_id}", **TELL)
        async def tell(request: Request, transcription_id: str) -> Response:
            """How far a transcription is, and its result once it is done; with `response_format` the result alone."""
            return await _served(request, lambda: self._tell(request, transcription_id, "transcribe"))

        @router.get(PATHS["translate"] + "/{transcription_id}", **TELL)
        async def tell_in_english(request: Request, transcription_id: str) -> Response:
            """The same in English."""
            return await _served(request, lambda: self._tell(request, transcription_id, "translate"))

        @router.delete(PATHS["transcribe"] + "/{transcription_id}", **CANCEL)
        @router.delete(PATHS["translate"] + "/{transcription_id}", **CANCEL)
        async def cancel(request: Request, transcription_id: str) -> Response:
            """Cancel a transcription, or forget its kept result."""
            return await _served(request, lambda: self._cancel(transcription_id))

        return router

    async def _take(self, request: Request, task: Task) -> Response:
        """Take a file, and answer as it asks for: with the result, with events, or at once."""
        options, file_id = await self._begin(request, task)
        if options.background:
            await self._jobs.keep(file_id)
            return await self._state(request, file_id, task, options, 202)
        if options.stream:
            return self._stream(request, file_id, options)
        return await self._answer(file_id, *await self._follower.wait(request, file_id), options, task)

    def _stream(self, request: Request, file_id: str, options: UploadOptions) -> Response:
        headers = {**_headers(file_id), "X-Accel-Buffering": "no"}
        return StreamingResponse(self._follower.events(request, file_id, options), 200, headers, "text/event-stream")

    async def _begin(self, request: Request, task: Task) -> tuple[UploadOptions, str]:
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
            options = read_options(form.fields, task)
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
                speakers=options.speakers,
            )
            return options, await self._jobs.begin(job, path)

    async def _tell(self, request: Request, file_id: str, task: Task) -> Response:
        query = request.query_params
        options = read_options({name: query.getlist(name) for name in query if name in ASKED}, task)
        view = (await self._jobs.look(file_id))[0] if re.fullmatch(SESSION_PATTERN, file_id) else None
        if view is None:
            raise _not_found()
        if view.state in ACTIVE:
            await self._jobs.want(file_id)
        if options.speakers:  # by the format
            job = await self._jobs.job(file_id)
            if job is not None and not job.speakers:
                raise UploadRefusedError(400, "speakers_not_asked", SPEAKERS_NOT_ASKED, "response_format")
        if options.stream:
            return self._stream(request, file_id, options)
        if "response_format" not in query or view.state in ACTIVE:
            return await self._state(request, file_id, task, options, 202 if "response_format" in query else 200)
        refusal = refusal_of(view)
        if refusal is not None:
            raise refusal
        done, segments = await self._jobs.look(file_id, 0)
        if done is None:
            raise _not_found()
        return await self._answer(file_id, done, segments, options, task)

    async def _state(
        self, request: Request, file_id: str, task: Task, options: UploadOptions, status_in_work: int
    ) -> Response:
        """The state as JSON, with the result of one that is done and why one failed."""
        view, segments = await self._jobs.look(file_id, 0)
        if view is None:
            raise _not_found()
        headers = _headers(file_id)
        if view.state in ACTIVE:
            headers["Location"] = f"{request.scope.get('root_path', '')}{PATHS[task]}/{file_id}"
            headers["Retry-After"] = str(ASK_AGAIN_SEC)
            return JSONResponse(state_json(file_id, view, task), status_in_work, headers)
        result, refusal = None, refusal_of(view)
        if refusal is None:
            try:
                transcript = await self._transcript(file_id, segments, task)
                result = verbose(transcript, view, options.words, warnings_of(transcript, view, options.known_speakers))
            except UploadRefusedError as untranslated:
                refusal = untranslated
        return JSONResponse(state_json(file_id, view, task, result, refusal), 200, headers)

    async def _transcript(self, file_id: str, segments: list[FileSegment], task: Task) -> Transcript:
        """Raises UploadRefusedError where English was asked for and the model has none."""
        transcript = Transcript(file_id, task, await self._jobs.job(file_id))
        for segment in segments:
            transcript.add(segment)
        if transcript.untranslated is not None:
            raise UploadRefusedError(400, "cannot_translate", transcript.untranslated, "model")
        if transcript.speakers:
            transcript.turns = await self._jobs.turns(file_id)
        return transcript

    async def _answer(
        self, file_id: str, view: FileView, segments: list[FileSegment], options: UploadOptions, task: Task
    ) -> Response:
        transcript = await self._transcript(file_id, segments, task)
        # The subtitles of four hours take a second.
        body = await asyncio.to_thread(answer, transcript, options, view)
        return Response(body, 200, _headers(file_id), CONTENT_TYPES[options.format])

    async def _cancel(self, file_id: str) -> Response:
        if not re.fullmatch(SESSION_PATTERN, file_id) or not await self._jobs.cancel(file_id):
            raise _not_found()
        return JSONResponse({"id": file_id, "object": "transcription.deleted", "deleted": True})


async def _served(request: Request, serve: Callable[[], Awaitable[Response]]) -> Response:
    """What `serve` answers, or the refusal that it raises."""
    try:
        return await serve()
    except UploadRefusedError as refusal:
        refused = refusal.response()
    except REDIS_ERRORS as problem:
        logger.warning("a file was not served: %s: %s", type(problem).__name__, problem)
        refused = unavailable("The service cannot be reached in full just now.").response()
    except (ClientDisconnect, GoneError):
        return Response(status_code=499)  # nobody reads it
    return refused if request.method != "POST" or whole(request) else DrainingResponse(refused)


def whole(request: Request) -> bool:
    """Whether the request's body was read to its end."""
    return getattr(request.state, "whole", False)


def _not_found() -> UploadRefusedError:
    return UploadRefusedError(404, "not_found", "There is no such transcription, or no longer.")


def _headers(file_id: str) -> dict[str, str]:
    return {ID_HEADER: file_id, "Cache-Control": "no-store"}
