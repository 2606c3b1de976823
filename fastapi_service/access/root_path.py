"""The path under which a proxy serves us, `/stt` of `https://host/stt/`, whether the proxy strips it or not.

uvicorn's own `root_path` puts the prefix in front of every path, so it fits proxies that strip it alone. Here a path
that begins with the prefix came from one that does not, and any other from one that does, or straight to us.
A trusted proxy may name the prefix itself, in X-Forwarded-Prefix or X-Ingress-Path (Home Assistant).

The pages' addresses are relative, so that a proxy which tells nothing does no harm either; so are our redirects.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import RedirectResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORWARDED_PREFIX = "wta.forwarded_prefix"  # in the ASGI scope: what a trusted proxy has named
PREFIX_HEADERS = (b"x-forwarded-prefix", b"x-ingress-path")
PREFIX_MAX_CHARS = 200
PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
OURS = frozenset({"demo", "healthz", "login", "metrics", "openapi.json", "readyz", "static", "v1", "ws"})


def checked_root_path(given: str) -> str:
    """`given`, if it can be ROOT_PATH; empty is none. Raises ValueError, in words."""
    if not given:
        return ""
    segments = given.split("/")[1:]
    if len(given) > PREFIX_MAX_CHARS or not PREFIX.fullmatch(given) or not {".", ".."}.isdisjoint(segments):
        raise ValueError("it looks like /stt or /tools/stt: a / first, none at the end, letters, digits and . _ ~ -")
    if segments[0] in OURS:
        raise ValueError(f"/{segments[0]} is an address of the service itself: choose another")
    return given


def prefix_of(headers: list[tuple[bytes, bytes]]) -> str:
    """The prefix that the proxy has named; empty where it has named none, or what cannot be one."""
    for name, value in headers:
        if name in PREFIX_HEADERS:
            try:
                return checked_root_path(value.decode("latin-1").split(",")[0].strip().rstrip("/"))
            except ValueError:
                return ""
    return ""


def service_path(scope: Scope) -> str:
    """The request's path without the prefix: `/login`, whatever the proxy calls it."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


def way_to_root(scope: Scope) -> str:
    """The relative address of `/` from the request's: `./` or so many `../`. Counted in what the client has sent."""
    raw = scope.get("raw_path") or scope["path"].encode()
    sent = raw.decode("latin-1").removeprefix(scope.get("root_path", ""))
    return "../" * max(0, sent.count("/") - 1) or "./"


class RootPath:
    """ASGI middleware that sets the scope's `root_path`, and `path` to go with it, as Starlette wants them."""

    def __init__(self, app: ASGIApp, root_path: str = "") -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with redirects that hold under the prefix too."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        root = scope.pop(FORWARDED_PREFIX, "") or self._root_path
        if root:
            if scope["type"] == "http" and scope["path"] == root:  # relative addresses need the / at its end
                query = scope["query_string"].decode("latin-1")
                response = RedirectResponse(f"{root.rsplit('/', 1)[1]}/{'?' if query else ''}{query}", 308)
                await response(scope, receive, send)
                return
            scope["root_path"] = root
            if not scope["path"].startswith(f"{root}/"):
                scope["path"] = root + scope["path"]
                scope["raw_path"] = root.encode() + (scope.get("raw_path") or b"")

        async def send_relative(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 307:  # a / too many or too few
                headers = MutableHeaders(scope=message)
                if "location" in headers:
                    headers["location"] = _relative(headers["location"], scope)
            await send(message)

        await self._app(scope, receive, send_relative if scope["type"] == "http" else send)


def _relative(location: str, scope: Scope) -> str:
    """The same address as `location`, seen from the request's."""
    parts = urlsplit(location)
    path = parts.path.removeprefix(scope.get("root_path", "")).lstrip("/")
    return f"{way_to_root(scope)}{path}{'?' if parts.query else ''}{parts.query}"
