"""A bare WebSocket client for tests that look at single frames and close codes."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from contract.websocket import SUBPROTOCOL
from tests.support.http_requests import unverified

OUTCOMES = ("result", "dropped", "error")
ONCE_EACH = ("accepted", *OUTCOMES)


class RawClient:
    """One connection; messages are kept by type."""

    def __init__(
        self,
        url: str,
        session: str | None = None,
        query: str = "",
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        protocols: Sequence[str] = (),
    ) -> None:
        offered: list[Any] = [SUBPROTOCOL, *protocols] + ([f"session.{session}"] if session else [])
        if token is not None:
            offered.append("token." + base64.urlsafe_b64encode(token.encode()).decode().rstrip("="))
        self._connecting = connect(
            f"{url}?{query}",
            subprotocols=offered,
            additional_headers=headers,
            compression=None,
            max_size=None,
            ssl=unverified() if url.startswith("wss:") else None,
            close_timeout=2,
        )
        self.socket: ClientConnection = self._connecting.__enter__()
        self.messages: list[dict[str, Any]] = []
        self._overtaken: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def vanish(self) -> None:
        """Break the connection with no closing handshake."""
        self.socket.socket.close()

    def send(self, data: bytes | str) -> None:
        """Send one frame."""
        self.socket.send(data)

    def receive(self, timeout: float = 30.0) -> dict[str, Any]:
        """The next message. Raises TimeoutError, ConnectionClosed."""
        message: dict[str, Any] = json.loads(self.socket.recv(timeout))
        self.messages.append(message)
        return message

    def expect(self, kind: str, timeout: float = 30.0) -> dict[str, Any]:
        """The next message of type `kind`; others are kept in `messages`.

        What every utterance gets once, in no order between the two (`accepted`, an outcome), is found as well if an
        earlier call waited for the other and this one overtook it.
        """
        for index, message in enumerate(self._overtaken):
            if message["type"] == kind:
                return self._overtaken.pop(index)
        while (message := self.receive(timeout))["type"] != kind:
            if message["type"] in ONCE_EACH:
                self._overtaken.append(message)
        return message

    def speak(self, pcm: bytes) -> dict[str, Any]:
        """Send one utterance; its outcome, once it is accepted as well (either may come first)."""
        for begin in range(0, len(pcm), 3200):
            self.send(pcm[begin : begin + 3200])
        self.send(b"")
        accepted, outcome = False, None
        while not accepted or outcome is None:
            message = self.receive(30)
            accepted = accepted or message["type"] == "accepted"
            outcome = message if message["type"] in OUTCOMES else outcome
        return outcome

    def close_code(self, timeout: float = 30.0) -> int:
        """Read until the server closes; the code it gave."""
        try:
            while True:
                self.receive(timeout)
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "the connection broke without a close frame"
            return closed.rcvd.code
