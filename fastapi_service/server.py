"""uvicorn's server, which closes WebSockets with 1012 (come back) before it stops.

By itself it closes the transports under the app, which goes on waiting for outcomes: a connection under back-pressure
would delay shutdown until `timeout_graceful_shutdown`.
"""

from __future__ import annotations

import asyncio
import socket
import time

import uvicorn

from fastapi_service.live.delivery.relay import Hub
from fastapi_service.upload.api import Uploads
from fastapi_service.uvicorn_limits import BoundedWebSocket

FAREWELL_SEC = 1.5  # for clients to read and answer their close frame


class GatewayServer(uvicorn.Server):
    """Ends the connections of `hub` before uvicorn closes their transports."""

    def __init__(self, config: uvicorn.Config, hub: Hub, uploads: Uploads) -> None:
        super().__init__(config)
        self._hub = hub
        self._uploads = uploads

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no new connections, close the open ones, then stop."""
        for server in self.servers:
            server.close()
        self._hub.close_all()
        self._uploads.close_all()
        deadline = time.monotonic() + FAREWELL_SEC
        while self._still_here() and time.monotonic() < deadline:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)

    def _still_here(self) -> bool:
        return any(isinstance(one, BoundedWebSocket) for one in self.server_state.connections)
