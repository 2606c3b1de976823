"""Requires a token or a cookie on every route but those in PUBLIC_PATHS, where the service has a token.

A new route is protected by default. On the WebSocket the Origin is checked as well. A refusal says why: a login page
for browsers, JSON for programs, and on the WebSocket an `error` or `busy` message with a close code.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

from contract.messages import Busy, Error, Message
from contract.websocket import CLOSE_NOT_ALLOWED, CLOSE_TRY_AGAIN, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX
from fastapi_service.access.attempts import LoginAttempts, client_address
from fastapi_service.access.cors import is_api
from fastapi_service.access.drain import DrainingResponse, brings_body
from fastapi_service.access.login import login_page
from fastapi_service.access.origins import Origins
from fastapi_service.access.refusals import OTHER_SITE, error_event, refusal_json
from fastapi_service.access.root_path import service_path
from fastapi_service.access.tokens import Access, bearer_token, realtime_token, subprotocol_token

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

logger = logging.getLogger(__name__)

# Liveness, the way in, and what the login page shows. /readyz tells those outside `ready` alone.
PUBLIC_PATHS = frozenset({"/healthz", "/readyz", "/login", "/static/login.css", "/static/icon.svg"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
QUERY_MAX_BYTES = 4_096  # hints take 9 bytes for a character of Hangul
SUBPROTOCOLS_MAX = 8
SUBPROTOCOLS_MAX_CHARS = 2_048
AUTHORISED = "wta.authorised"  # in the ASGI scope
REALTIME_PATHS = frozenset({"/v1/realtime", "/v1/realtime/"})  # OpenAI's protocol, with its own ways to say things
REALTIME_SUBPROTOCOLS = ("realtime", "openai-beta.realtime-v1")

NEEDS_TOKEN = "This service asks for its access token."
WRONG_TOKEN = "The access token is wrong."
TOO_MANY_WRONG = "Too many wrong access tokens came from your address. Wait before the next one."

Credential = Literal["open", "cookie", "token"]


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused. `wait_sec`: above 0, how long to wait before the next attempt."""

    code: str
    words: str
    wait_sec: float = 0.0

    @property
    def of_openai(self) -> tuple[str, str, str]:
        """Code, words and type as OpenAI's clients know them."""
        code = "invalid_api_key" if self.code == "not_allowed" else self.code
        return code, self.words, "rate_limit_error" if self.wait_sec else "invalid_request_error"


def is_authorised(scope: Scope) -> bool:
    """Whether the request has shown a token or cookie (or none is needed). On an open route it may have none."""
    return bool(scope.get(AUTHORISED))


def realtime_subprotocol(offered: list[str]) -> str | None:
    """What is answered to a client of the Realtime API."""
    return next((protocol for protocol in REALTIME_SUBPROTOCOLS if protocol in offered), None)


