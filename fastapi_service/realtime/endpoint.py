"""The `/v1/realtime` endpoint: reads the handshake, and runs an ordinary session of `live` behind it.

Which of OpenAI's two protocols a client speaks is told by its `OpenAI-Beta: realtime=v1` header or the sub-protocol
`openai-beta.realtime-v1`, and later by the events that it sends.
"""

from __future__ import annotations

from starlette.websockets import WebSocket

from contract.messages import Error
from contract.websocket import CLOSE_NOT_ALLOWED
from fastapi_service.access.attempts import client_address
from fastapi_service.access.guard import realtime_subprotocol
from fastapi_service.access.tokens import bearer_token, realtime_token
from fastapi_service.live.endpoint import SocketEndpoint, tell
from fastapi_service.realtime.client_secrets import config_of
from fastapi_service.realtime.config import Config
from fastapi_service.realtime.events import ApiError
from fastapi_service.realtime.transport import RealtimeTransport
from fastapi_service.realtime.update import updated
from fastapi_service.settings import GatewaySettings

BETA_SUBPROTOCOL = "openai-beta.realtime-v1"
BETA_HEADER = "realtime=v1"


class RealtimeEndpoint:
    """Serves Realtime clients through the endpoint of the service's own protocol, with its limits."""

    def __init__(self, sockets: SocketEndpoint, settings: GatewaySettings) -> None:
        self._sockets = sockets
        self._settings = settings

    async def serve(self, websocket: WebSocket) -> None:
        """Run one connection from handshake to close."""
        offered: list[str] = websocket.scope["subprotocols"]
        await websocket.accept(realtime_subprotocol(offered))
        beta = BETA_SUBPROTOCOL in offered or BETA_HEADER in websocket.headers.get("openai-beta", "")
        transcription = websocket.query_params.get("intent") == "transcription"
        created = "transcription_session.created" if beta and transcription else "session.created"
        problem: ApiError | None = None
        config = Config()
        try:
            config = _asked_for(websocket)
        except ApiError as refused:
            problem = refused
        transport = RealtimeTransport(websocket, config, beta, created, self._settings)
        if problem is not None:
            await tell(transport, Error(code="bad_query", message=problem.message), CLOSE_NOT_ALLOWED)
            return
        await self._sockets.run(transport, client_address(websocket.scope), config.options())


def _asked_for(websocket: WebSocket) -> Config:
    """The session as the key and the query ask for it. Raises ApiError."""
    query, offered = websocket.query_params, websocket.scope["subprotocols"]
    key = realtime_token(offered) or bearer_token(websocket.headers.get("authorization", ""))
    transcription = {name: query[name] for name in ("model", "language", "prompt") if name in query}
    return updated(config_of(key), {"audio": {"input": {"transcription": transcription}}})[0]
