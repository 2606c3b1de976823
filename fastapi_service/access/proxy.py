"""Address, scheme, host and path prefix as a proxy forwards them, trusted from FORWARDED_ALLOW_IPS alone."""

from __future__ import annotations

from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from fastapi_service.access.root_path import FORWARDED_PREFIX, prefix_of

FORWARDED_HOST = b"x-forwarded-host"


class TrustedProxyHeaders(ProxyHeadersMiddleware):
    """uvicorn's middleware for X-Forwarded-For and -Proto, which also replaces Host by X-Forwarded-Host.

    A prefix that is named goes into the scope, for RootPath.
    """

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Pass the request on as its client sent it to the proxy."""
        if scope["type"] != "lifespan":
            client = scope.get("client")
            if client is not None and client[0] in self.trusted_hosts:
                scope[FORWARDED_PREFIX] = prefix_of(list(scope["headers"]))  # type: ignore[literal-required]
                scope["headers"] = _with_forwarded_host(list(scope["headers"]))
        await super().__call__(scope, receive, send)


def _with_forwarded_host(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    for name, value in headers:
        if name == FORWARDED_HOST and value.strip():
            host = value.split(b",")[0].strip()
            return [(b"host", host), *((n, v) for n, v in headers if n != b"host")]
    return headers
