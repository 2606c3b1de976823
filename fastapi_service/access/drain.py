"""Refuses a request whose body is still arriving."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

DRAIN_SEC = 5.0  # after a refusal, how long the rest of a body is read


def brings_body(scope: Scope) -> bool:
    """Whether a body comes with the request."""
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


class DrainingResponse(Response):
    """An answer to a request whose body was not read: the rest is read for DRAIN_SEC at most, and discarded.

    Without that the connection breaks while the client is still sending, and it never sees the answer.
    """

    def __init__(self, answer: Response) -> None:
        self._answer = answer
        super().__init__()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then drain."""
        start = {"type": "http.response.start", "status": self._answer.status_code}
        headers = [*self._answer.raw_headers, (b"connection", b"close")]
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": self._answer.body, "more_body": True})
        try:
            async with asyncio.timeout(DRAIN_SEC):
                more = True
                while more:
                    message = await receive()
                    more = message["type"] == "http.request" and message.get("more_body", False)
        except TimeoutError:
            pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})
