"""A gateway without services behind it: serves the page, speaks docs/protocol.md, keeps every byte it gets.

Each utterance "is transcribed" at once by `FakeGateway.outcome`, which tests replace. The rest (positions, resume,
numbered outcomes, takeover) behaves as the real gateway must, so that the page can be tested alone.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.base import RequestResponseEndpoint

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import utterance_id
from contract.speech.segmenter import Cut, Segmenter
from contract.websocket import CLOSE_TAKEN_OVER, SESSION_SUBPROTOCOL_PREFIX, SUBPROTOCOL
from fastapi_service.page.routes import SECURITY_HEADERS
from tests.browser.fake_files import FakeFiles
from tests.browser.fake_speakers import FakeSpeakers

STATIC = Path(__file__).parents[2] / "fastapi_service" / "static"

Message = dict[str, Any]


@dataclass
class FakeSession:
    """One session: its stream so far, and what was answered."""

    name: str
    stream: Segmenter = field(default_factory=Segmenter)
    safe: int = 0
    cuts: list[Cut] = field(default_factory=list)
    outcomes: list[Message] = field(default_factory=list)
    socket: WebSocket | None = None
    paused: bool = False  # the last frame marked a pause
    pauses: int = 0
    speakers: FakeSpeakers = field(default_factory=FakeSpeakers)

    @property
    def pcm(self) -> bytes:
        """The safe audio, from position 0."""
        return b"".join(cut.pcm for cut in self.cuts)


class FakeGateway:
    """Runs in a thread; use as a context manager."""

    def __init__(self) -> None:
        self.sessions: dict[str, FakeSession] = {}
        self.openings: list[dict[str, str]] = []  # query and offered subprotocols of each connection
        self.frames: list[bytes] = []
        self.demo = False
        self.silent = False  # accepts nothing and answers nothing after `session`
        self.refusal: tuple[list[Message], int] | None = None  # messages and close code for each new connection
        self.clips: Path | None = None
        self.worklet_fault: tuple[str, str] | None = None  # what to replace in the worklet, and by what
        self.outcome: Callable[[Cut, int], Message | None] = plain_result
        self.buffer_sec = 600.0
        self.sentence_wait_sec: float | None = None  # None: says nothing of it
        self.sentences_end_at: set[int] = set()  # which pauses end a sentence, the first is 1
        self.files: FakeFiles | None = None  # takes files
        self.speakers_refusal: int | None = None  # status of the answer to requests about speakers
        self.headers: dict[str, str] = {}  # of every response, in place of the gateway's own
        self._app = self._make_app()
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> FakeGateway:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve, on the same port each time."""
        port = int(self.url.rsplit(":", 1)[1])
        config = uvicorn.Config(
            self._app, port=port, log_level="warning", ws="websockets-sansio", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.close()
        listener.bind(("127.0.0.1", port))
        self._listener = listener
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.wait_for(lambda: self._server.started)

    def stop(self) -> None:
        """End serving; open connections are closed."""
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()

    @property
    def only(self) -> FakeSession:
        """The session, where there is one."""
        (session,) = self.sessions.values()
        return session

    def wait_for(self, condition: Callable[[], bool], timeout_sec: float = 60.0) -> None:
        """Poll until `condition` holds; AssertionError when it does not in time."""
        deadline = time.monotonic() + timeout_sec
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            time.sleep(0.02)

    def close_all(self, code: int = 1012) -> None:
        """Close every connection."""
        for session in self.sessions.values():
            if session.socket is not None:
                self._call(session.socket.close(code))

    def send(self, message: Message) -> None:
        """Send a message to the only session's connection."""
        connection = self.only.socket
        assert connection is not None
        self._call(connection.send_json(message))

    def tell(self, kind: str, **fields: object) -> None:
        """Tell the only session `turns` or `speakers`, numbered, as who asks for them gets them."""
        self.send(self.only.speakers.add(kind, **fields))

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    def _run(self) -> None:
        self._loop = asyncio.new_event_loop()
        try:
            self._loop.run_until_complete(self._server.serve(sockets=[self._listener]))
        finally:
            self._loop.close()

    def _make_app(self) -> FastAPI:
        app = FastAPI()
        app.get("/static/js/audio/worklet/capture-worklet.js")(self._worklet)
        app.mount("/static", StaticFiles(directory=STATIC))
        app.get("/")(self._index)
        app.get("/demo/clips/{name}")(self._clip)
        app.post("/v1/speakers")(self._name_speaker)
        app.post("/v1/speakers/forget")(self._forget_voices)
        app.websocket("/ws")(self._websocket)
        app.post("/v1/audio/transcriptions")(self._take_file)
        app.delete("/v1/audio/transcriptions/{name}")(self._forget_file)

        @app.middleware("http")
        async def add_policy(request: Request, call_next: RequestResponseEndpoint) -> Response:
            response = await call_next(request)
            response.headers.update(SECURITY_HEADERS | self.headers)
            return response

        return app

    async def _index(self) -> Response:
        return FileResponse(STATIC / "index.html")

    async def _worklet(self) -> Response:
        code = (STATIC / "js" / "audio" / "worklet" / "capture-worklet.js").read_text(encoding="utf-8")
        if self.worklet_fault is not None:
            assert self.worklet_fault[0] in code
            code = code.replace(*self.worklet_fault)
        return Response(code, media_type="text/javascript")

    async def _clip(self, name: str) -> Response:
        path = self.clips / name if self.clips is not None else None
        return FileResponse(path) if path is not None and path.is_file() else Response("[]", media_type="text/json")

    async def _take_file(self, request: Request) -> Response:
        return Response(status_code=404) if self.files is None else await self.files.take(request)

    async def _forget_file(self, name: str) -> Response:
        if self.files is not None:
            self.files.forgotten.append(name)
        return Response("{}", media_type="application/json")

    async def _name_speaker(self, request: Request) -> Response:
        body = await request.json()
        session = self.sessions.get(body["session"])
        if self.speakers_refusal is not None or session is None:
            return Response(status_code=self.speakers_refusal or 404)
        told = session.speakers.name(body["speaker"], body["name"])
        if session.socket is not None:
            await session.socket.send_json(told)
        return JSONResponse(told)

    async def _forget_voices(self, request: Request) -> Response:
        session = self.sessions.get((await request.json())["session"])
        if self.speakers_refusal is not None or session is None:
            return Response(status_code=self.speakers_refusal or 404)
        session.speakers.forgotten += 1
        return JSONResponse(session.speakers.told())

    async def _websocket(self, connection: WebSocket) -> None:
        offered: list[str] = connection.scope["subprotocols"]
        self.openings.append({**connection.query_params, "offered": " ".join(offered)})
        await connection.accept(subprotocol=SUBPROTOCOL)
        if self.refusal is not None:
            messages, code = self.refusal
            for message in messages:
                await connection.send_json(message)
            await connection.close(code)
            return
        session = self._session(offered)
        if session.socket is not None:
            await session.socket.close(CLOSE_TAKEN_OVER)
        session.socket = connection
        try:
            await self._greet(connection, session)
            while True:
                frame = await connection.receive_bytes()
                self.frames.append(frame)
                if not self.silent:
                    await self._take(connection, session, frame)
        except (WebSocketDisconnect, RuntimeError):
            if session.socket is connection:
                session.socket = None

    def _session(self, offered: list[str]) -> FakeSession:
        for name in offered:
            known = self.sessions.get(name.removeprefix(SESSION_SUBPROTOCOL_PREFIX))
            if known is not None:
                return known
        session = FakeSession(secrets.token_urlsafe(24))
        self.sessions[session.name] = session
        return session

    async def _greet(self, connection: WebSocket, session: FakeSession) -> None:
        if "from" in connection.query_params:
            session.stream = Segmenter(session.safe)  # what was not safe comes again
            session.paused = False
        else:
            for cut in session.stream.flush("idle"):
                self._keep(session, cut)
        waits = {} if self.sentence_wait_sec is None else {"sentence_wait_sec": self.sentence_wait_sec}
        await connection.send_json(
            {
                "type": "session",
                "session": session.name,
                "position": session.safe,
                "seq": len(session.outcomes),
                "models": {"speech": "demo" if self.demo else "fake", "sentiment": "fake", "demo": self.demo},
                "limits": {
                    "frame_bytes": 65536,
                    "utterance_sec": 15.0,
                    "idle_cut_sec": 2.0,
                    "idle_close_sec": 3600.0,
                    "buffer_sec": self.buffer_sec,
                    **waits,
                    "upload_bytes": 0 if self.files is None else self.files.upload_bytes,
                },
            }
        )
        for outcome in session.outcomes[int(connection.query_params.get("after", 0)) :]:
            await connection.send_json(outcome)
        if connection.query_params.get("speakers") == "1":
            for message in session.speakers.since(int(connection.query_params["speakers_after"])):
                await connection.send_json(message)

    def _goes_on(self, connection: WebSocket, session: FakeSession, frame: bytes) -> bool:
        """Whether `frame` is a pause in the middle of a sentence."""
        marked = bool(self.sentence_wait_sec) and connection.query_params.get("sentences") == "1"
        pause = marked and not frame and not session.paused
        session.paused = not frame
        session.pauses += pause
        return pause and session.pauses not in self.sentences_end_at

    async def _take(self, connection: WebSocket, session: FakeSession, frame: bytes) -> None:
        if self._goes_on(connection, session, frame):
            return
        for cut in session.stream.feed(frame):
            outcome = self._keep(session, cut)
            await connection.send_json(
                {
                    "type": "accepted",
                    "utterance": utterance_id(session.name, cut.start),
                    "start": cut.start,
                    "position": cut.end,
                }
            )
            if outcome is not None:
                await connection.send_json(outcome)

    def _keep(self, session: FakeSession, cut: Cut) -> Message | None:
        session.cuts.append(cut)
        session.safe = cut.end
        message = self.outcome(cut, len(session.cuts))
        if message is None:
            return None
        outcome = {
            "seq": len(session.outcomes) + 1,
            "utterance": utterance_id(session.name, cut.start),
            "start_sec": round(cut.start / SAMPLE_RATE_HZ, 3),
            "duration_sec": round((cut.end - cut.start) / SAMPLE_RATE_HZ, 3),
            "timings_ms": {"queue": 12.0, "speech": 140.0},
            **message,
        }
        session.outcomes.append(outcome)
        return outcome


def plain_result(cut: Cut, number: int) -> Message | None:
    """Every utterance as "utterance <number>"."""
    return result(f"utterance {number}")


def result(text: str, zone: str = "positive", score: float = 0.93, **more: object) -> Message:
    """The fields of a `result` that tests care about."""
    label = "NEGATIVE" if zone == "negative" else "POSITIVE"
    sentiment = {"label": label, "score": score, "scores": {label: score}, "zone": zone}
    return {
        "type": "result",
        "text": text,
        "language": "en",
        "translation": None,
        "sentiment": sentiment,
        "sentiment_reason": None,
        **more,
    }
