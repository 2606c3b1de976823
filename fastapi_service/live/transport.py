"""What a connection speaks through: the service's own protocol here, others beside it (realtime)."""

from __future__ import annotations

from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from contract.messages import Message
from contract.speech.segmenter import Cut
from contract.websocket import CLOSE_ABNORMAL, CLOSE_TEXT_FRAME
from fastapi_service.live.closing import refused
from fastapi_service.live.lane import Skip
from fastapi_service.live.options import Options


class Transport(Protocol):
    """One client. `resumes`: whether it may come back and go on, so that what it has not finished is kept for it."""

    resumes: bool

    async def receive(self) -> bytes | Skip | Options | None:
        """The next frame: samples (s16le at 16 kHz), or none, which ends the utterance or marks a pause. Or samples
        that are left out; or options that hold from here on; or None: forget what has not become an utterance. Raises
        WebSocketDisconnect, CloseConnection."""

    async def cut(self, cut: Cut) -> None:
        """An utterance has ended, and is sent to the queue next."""

    async def send(self, message: Message) -> None:
        """Tell the client."""

    async def close(self, code: int, reason: str) -> None:
        """Close the WebSocket."""


class OwnProtocol:
    """docs/protocol.md: binary frames up, messages in JSON down."""

    resumes = True

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def receive(self) -> bytes:
        """The next binary frame."""
        try:
            return await self._websocket.receive_bytes()
        except KeyError:
            raise refused(CLOSE_TEXT_FRAME, "text_frame", "Send audio in binary frames, not text.") from None
        except WebSocketDisconnected:  # a message could not be sent in the same moment
            raise WebSocketDisconnect(CLOSE_ABNORMAL) from None

    async def cut(self, cut: Cut) -> None:
        """Nothing: `accepted` tells it."""

    async def send(self, message: Message) -> None:
        """Send it as it is."""
        await self._websocket.send_text(message.model_dump_json())

    async def close(self, code: int, reason: str) -> None:
        """Close the WebSocket."""
        await self._websocket.close(code, reason)
