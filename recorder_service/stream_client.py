"""A client of the WebSocket in docs/protocol.md that loses nothing: for the recorder, for tests and for benchmarks.

    async with StreamClient("ws://localhost:8000/ws", language="en") as client:
        await client.send(pcm)              # s16le mono 16 kHz, any length
        await client.end_utterance()
        complete = await client.drain(60)   # until every utterance has its outcome
        async for message in client.messages():
            ...                             # the classes of contract.messages; ends when the client is closed

Audio is kept until the server has accepted it (`buffer_sec` at most), with the places of the empty frames. A lost
connection is opened again after 1 s doubling to 30 s, and the stream goes on at the position that the server names;
outcomes that were missed are asked for by number, and those that come twice are shown once. What trying again
cannot mend raises `Refused` from every method. Read `messages()` in a task of its own beside sending, or after
`drain()`: `INBOX_MESSAGES` wait unread, then the client stops reading from the server.

(Longer than its neighbours because one lock guards all of it; what needs no lock is in the other stream_ modules.)
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from stream_connection import (
    Ended,
    ended_by_close,
    ended_by_problem,
    open_websocket,
    parse_message,
    websocket_url,
    with_query,
)
from stream_errors import Backoff, BufferFull, CannotConnect, Refused, StreamError
from stream_session import StreamSession
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from contract.messages import Accepted, Busy, Dropped, Error, Limits, Models, Result, ServerMessage, Session
from contract.names import BYTES_PER_SAMPLE, MAX_FRAME_BYTES, SUBPROTOCOL

logger = logging.getLogger(__name__)

INBOX_MESSAGES = 2_000
FRAME_BYTES = 16 * 1024  # half a second: only what is sent again fills it, live frames are as short as they come
BUFFER_SEC = 600.0
STEADY_SEC = 10.0  # a connection that held this long was no failed attempt
LONGEST_RETRY_AFTER_SEC = 300.0


@dataclass(frozen=True)
class ConnectionState:
    """What became of the connection: `state`, why in `words`, and when the next attempt is due."""

    state: Literal["connected", "waiting", "idle"]
    words: str = ""
    retry_in_sec: float = 0.0


class StreamClient:
    """One session over as many connections as it takes. See the module's text."""

    def __init__(
        self,
        url: str,
        *,
        language: str | None = None,
        session: str | None = None,
        after: int | None = None,
        token: str | None = None,
        insecure: bool = False,
        buffer_sec: float = BUFFER_SEC,
        wait_when_full: bool = False,
        open_timeout_sec: float = 30.0,
        backoff: Backoff | None = None,
        on_state: Callable[[ConnectionState], None] | None = None,
    ) -> None:
        """`url`: ws:// or wss://, `/ws` is put behind a bare host. `session`, `after`: resume an earlier session.

        `token`: the access token, where the server asks for one. `insecure`: take any certificate.
        `wait_when_full`: `send` waits for room instead of raising BufferFull.
        `on_state` is called at every change of the connection. Raises ValueError for a URL of another kind.
        """
        self._url = websocket_url(url)
        self._language = language
        self._token = token
        self._insecure = insecure
        self._wait_when_full = wait_when_full
        self._open_timeout_sec = open_timeout_sec
        self._backoff = backoff or Backoff()
        self._on_state = on_state
        self._stream = StreamSession(buffer_sec, session, after)
        self._ledger = self._stream.ledger
        self._inbox: deque[ServerMessage] = deque()
        self._changed = asyncio.Condition()
        self._failure: Exception | None = None
        self._closed = False
        self._last_end = Ended("no answer")
        self._runner: asyncio.Task[None] | None = None

    # --- what a caller sees -------------------------------------------------------------------------

    @property
    def session(self) -> str | None:
        """The session's id, a secret; None before the server has named it."""
        return self._stream.welcome.session if self._stream.welcome else None

    @property
    def models(self) -> Models | None:
        """The models in use, once connected."""
        return self._stream.welcome.models if self._stream.welcome else None

    @property
    def limits(self) -> Limits | None:
        """The server's limits, once connected."""
        return self._stream.welcome.limits if self._stream.welcome else None

    @property
    def origin(self) -> int:
        """The stream position of the first sample that this client was given."""
        return self._stream.origin

    @property
    def position(self) -> int:
        """The stream position (samples) up to which the server has accepted."""
        return self._ledger.base

    @property
    def last_seq(self) -> int:
        """Number of the last outcome that has come; resume with it as `after`."""
        return self._stream.tracker.last_seq or 0

    @property
    def unsafe_sec(self) -> float:
        """Seconds of audio that the server has not accepted."""
        return self._ledger.kept_sec

    @property
    def waiting(self) -> int:
        """How many utterances have no outcome: those accepted, and one for what is not accepted yet."""
        return self._stream.waiting

    async def __aenter__(self) -> Self:
        """Connect. Raises CannotConnect when no server answers in time; a busy one is waited for beside recording."""
        self._runner = asyncio.create_task(self._run(), name="stream-client")
        try:
            async with asyncio.timeout(self._open_timeout_sec), self._changed:
                await self._changed.wait_for(lambda: self._stream.welcome is not None or self._over)
        except TimeoutError:
            if not self._last_end.busy:
                await self.aclose()
                raise CannotConnect(f"no connection to {self._url}: {self._last_end.words}") from None
        except BaseException:
            await self.aclose()
            raise
        if self._failure is not None:
            await self.aclose()
            raise self._failure
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; audio that was not accepted is given up, so `drain` first."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection and end `messages()`."""
        self._closed = True
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        await self._notify()

    async def send(self, pcm: bytes) -> None:
        """Take speech (s16le mono 16 kHz, an even number of bytes) and send it as soon as possible.

        Raises BufferFull when it cannot be kept, Refused when the stream is over; ValueError for an odd length.
        """
        if len(pcm) % BYTES_PER_SAMPLE:
            raise ValueError("16-bit samples need an even number of bytes")
        for first in range(0, len(pcm), FRAME_BYTES):
            await self._keep(pcm[first : first + FRAME_BYTES])

    async def end_utterance(self) -> None:
        """End the utterance here (the empty frame), if one has begun."""
        async with self._changed:
            self._check()
            self._ledger.end_utterance()
            self._changed.notify_all()

    async def drain(self, timeout_sec: float | None = None) -> bool:
        """End the open utterance and wait until every one has its outcome; False when the time is up before."""
        await self.end_utterance()
        try:
            async with asyncio.timeout(timeout_sec), self._changed:
                await self._changed.wait_for(lambda: self._stream.waiting == 0 or self._over)
        except TimeoutError:
            return False
        self._check()
        return True

    async def messages(self) -> AsyncIterator[ServerMessage]:
        """What the server says, in its order, outcomes once each; raises Refused when the stream is over for good."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._inbox or self._over)
                if not self._inbox:
                    break
                message = self._inbox.popleft()
                self._changed.notify_all()
            yield message
        if self._failure is not None:
            raise self._failure

    # --- connections --------------------------------------------------------------------------------

    @property
    def _over(self) -> bool:
        return self._closed or self._failure is not None

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise StreamError("the stream client is closed")

    async def _keep(self, piece: bytes) -> None:
        async with self._changed:
            if self._wait_when_full:
                await self._changed.wait_for(lambda: self._ledger.has_room(len(piece)) or self._over)
            self._check()
            if not self._ledger.has_room(len(piece)):
                raise BufferFull(self._ledger.kept_sec)
            self._ledger.append(piece)
            self._changed.notify_all()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _tell(self, state: ConnectionState) -> None:
        if self._on_state is not None:
            self._on_state(state)

    async def _run(self) -> None:
        try:
            while True:
                begun = time.monotonic()
                self._last_end = ended = await self._connection()
                if time.monotonic() - begun > STEADY_SEC:
                    self._backoff.reset()
                if ended.idle and self._stream.waiting == 0:
                    self._tell(ConnectionState("idle", ended.words))
                    async with self._changed:
                        await self._changed.wait_for(lambda: self._ledger.kept_sec > 0)
                elif not ended.at_once:
                    delay = self._backoff.next_delay(min(ended.retry_after_sec, LONGEST_RETRY_AFTER_SEC))
                    logger.info("connection ended (%s); the next in %.1f s", ended.words, delay)
                    self._tell(ConnectionState("waiting", ended.words, delay))
                    await asyncio.sleep(delay)
        except Exception as problem:
            if not isinstance(problem, StreamError):
                logger.exception("the stream client failed")
            self._failure = problem
            await self._notify()

    async def _connection(self) -> Ended:
        """One connection from its handshake to its end. Raises Refused where another would end the same way."""
        url = with_query(self._url, language=self._language, **self._stream.query())
        opening = open_websocket(url, self._stream.known_id, self._token, self._insecure, self._open_timeout_sec)
        try:
            async with opening as connection:
                if connection.subprotocol != SUBPROTOCOL:
                    raise Refused(f"the server at {self._url} does not speak {SUBPROTOCOL}")
                return await self._serve(connection)
        except (OSError, EOFError, TimeoutError, InvalidHandshake, InvalidURI, ConnectionClosed) as problem:
            return ended_by_problem(problem)

    async def _serve(self, connection: ClientConnection) -> Ended:
        """Receive until the connection ends, and send beside it from the first `session` message on."""
        busy: Busy | None = None
        error = ""
        missed = silent = False
        async with asyncio.TaskGroup() as group:
            sender: asyncio.Task[None] | None = None
            with suppress(ConnectionClosed):
                while not (missed or silent):
                    try:
                        async with asyncio.timeout(self._open_timeout_sec if sender is None else None):
                            message = parse_message(await connection.recv())
                    except TimeoutError:
                        silent = True
                        continue
                    match message:
                        case Session() if sender is None:
                            self._inbox.extend(self._stream.begin(message))
                            self._tell(ConnectionState("connected"))
                            sender = group.create_task(self._send_all(connection))
                        case Busy():
                            busy = message
                        case Error(seq=0):
                            error = message.message
                        case None:
                            continue
                        case Accepted() | Result() | Dropped() | Error():
                            self._backoff.reset()
                    is_news, missed = self._stream.book(message)
                    if is_news:
                        await self._deliver(message)
            if sender is not None:
                sender.cancel()
        if missed:
            return Ended("an outcome is missing", at_once=True)
        if silent:
            return Ended("the server does not answer")
        return ended_by_close(connection.close_code, connection.close_reason, busy, error)

    async def _send_all(self, connection: ClientConnection) -> None:
        largest = min(FRAME_BYTES, self.limits.frame_bytes if self.limits else MAX_FRAME_BYTES)
        with suppress(ConnectionClosed):
            while True:
                frame = self._ledger.next_frame(largest)
                if frame is not None:
                    await connection.send(frame)
                    continue
                async with self._changed:
                    await self._changed.wait_for(lambda: self._ledger.has_unsent)

    async def _deliver(self, message: ServerMessage) -> None:
        async with self._changed:
            self._changed.notify_all()
            await self._changed.wait_for(lambda: len(self._inbox) < INBOX_MESSAGES)
            self._inbox.append(message)
            self._changed.notify_all()
