"""Refusals in JSON: over HTTP, and as an event of the Realtime API."""

from __future__ import annotations

import math
import secrets
from typing import Any

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


def error_event(
    code: str, words: str, kind: str | None = None, param: str | None = None, event_id: str | None = None
) -> dict[str, Any]:
    """An `error` event of OpenAI's Realtime API. `event_id`: of the client's event that it answers."""
    error = {
        "type": kind or "invalid_request_error",
        "code": code,
        "message": words,
        "param": param,
        "event_id": event_id,
    }
    return {"type": "error", "event_id": f"event_{secrets.token_hex(12)}", "error": error}
