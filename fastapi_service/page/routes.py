"""What the gateway serves over HTTP: the page, its clips, and the health endpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware

from fastapi_service.access.guard import is_authorised
from fastapi_service.page.openapi import NOT_READY, Alive
from fastapi_service.pipeline.health import Health, Ready

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).parents[1] / "static"
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; style-src 'self'; img-src 'self' data:; "
        "worker-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), display-capture=(self)",
    "Cache-Control": "no-cache",
}
# These two are about a document, and a page of 60 scripts would carry them 60 times.
OF_DOCUMENTS = frozenset(("Content-Security-Policy", "Permissions-Policy"))
NO_DOCUMENTS = ("text/javascript", "text/css")


class SecurityHeaders:
    """ASGI middleware that puts SECURITY_HEADERS on every HTTP response, those OF_DOCUMENTS on all but scripts and
    styles; WebSockets pass by."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its response back with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                document = not headers.get("Content-Type", "").startswith(NO_DOCUMENTS)
                for name, value in SECURITY_HEADERS.items():
                    if document or name not in OF_DOCUMENTS:
                        headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def add_pages(app: FastAPI, health: Health, clips: Path) -> None:
    """Put the page, the clips (if `clips` is there) and the health endpoints on `app`."""
    router = APIRouter()

    @router.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def index() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @router.get("/healthz", response_model=Alive)
    async def healthz() -> dict[str, str]:
        """Alive: the process answers."""
        return {"status": "alive"}

    @router.get("/readyz", response_model=Ready, responses=NOT_READY)
    async def readyz(request: Request, page: bool = False) -> Response:
        """Ready: Redis can be reached, and a speech and a sentiment worker are alive. Else 503, with what is missing.

        Without a token, where one is required, only `ready` is sent. With `?page=1` the status is always 200: browsers
        write every 503 to their consoles.
        """
        state = await health.readiness()
        body = state.model_dump(mode="json", include=None if is_authorised(request.scope) else {"ready"})
        if state.ready or page:
            return JSONResponse(body)
        return JSONResponse(body, status_code=503, headers={"Retry-After": "5"})

    app.include_router(router)
    app.mount("/static", GZipMiddleware(StaticFiles(directory=STATIC)), name="static")  # a third of its size
    if clips.is_dir():
        app.mount("/demo/clips", StaticFiles(directory=clips), name="clips")
    app.add_middleware(SecurityHeaders)
