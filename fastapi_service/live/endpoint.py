"""The `/ws` endpoint: reads the handshake, opens the session, runs the connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

import redis
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from contract.messages import Busy, Error, Message
from contract.websocket import (
    CLOSE_NOT_ALLOWED,
    CLOSE_TRY_AGAIN,
    SESSION_SUBPROTOCOL_PREFIX,
    SUBPROTOCOL,
)
from fastapi_service.access.attempts import client_address
from fastapi_service.live.channels import ChannelStream
from fastapi_service.live.closing import come_back
from fastapi_service.live.connection import Connection
from fastapi_service.live.counters import GatewayMetrics
from fastapi_service.live.delivery.relay import Hub
from fastapi_service.live.dispatcher import Dispatcher
from fastapi_service.live.limits import ConnectionLimit, NoPlaceError
from fastapi_service.live.options import Options, read_options
from fastapi_service.live.sessions import OpenSession, SessionsFullError, SessionStore
from fastapi_service.live.transport import OwnProtocol, Transport
from fastapi_service.pipeline.health import Health
from fastapi_service.settings import GatewaySettings
from fastapi_service.speaking.asking import SpeechRequests

logger = logging.getLogger(__name__)


def offered_session(subprotocols: list[str]) -> str | None:
    """The session id among the offered subprotocols, if there is one."""
    for protocol in subprotocols:
        if protocol.startswith(SESSION_SUBPROTOCOL_PREFIX):
            return protocol.removeprefix(SESSION_SUBPROTOCOL_PREFIX)
    return None


class SocketEndpoint:
    """Serves WebSockets with what the app's lifespan has built."""

    def __init__(
        self,
        store: SessionStore,
        dispatcher: Dispatcher,
        hub: Hub,
        health: Health,
        settings: GatewaySettings,
        requests: SpeechRequests,
        metrics: GatewayMetrics,
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._hub = hub
        self._health = health
        self._settings = settings
        self._places = ConnectionLimit(settings.connections_max, settings.address_connections_max)
        self._requests = requests if settings.partials_enabled else None
        self._metrics = metrics

    async def serve(self, websocket: WebSocket) -> None:
        """Run one connection of the service's own protocol, from handshake to close."""
        offered: list[str] = websocket.scope["subprotocols"]
        await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        transport = OwnProtocol(websocket)
        try:
            options = read_options(websocket.query_params)
        except ValidationError as problem:
            await tell(transport, Error(code="bad_query", message=_bad_query(problem)), CLOSE_NOT_ALLOWED)
            return
        address, session = client_address(websocket.scope), offered_session(offered)
        if options.channels == "1":
            await self.run(transport, address, options, session)
            return

        async def serve(leases: list[OpenSession]) -> None:
            await self._run_channels(ChannelStream(websocket, leases, self._settings), leases, options)

        await self._admit(transport, address, options, session, int(options.channels), serve)

    async def run(self, transport: Transport, address: str, options: Options, offered: str | None = None) -> None:
        """Run one connection, whatever its protocol. `offered`: the session that it wants to resume."""

        async def serve(leases: list[OpenSession]) -> None:
            await self._run(self._connection(transport, leases[0], options), transport)

        await self._admit(transport, address, options, offered, 1, serve)

    async def _admit(
        self,
        transport: Transport,
        address: str,
        options: Options,
        offered: str | None,
        channels: int,
        serve: Callable[[list[OpenSession]], Awaitable[None]],
    ) -> None:
        """Take a place, open the session of each channel, and serve them; or tell the client why not."""
        try:
            with self._places.take(address):
                leases = await self._open(transport, options, offered, channels)
                if leases:
                    await serve(leases)
        except NoPlaceError as refusal:
            await tell(transport, self._busy("connections_full", str(refusal)), CLOSE_TRY_AGAIN)

    async def _open(
        self, transport: Transport, options: Options, offered: str | None, channels: int
    ) -> list[OpenSession]:
        """The session of each channel; none where the client was told why not."""
        backlog = self._dispatcher.backlog
        # A client that resumes with nothing to send is let in: it wants its results.
        brings_work = offered is None or options.held_from is not None
        if brings_work and backlog.wait_sec > self._settings.admit_wait_max_sec:
            words = f"Speech recognition is {backlog.wait_sec:.0f} s behind. Your speech is kept; trying again soon."
            await tell(transport, self._busy("queue_full", words), CLOSE_TRY_AGAIN)
            return []
        try:
            return await self._store.open_channels(offered, options.held_from, channels)
        except SessionsFullError:
            words = "Too many sessions are in use at the moment."
            await tell(transport, self._busy("sessions_full", words), CLOSE_TRY_AGAIN)
        except redis.RedisError as problem:
            logger.warning("session not opened: %s", problem)
            await tell(transport, self._busy("unavailable", "The service is starting or recovering."), CLOSE_TRY_AGAIN)
        return []

    def _connection(self, transport: Transport, lease: OpenSession, options: Options) -> Connection:
        return Connection(
            transport,
            lease,
            options,
            self._store,
            self._dispatcher,
            self._settings,
            self._requests,
            self._metrics,
        )

    async def _run_channels(self, stream: ChannelStream, leases: list[OpenSession], options: Options) -> None:
        """Run a connection for each channel; where one ends, all do."""
        connections = [
            self._connection(lane, lease, options.of_channel(number))
            for number, (lane, lease) in enumerate(zip(stream.lanes, leases, strict=True), 1)
        ]
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(stream.read())
            running = [
                group.create_task(self._run(connection, lane))
                for connection, lane in zip(connections, stream.lanes, strict=True)
            ]
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            if stream.ended is not None:
                for connection in connections:
                    connection.end(stream.ended.code, stream.ended.reason)
            await asyncio.wait(running)
            reader.cancel()

    async def _run(self, connection: Connection, transport: Transport) -> None:
        """Run one session's connection."""
        self._metrics.opened += 1
        self._hub.add(connection)
        logger.info("session %s connected at %d", connection.tag, connection.lease.position)
        try:
            resumable = await connection.run((await self._health.readiness()).models)
        finally:
            self._hub.remove(connection)
        if resumable and transport.resumes and connection.segmenter.pending:
            self._hub.keep_unfinished(connection)
            return
        with suppress(redis.RedisError):
            await self._store.leave(connection.lease)

    def _busy(self, code: str, words: str) -> Busy:
        busy = come_back(code, words)
        self._metrics.told(busy)
        return busy


def _bad_query(problem: ValidationError) -> str:
    """What is wrong with a query; an unknown language is quoted."""
    places = {str(error["loc"][0]): error.get("ctx", {}) for error in problem.errors()}
    words = f"The query has a value that cannot be: {', '.join(sorted(places))}."
    return f"{words} {places['language']['error']}." if "language" in places else words


async def tell(transport: Transport, message: Message, code: int) -> None:
    """Say why a connection ends, and close it."""
    try:
        await transport.send(message)
        await transport.close(code, "")
    except (WebSocketDisconnect, RuntimeError):
        logger.debug("a client was gone before it was told")
