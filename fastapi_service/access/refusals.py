"""The refusals of the guard in JSON."""

from __future__ import annotations

import math

from starlette.responses import JSONResponse, Response

OTHER_SITE = "This page is of another site, which is not allowed here (ALLOWED_ORIGINS)."


def refusal_json(status: int, code: str, words: str, wait_sec: float = 0.0) -> Response:
    """A refusal for programs."""
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if wait_sec:
        headers["Retry-After"] = str(math.ceil(wait_sec))
    kind = "rate_limit_error" if status == 429 else "invalid_request_error"  # as OpenAI's clients know them
    error = {"code": code, "message": words, "type": kind, "param": None}
    return JSONResponse({"error": error}, status, headers)
