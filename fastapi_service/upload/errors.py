"""Refusals of the upload API, in the form that OpenAI's clients read."""

from __future__ import annotations

import math
from typing import Any

from starlette.responses import JSONResponse, Response

RETRY_SEC = 10.0  # when a client whose file was not taken may come back


class UploadRefusedError(Exception):
    """Why a request is not served. `param` names the field at fault; `retry_sec` above 0: when to come again."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None, retry_sec: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.retry_sec = retry_sec

    @property
    def body(self) -> dict[str, Any]:
        """What is sent."""
        kind = "rate_limit_error" if self.status == 429 else "server_error" if self.status >= 500 else None
        error = {
            "message": self.message,
            "type": kind or "invalid_request_error",
            "param": self.param,
            "code": self.code,
        }
        return {"error": error}

    def response(self) -> Response:
        """The answer."""
        headers = {"Cache-Control": "no-store"}
        if self.retry_sec:
            headers["Retry-After"] = str(math.ceil(self.retry_sec))
        return JSONResponse(self.body, self.status, headers)


def unavailable(message: str, retry_sec: float = RETRY_SEC) -> UploadRefusedError:
    """The service cannot do it now."""
    return UploadRefusedError(503, "unavailable", message, retry_sec=retry_sec)