class AuthMiddleware:
    """ASGI middleware around the whole app."""

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        origins: Origins,
        failures: LoginAttempts,
        on_refused: Callable[[Message], None] = lambda _: None,
    ) -> None:
        """`told` is called with the message that each refused WebSocket gets."""
        self._app = app
        self._access = access
        self._origins = origins
        self._failures = failures
        self._on_refused = on_refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http":
            refusal = self._refuse_http(scope)
            if refusal is not None and brings_body(scope):
                refusal = DrainingResponse(refusal)
            await (self._app if refusal is None else refusal)(scope, receive, send)
        elif scope["type"] == "websocket":
            refusal_words = self._refuse_websocket(scope)
            if refusal_words is None:
                await self._app(scope, receive, send)
            else:
                await self._refuse(scope, receive, send, refusal_words)
        else:
            await self._app(scope, receive, send)

    def _refuse_http(self, scope: Scope) -> Response | None:
        request = HTTPConnection(scope)
        if len(scope["query_string"]) > QUERY_MAX_BYTES:
            return refusal_json(414, "query_too_long", f"The query is longer than {QUERY_MAX_BYTES} bytes.")
        how = self._credential(request, bearer_token(request.headers.get("authorization", "")), cookie_counts=True)
        if not isinstance(how, Refusal):
            if how == "cookie" and scope["method"] not in SAFE_METHODS and not self._own_page(request):
                return refusal_json(403, "origin_not_allowed", OTHER_SITE)
            scope[AUTHORISED] = True
            return None
        if service_path(scope) in PUBLIC_PATHS:
            return None
        is_page = "text/html" in request.headers.get("accept", "") and not is_api(scope)
        if scope["method"] in ("GET", "HEAD") and is_page:
            return login_page(request, 401)
        status = 429 if how.wait_sec else 401
        return refusal_json(status, how.code, how.words, how.wait_sec)

    def _refuse_websocket(self, scope: Scope) -> Refusal | None:
        request = HTTPConnection(scope)
        offered: list[str] = scope["subprotocols"]
        if len(scope["query_string"]) > QUERY_MAX_BYTES:
            return Refusal("bad_query", f"The query is longer than {QUERY_MAX_BYTES} bytes.")
        if len(offered) > SUBPROTOCOLS_MAX or sum(map(len, offered)) > SUBPROTOCOLS_MAX_CHARS:
            return Refusal("bad_subprotocols", "Too many sub-protocols are offered, or too long ones.")
        is_browser = "origin" in request.headers
        if is_browser and not self._own_page(request):
            return Refusal("origin_not_allowed", OTHER_SITE)
        is_realtime = service_path(scope) in REALTIME_PATHS
        token = realtime_token(offered) if is_realtime else subprotocol_token(offered, TOKEN_SUBPROTOCOL_PREFIX)
        if token is None:
            token = bearer_token(request.headers.get("authorization", ""))
        if is_realtime and token is not None and self._access.takes_key(token):
            return None
        how = self._credential(request, token, cookie_counts=is_browser)
        return how if isinstance(how, Refusal) else None

    def _credential(self, request: HTTPConnection, token: str | None, cookie_counts: bool) -> Credential | Refusal:
        """What authorises the request, or why nothing does."""
        if not self._access.needed:
            return "open"
        if cookie_counts and self._access.takes_any_cookie(request.headers.getlist("cookie")):
            return "cookie"
        if token is None:
            return Refusal("not_allowed", NEEDS_TOKEN)
        address = client_address(request.scope)
        wait_sec = self._failures.wait_sec(address)
        if wait_sec > 0:
            return Refusal("too_many_attempts", TOO_MANY_WRONG, wait_sec)
        if self._access.takes_token(token):
            return "token"
        self._failures.failed(address)
        logger.warning("a wrong access token from %s", address)
        return Refusal("not_allowed", WRONG_TOKEN)

    def _own_page(self, request: HTTPConnection) -> bool:
        origin = request.headers.get("origin")
        if origin is None:
            return True
        return self._origins.allow(origin, request.headers.get("host", ""), request.scope["scheme"] in ("https", "wss"))

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, refusal: Refusal) -> None:
        """Accept, then say why and close: a page cannot read the answer to an upgrade that fails."""
        logger.info("a WebSocket from %s refused: %s", client_address(scope), refusal.code)
        await receive()  # websocket.connect
        message: Message = Error(code=refusal.code, message=refusal.words)
        code = CLOSE_NOT_ALLOWED
        if refusal.wait_sec:
            message, code = (
                Busy(code=refusal.code, message=refusal.words, retry_after_sec=math.ceil(refusal.wait_sec)),
                CLOSE_TRY_AGAIN,
            )
        offered: list[str] = scope["subprotocols"]
        answered, text = SUBPROTOCOL if SUBPROTOCOL in offered else None, message.model_dump_json()
        if service_path(scope) in REALTIME_PATHS:
            answered = realtime_subprotocol(offered)
            text = json.dumps(error_event(*refusal.of_openai))
        self._on_refused(message)
        try:
            await send({"type": "websocket.accept", "subprotocol": answered})
            await send({"type": "websocket.send", "text": text})
            await send({"type": "websocket.close", "code": code, "reason": refusal.code})
        except OSError:  # uvicorn's ClientDisconnected
            logger.debug("a refused client was gone before it was told")
