"""Lets pages of ALLOWED_ORIGINS use what is under `/v1` (https://fetch.spec.whatwg.org/#http-cors-protocol).

A preflight is answered here, before the guard: a browser sends no token with it. Cookies are not shared with other
sites (no `Access-Control-Allow-Credentials`): such a page brings the token itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

from fastapi_service.access.origins import ANY, Origins
from fastapi_service.access.refusals import OTHER_SITE, refusal_json
from fastapi_service.access.root_path import service_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/v1"
METHODS = "GET, POST, DELETE"
EXPOSED = "X-Transcription-Id, Location, Retry-After"
PREFLIGHT_SEC = 600  # a browser need not ask again for so long
HEADER_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,2000}")  # what a preflight may ask for


def is_api(scope: Scope) -> bool:
    """Whether the request is for OpenAI's API."""
    path = service_path(scope)
    return path == API or path.startswith(f"{API}/")


class ApiCors:
    """ASGI middleware outside the guard."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or pass the request on and its answer back with the headers."""
        if scope["type"] != "http" or not is_api(scope):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        allowed = origin is not None and self._allow(origin, scope, headers)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.add_vary_header("Origin")
                if allowed and origin is not None:
                    answer["Access-Control-Allow-Origin"] = ANY if self._origins.any else origin
                    answer["Access-Control-Expose-Headers"] = EXPOSED
            await send(message)

        if origin is not None and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(headers, allowed)(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)

    def _allow(self, origin: str, scope: Scope, headers: Headers) -> bool:
        return self._origins.allow(origin, headers.get("host", ""), scope["scheme"] == "https")


def _preflight(headers: Headers, allowed: bool) -> Response:
    if not allowed:
        return refusal_json(403, "origin_not_allowed", OTHER_SITE)
    told = {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Max-Age": str(PREFLIGHT_SEC),
        "Vary": "Access-Control-Request-Headers",
    }
    wanted = headers.get("access-control-request-headers", "")
    if HEADER_NAMES.fullmatch(wanted):
        told["Access-Control-Allow-Headers"] = wanted
    if headers.get("access-control-request-private-network") == "true":  # a public page, this service at home
        told["Access-Control-Allow-Private-Network"] = "true"
    return Response(status_code=204, headers=told)
