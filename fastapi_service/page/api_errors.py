"""What goes wrong under `/v1` is told in OpenAI's form, whoever finds it: the router, FastAPI, or nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fastapi_service.access.cors import is_api
from fastapi_service.upload.errors import UploadRefusedError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CODES = {404: "unknown_url", 405: "method_not_supported"}  # OpenAI's
FAULT = "The server made a mistake. Its log tells more."


def add_api_errors(app: FastAPI) -> None:
    """Have `app` answer so. What is no HTTP error goes on to the server's log."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, problem: HTTPException) -> Response:
        if not is_api(request.scope):
            return await http_exception_handler(request, problem)
        words = str(problem.detail)
        if problem.status_code in CODES:
            words = f"{request.method} {request.url.path[:200]}: {words}. docs/files.md lists the addresses."
        code = CODES.get(problem.status_code, "bad_request")
        answer = UploadRefusedError(problem.status_code, code, words).response()
        answer.headers.update(problem.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, problem: RequestValidationError) -> Response:
        if not is_api(request.scope):
            return await request_validation_exception_handler(request, problem)
        first = problem.errors()[0]
        name = str(first["loc"][-1])
        return UploadRefusedError(400, "bad_value", f"{name}: {first['msg']}.", name).response()

    app.add_middleware(ApiFaults)


class ApiFaults:
    """ASGI middleware that answers for an app that raised before it answered. The exception goes on, to be logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not is_api(scope):
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if not begun:
                await UploadRefusedError(500, "server_error", FAULT).response()(scope, receive, send)
            raise
