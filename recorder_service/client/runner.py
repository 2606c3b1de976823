"""Opens one connection after the other for a stream, for as long as another can mend what ended the last."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from contract.audio import MAX_FRAME_BYTES
from contract.messages import Accepted, Busy, Dropped, Error, Result, Session
from contract.websocket import SUBPROTOCOL
from recorder_service.client.connection import (
    Address,
    Ended,
    ended_by_close,
    ended_by_problem,
    open_websocket,
    parse_message,
)
from recorder_service.client.errors import Backoff, Refused, StreamError
from recorder_service.client.state import StreamState

logger = logging.getLogger(__name__)

FRAME_BYTES = 16 * 1024  # half a second: only what is sent again fills it, live frames are as short as they come
STEADY_SEC = 10.0  # a connection that held this long was no failed attempt
LONGEST_RETRY_AFTER_SEC = 300.0


@dataclass(frozen=True)
class ConnectionState:
    """What became of the connection: `state`, why in `words`, and when the next attempt is due."""

    state: Literal["connected", "waiting", "idle"]
    words: str = ""
    retry_in_sec: float = 0.0


class StreamRunner:
    """Sends what the state keeps, and books and delivers what the server says. `last_end`: of the latest connection."""

    def __init__(
        self,
        state: StreamState,
        address: Address,
        backoff: Backoff,
        on_state: Callable[[ConnectionState], None] | None,
    ) -> None:
        self.last_end = Ended("no answer")
        self._state = state
        self._stream = state.stream
        self._ledger = state.stream.ledger
        self._address = address
        self._backoff = backoff
        self._on_state = on_state

    async def run(self) -> None:
        """Go on until cancelled, or until the stream is over for good."""
        try:
            while True:
                begun = time.monotonic()
                self.last_end = ended = await self._connection()
                if time.monotonic() - begun > STEADY_SEC:
                    self._backoff.reset()
                if ended.idle and self._stream.waiting == 0:
                    self._tell(ConnectionState("idle", ended.words))
                    await self._state.wait_for(lambda: self._ledger.kept_sec > 0)
                elif not ended.at_once:
                    delay = self._backoff.next_delay(min(ended.retry_after_sec, LONGEST_RETRY_AFTER_SEC))
                    logger.info("connection ended (%s); the next in %.1f s", ended.words, delay)
                    self._tell(ConnectionState("waiting", ended.words, delay))
                    await asyncio.sleep(delay)
        except Exception as problem:
            if not isinstance(problem, StreamError):
                logger.exception("the stream client failed")
            await self._state.fail(problem)

    def _tell(self, state: ConnectionState) -> None:
        if self._on_state is not None:
            self._on_state(state)

    async def _connection(self) -> Ended:
        """One connection from its handshake to its end. Raises Refused where another would end the same way."""
        try:
            async with open_websocket(self._address, self._stream.known_id, self._stream.query()) as connection:
                if connection.subprotocol != SUBPROTOCOL:
                    raise Refused(f"the server at {self._address.url} does not speak {SUBPROTOCOL}")
                return await self._serve(connection)
        except (OSError, EOFError, TimeoutError, InvalidHandshake, InvalidURI, ConnectionClosed) as problem:
            return ended_by_problem(problem)

    async def _serve(self, connection: ClientConnection) -> Ended:
        """Receive until the connection ends, and send beside it from the first `session` message on. Raises Refused."""
        busy: Busy | None = None
        error = ""
        ending: Ended | Refused | None = None
        async with asyncio.TaskGroup() as group:
            sender: asyncio.Task[None] | None = None
            with suppress(ConnectionClosed):
                while ending is None:
                    try:
                        async with asyncio.timeout(self._address.open_timeout_sec if sender is None else None):
                            message = parse_message(await connection.recv())
                    except TimeoutError:
                        ending = Ended("the server does not answer")
                        continue
                    match message:
                        case Session() if sender is None:
                            if words := self._stream.refusal(message):
                                ending = Refused(words)
                                continue
                            self._state.put_at_once([*self._stream.begin(message)])
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
                        await self._state.deliver(message)
                    if missed:
                        ending = Ended("an outcome is missing", at_once=True)
            if sender is not None:
                sender.cancel()
        if isinstance(ending, Refused):
            raise ending
        return ending or ended_by_close(connection.close_code, connection.close_reason, busy, error)

    async def _send_all(self, connection: ClientConnection) -> None:
        welcome = self._stream.welcome
        largest = min(FRAME_BYTES, welcome.limits.frame_bytes if welcome else MAX_FRAME_BYTES)
        with suppress(ConnectionClosed):
            while True:
                frame = self._ledger.next_frame(largest)
                if frame is not None:
                    await connection.send(frame)
                    continue
                await self._state.wait_for(lambda: self._ledger.has_unsent)
