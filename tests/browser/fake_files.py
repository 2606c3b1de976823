"""The upload API without a worker behind it: a test says what each file is answered, event by event."""

from __future__ import annotations

import asyncio
import hashlib
import json
import queue
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

Event = dict[str, Any]
CUT = b""  # the connection breaks


@dataclass
class Upload:
    """One request. `tell` sends events to it; after `CUT` or the last event it is over."""

    name: str
    fields: dict[str, str]
    content: bytes
    id: str
    gone: bool = False
    _told: queue.SimpleQueue[bytes | None] = field(default_factory=queue.SimpleQueue)

    def tell(self, *events: Event | bytes) -> None:
        """Send events, or bytes as they are."""
        for event in events:
            self._told.put(event if isinstance(event, bytes) else f"data: {json.dumps(event)}\n\n".encode())

    def end(self) -> None:
        """The stream ends."""
        self._told.put(None)

    async def stream(self, request: Request) -> AsyncIterator[bytes]:
        """What is told, until the page has gone."""
        try:
            while not await request.is_disconnected():
                try:
                    told = self._told.get_nowait()
                except queue.Empty:
                    await asyncio.sleep(0.02)
                    continue
                if told is None:
                    return
                if told == CUT:
                    raise ConnectionResetError
                yield told
        finally:
            self.gone = True


class FakeFiles:
    """All uploads so far. The same content has the same id as long as `salt` stays.

    `refusals` answer the next requests instead: status, code, and Retry-After in seconds.
    """

    def __init__(self) -> None:
        self.upload_bytes = 200 * 1024 * 1024
        self.uploads: list[Upload] = []
        self.refusals: list[tuple[int, str, int | None]] = []
        self.forgotten: list[str] = []
        self.salt = b""

    async def take(self, request: Request) -> Response:
        """Answer one request."""
        async with request.form() as form:
            file: Any = form["file"]
            fields = {name: str(value) for name, value in form.items() if name != "file"}
            content = await file.read()
        if self.refusals:
            status, code, retry_sec = self.refusals.pop(0)
            headers = {} if retry_sec is None else {"Retry-After": str(retry_sec)}
            error = {"message": f"refused: {code}", "type": "x", "param": None, "code": code}
            return JSONResponse({"error": error}, status, headers)
        upload = Upload(str(file.filename), fields, content, hashlib.sha256(self.salt + content).hexdigest())
        self.uploads.append(upload)
        headers = {"X-Transcription-Id": upload.id}
        return StreamingResponse(upload.stream(request), 200, headers, "text/event-stream")


def progress(done_sec: float, total_sec: float | None = 60.0, waiting: bool = False) -> Event:
    """How far it is."""
    return {"type": "transcript.progress", "done_sec": done_sec, "total_sec": total_sec, "waiting": waiting}


def segment(number: int, text: str, zone: str | None = "positive", **more: object) -> Event:
    """A segment of two seconds, every three."""
    sentiment = None if zone is None else {"label": zone.upper(), "score": 0.93, "scores": {}, "zone": zone}
    return {
        "type": "transcript.text.segment",
        "id": str(number),
        "seek": 300 * number,
        "start": 3.0 * number + 0.5,
        "end": 3.0 * number + 2.5,
        "text": f" {text}",
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": 0.0,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.0,
        "language": "en",
        "translation": None,
        "sentiment": sentiment,
        "sentiment_reason": None,
        **more,
    }


def who(number: int, *turns: tuple[int | None, int, int]) -> Event:
    """Who spoke the segment of that number: speaker, first character and the one after the last of each turn."""
    start = 3.0 * number + 0.5
    length = max(end for _, _, end in turns)
    told = [
        {
            "speaker": speaker,
            "start": start + 2.0 * first / length,
            "end": start + 2.0 * end / length,
            "first_char": first,
            "end_char": end,
        }
        for speaker, first, end in turns
    ]
    return {"type": "transcript.segment.turns", "id": str(number), "start": start, "turns": told}


def done(duration_sec: float = 60.0, failed: tuple[Event, ...] = (), warnings: tuple[Event, ...] = ()) -> Event:
    """The last event."""
    return {
        "type": "transcript.text.done",
        "text": "all of it",
        "duration": duration_sec,
        "language": "en",
        "failed_segments": list(failed),
        "warnings": list(warnings),
    }
