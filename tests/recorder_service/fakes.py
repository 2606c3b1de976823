"""Stand-ins for what the recorder talks to: a server of docs/protocol.md in this process, and speech to send."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import utterance_id
from contract.messages import (
    Accepted,
    Busy,
    Error,
    Limits,
    Message,
    Models,
    Result,
    Session,
)
from contract.speech.segmenter import Cut, Segmenter
from contract.websocket import SESSION_SUBPROTOCOL_PREFIX, SUBPROTOCOL

TIME_LIMIT_SEC = 60.0
LIMITS = Limits(frame_bytes=65536, utterance_sec=15.0, idle_cut_sec=2.0, idle_close_sec=3600.0, buffer_sec=600.0)


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Run an async test with a deadline."""

    async def limited() -> None:
        async with asyncio.timeout(TIME_LIMIT_SEC):
            await story()

    asyncio.run(limited())


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; `run` has the deadline."""
    while not condition():  # noqa: ASYNC110 - what is waited for is the state of a fake, a thread or a process
        await asyncio.sleep(0.01)


@dataclass
class FakeSession:
    """What the server keeps of a session: safe position, numbered outcomes, audio of the accepted utterances."""

    name: str
    position: int = 0
    outcomes: list[Result] = field(default_factory=list)
    accepted: dict[int, bytes] = field(default_factory=dict)

    @property
    def audio(self) -> bytes:
        """All accepted audio in the order of its positions."""
        return b"".join(self.accepted[start] for start in sorted(self.accepted))


@dataclass
class Visit:
    """One connection: what it asked for, where the server let it begin, and the frames it sent."""

    query: dict[str, str]
    offered: list[str]
    position: int
    frames: list[bytes] = field(default_factory=list)


class FakeGateway:
    """Follows docs/protocol.md; every attribute below is a fault to be had on demand."""

    def __init__(self) -> None:
        self.url = ""
        self.sessions: dict[str, FakeSession] = {}
        self.visits: list[Visit] = []
        self.break_after_frames: int | None = None  # break the connection (no close frame) behind so many, once
        self.silent_outcomes: set[int] = set()  # seqs that are stored, but left out of the live messages
        self.repeat_outcomes = False  # send each live outcome twice
        self.sentence_wait_sec = 0.0  # above 0: a pause that is marked does not end an utterance
        self.sentence_ends: set[int] = set()  # but at these positions it does
        self.hold_outcomes = False  # outcomes are made, stored and not sent live
        self.busy_times = 0  # this many connections get `busy` and 1013
        self.close_with: tuple[int, Error | None] | None = None  # behind the first frame
        self.close_when_idle = False  # close with 1000 behind the next outcome
        self.unread = asyncio.Event()  # while cleared, frames are not read
        self.unread.set()
        self._latest: ServerConnection | None = None

    async def tell(self, message: Message) -> None:
        """Send `message` on the latest connection."""
        assert self._latest is not None
        await self._say(self._latest, message)

    def forget(self) -> None:
        """Lose every session, as a Redis with no disk does."""
        self.sessions.clear()

    @property
    def only(self) -> FakeSession:
        """The one session that there is."""
        (session,) = self.sessions.values()
        return session

    async def handle(self, socket: ServerConnection) -> None:
        """Serve one connection."""
        request = socket.request
        assert request is not None
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        offered = [part.strip() for part in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if self.busy_times:
            self.busy_times -= 1
            self.visits.append(Visit(query, offered, -1))
            await self._say(socket, Busy(message="Full. Trying again soon.", retry_after_sec=0.05))
            await socket.close(1013, "busy")
            return
        session = self._open(offered, query)
        visit = Visit(query, offered, session.position)
        self.visits.append(visit)
        self._latest = socket
        await self._say(socket, self._greeting(session))
        for outcome in session.outcomes[int(query.get("after", 0)) :]:
            await self._say(socket, outcome)
        try:
            await self._listen(socket, session, visit)
        except ConnectionClosed:
            return

    async def _listen(self, socket: ServerConnection, session: FakeSession, visit: Visit) -> None:
        segmenter = Segmenter(session.position)
        while True:
            await self.unread.wait()
            frame = await socket.recv()
            assert isinstance(frame, bytes)
            visit.frames.append(frame)
            if self.close_with is not None:
                code, error = self.close_with
                if error is not None:
                    await self._say(socket, error)
                await socket.close(code)
                return
            if self.break_after_frames is not None and len(visit.frames) > self.break_after_frames:
                self.break_after_frames = None
                socket.transport.abort()
                return
            if not frame and self._goes_on(visit, segmenter.position):
                continue
            for cut in segmenter.feed(frame):
                await self._end(socket, session, cut)
                if self.close_when_idle:
                    self.close_when_idle = False
                    await socket.close(1000, "idle")
                    return

    def _goes_on(self, visit: Visit, position: int) -> bool:
        """Whether the empty frame that has just come is a pause and no end."""
        marked = visit.query.get("sentences") == "1" and self.sentence_wait_sec > 0
        second = visit.frames[-2:] == [b"", b""]
        return marked and not second and position not in self.sentence_ends

    async def _end(self, socket: ServerConnection, session: FakeSession, cut: Cut) -> None:
        session.accepted[cut.start] = cut.pcm
        session.position = cut.end
        name = utterance_id(session.name, cut.start)
        await self._say(socket, Accepted(utterance=name, start=cut.start, position=cut.end))
        outcome = Result(
            seq=len(session.outcomes) + 1,
            utterance=name,
            start_sec=round(cut.start / SAMPLE_RATE_HZ, 3),
            duration_sec=round((cut.end - cut.start) / SAMPLE_RATE_HZ, 3),
            text=f"{cut.end - cut.start} samples",
            language="en",
        )
        session.outcomes.append(outcome)
        if not self.hold_outcomes and outcome.seq not in self.silent_outcomes:
            for _ in range(2 if self.repeat_outcomes else 1):
                await self._say(socket, outcome)

    def _open(self, offered: list[str], query: dict[str, str]) -> FakeSession:
        for protocol in offered:
            session = self.sessions.get(protocol.removeprefix(SESSION_SUBPROTOCOL_PREFIX))
            if session is not None:
                session.position = max(session.position, int(query.get("from", 0)))
                return session
        session = FakeSession(f"session-number-{len(self.visits):04d}")
        self.sessions[session.name] = session
        return session

    def _greeting(self, session: FakeSession) -> Session:
        models = Models(speech="demo", sentiment="demo", demo=True)
        limits = LIMITS.model_copy(update={"sentence_wait_sec": self.sentence_wait_sec})
        seq = len(session.outcomes)
        return Session(session=session.name, position=session.position, seq=seq, models=models, limits=limits)

    @staticmethod
    async def _say(socket: ServerConnection, message: Message) -> None:
        await socket.send(message.model_dump_json())


@asynccontextmanager
async def fake_gateway(gateway: FakeGateway | None = None) -> AsyncIterator[FakeGateway]:
    """A running FakeGateway on a free port."""
    gateway = gateway or FakeGateway()
    protocols = [Subprotocol(SUBPROTOCOL)]
    async with serve(gateway.handle, "127.0.0.1", 0, subprotocols=protocols, close_timeout=1) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        gateway.url = f"ws://127.0.0.1:{port}/ws"
        yield gateway


def noise(seconds: float, seed: int = 1) -> bytes:
    """Different audio for each `seed`, loud enough for the voice gate."""
    generator = np.random.default_rng(seed)
    return generator.integers(-9000, 9000, round(seconds * SAMPLE_RATE_HZ), dtype=np.int16).astype("<i2").tobytes()


def spoken_wav(path: Path, text: str) -> Path:
    """`text` spoken by espeak-ng into `path`, at its own rate (22.05 kHz)."""
    subprocess.run(["espeak-ng", "-s", "150", "-w", str(path), text], check=True, timeout=30)
    return path
