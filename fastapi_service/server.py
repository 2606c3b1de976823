"""uvicorn's server, which tells WebSocket clients to come back before it goes.

By itself it closes their connections under the app, which then waits on for what cannot come any more: a connection
under back-pressure held the stop up for the whole of `timeout_graceful_shutdown`, and was cancelled in the end.
"""

from __future__ import annotations

import asyncio
import socket
import time

import uvicorn

from fastapi_service.live.relay import Hub
from fastapi_service.live.uvicorn_limits import BoundedWebSocket
from fastapi_service.upload.api import Uploads

FAREWELL_SEC = 1.5  # for clients to take their close frame and to answer it


class GatewayServer(uvicorn.Server):
    """Ends the connections of `hub` first, as the app ends them."""

    def __init__(self, config: uvicorn.Config, hub: Hub, uploads: Uploads) -> None:
        super().__init__(config)
        self._hub = hub
        self._uploads = uploads

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nobody new, send everybody away, then stop."""
        for server in self.servers:
            server.close()
        self._hub.send_away()
        self._uploads.send_away()
        deadline = time.monotonic() + FAREWELL_SEC
        while self._still_here() and time.monotonic() < deadline:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)

    def _still_here(self) -> bool:
        return any(isinstance(one, BoundedWebSocket) for one in self.server_state.connections)
