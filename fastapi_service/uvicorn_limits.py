"""uvicorn's two protocols, with bounds where theirs have none. They use its internals: look here when its pin moves.

HTTP: a client that does not finish its request's headers in time is disconnected; a silent connection is probed.
WebSocket: what one client can make the gateway buffer is bounded. uvicorn stops reading once a message waits for the
app, but by then it has read up to 256 KiB: tens of thousands of empty messages. It answers the pings of a client that
reads nothing, keeps the empty fragments of a message that never ends, and after the end of a connection waits without
limit for its client to read what was written.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from typing import Any

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from contract.websocket import CLOSE_NOT_ALLOWED
from fastapi_service.token_bucket import TokenBucket

PIECE_BYTES = 4_096  # parsed at once: at most some 700 messages
FRAGMENTS_MAX = 1_024  # of one message
CONTROL_BURST = 100  # pings and pongs at once
CONTROL_PER_SEC = 10.0
EVENT_MAX_BYTES = 2 * 1024 * 1024  # of the Realtime API, whose audio is base64 in JSON
NO_LINGER = struct.pack("ii", 1, 0)
LINGER_SEC = 15.0  # for a client to take what was written to it before the end
# TCP's own sign of life. Azure and many routers forget a connection that is silent for 4 minutes, and tell nobody.
KEEP_ALIVE = {"TCP_KEEPIDLE": 120, "TCP_KEEPINTVL": 30, "TCP_KEEPCNT": 4}


class BoundedHttp(H11Protocol):
    """HTTP/1.1 with a time limit on each request's headers."""

    handshake_sec = 10.0
    _deadline: asyncio.TimerHandle | None = None
    _seen: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit for the first request."""
        super().connection_made(transport)
        keep_alive(transport.get_extra_info("socket"))
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        """Take data; the time limit holds until the headers are complete."""
        super().data_received(data)
        if self.cycle is not self._seen or self.transport.is_closing() or self not in self.connections:
            self._seen = self.cycle  # a request is complete, refused, or has become a WebSocket
            self._stop_waiting()
        elif self.cycle is None or self.cycle.response_complete:
            self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _await_headers(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.handshake_sec, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def keep_alive(connection: socket.socket) -> None:
    """Have the kernel probe a silent connection (a WebSocket too: it begins as HTTP)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEP_ALIVE.items():
        if hasattr(socket, name):  # some systems lack some
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def bounded_http(handshake_sec: float) -> type[BoundedHttp]:
    """The HTTP protocol with this time limit (s)."""
    return type("BoundedHttp", (BoundedHttp,), {"handshake_sec": handshake_sec})


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that bounds what one client can make the gateway buffer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unparsed = bytearray()
        self._control = TokenBucket(CONTROL_PER_SEC, CONTROL_BURST)
        self._closed_by_app = False
        self._abort: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; discard what was not parsed."""
        self._unparsed.clear()
        if self._abort is not None:
            self._abort.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what was read; parse it piece by piece, no faster than the app takes it."""
        self._unparsed += data
        self._parse()

    async def receive(self) -> ASGIReceiveEvent:
        """The app's next message; reading goes on once all that was read is parsed."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self._parse()
            if not self.read_paused and not self.transport.is_closing():
                self.transport.resume_reading()
        return message

    async def send(self, message: ASGISendEvent) -> None:
        """Send the app's message. After a close frame, parse what is left: the client's close frame may be in it.

        A client that broke the protocol is gone; uvicorn takes any further message for an error of the app.
        """
        if self.close_sent and not self._closed_by_app:
            raise ClientDisconnected
        self._closed_by_app = message["type"] == "websocket.close"
        await super().send(message)
        if self._closed_by_app:
            self._parse()

    async def run_asgi(self) -> None:
        """Run the app; afterwards its client has LINGER_SEC to read what was written."""
        await super().run_asgi()
        if not self.disconnected:
            self._abort = self.loop.call_later(LINGER_SEC, self._hang_up)

    def handle_connect(self, event: Request) -> None:
        """Take the handshake; the largest message depends on the protocol that is spoken there."""
        if event.path.partition("?")[0].rstrip("/").endswith("/v1/realtime"):
            self.conn.max_message_size = EVENT_MAX_BYTES
        super().handle_connect(event)

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment; their number is bounded."""
        super().handle_cont(event)
        if len(self.frames) > FRAGMENTS_MAX:
            self._fail("too many fragments")

    def handle_ping(self) -> None:
        """Answer a client that reads; for one that does not, the answer is dropped."""
        if not self.writable.is_set():
            self.conn.data_to_send()
        else:
            super().handle_ping()
        self._count_control()

    def handle_pong(self, event: Frame) -> None:
        """Take a pong."""
        super().handle_pong(event)
        self._count_control()

    def handle_parser_exception(self) -> None:
        """End a connection that is no WebSocket, also where the handshake itself is broken."""
        if self.conn.close_sent is None:
            self.transport.close()
        else:
            super().handle_parser_exception()

    def _parse(self) -> None:
        while self._unparsed and not self.read_paused and not self.disconnected:
            piece = bytes(self._unparsed[:PIECE_BYTES])
            del self._unparsed[:PIECE_BYTES]
            if not self.transport.is_closing():
                super().data_received(piece)

    def _hang_up(self) -> None:
        """Close at once (RST); what the client has not read is discarded."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self.transport.abort()

    def _count_control(self) -> None:
        self._control.take(1)
        if self._control.wait_sec() > 0:
            self._fail("too many pings")

    def _fail(self, reason: str) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.fail(CLOSE_NOT_ALLOWED, reason)
        self.handle_parser_exception()


class WithoutQueries(logging.Filter):
    """Drops uvicorn's line for every WebSocket, which holds the whole query: somebody may put a secret there.

    And the traceback of a text that is no UTF-8, which says nothing that the line does not.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record stays."""
        text = str(record.msg)
        if text.startswith("Invalid UTF-8"):
            record.exc_info = None
        return '"WebSocket ' not in text


def keep_queries_private() -> None:
    """Install the filter. Safe to call again."""
    target = logging.getLogger("uvicorn.error")
    if not any(isinstance(present, WithoutQueries) for present in target.filters):
        target.addFilter(WithoutQueries())
