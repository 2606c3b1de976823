"""Short-lived keys, for pages that are not to have the access token: a program with the token asks for one.

A key is the session that it was asked for, in base64url, and the time at which it expires, signed with the access
token. It opens `/v1/realtime` and nothing else, as often as its owner likes until it expires; nothing is stored.
"""

from __future__ import annotations

import base64
import json
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fastapi_service.access.tokens import KEY_PREFIX, Access
from fastapi_service.realtime.config import Config
from fastapi_service.realtime.events import ApiError, new_id
from fastapi_service.realtime.update import updated

BODY_MAX_BYTES = 16 * 1024
PAYLOAD_MAX_CHARS = 1_500  # of the session: a key must fit into a sub-protocol (SUBPROTOCOLS_MAX_CHARS)
USUAL_SEC = 600
BODY: dict[str, Any] = {"content": {"application/json": {"schema": {"type": "object"}}}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "the key, and the session that it opens"},
    400: {"description": "a field that cannot be; the error names it"},
    413: {"description": "the body is too large"},
}


class _Expiry(BaseModel):
    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=10, le=7_200)] = USUAL_SEC


class _Asked(BaseModel):
    session: dict[str, Any] = Field(default_factory=dict)
    expires_after: _Expiry = Field(default_factory=_Expiry)


def client_secrets_router(access: Access) -> APIRouter:
    """The routes. The guard lets in whoever has the access token."""
    router = APIRouter()

    @router.post("/v1/realtime/client_secrets", responses=ANSWERS, openapi_extra={"requestBody": BODY})
    async def client_secret(request: Request) -> Response:
        """Make a short-lived key for the Realtime API (`session` and `expires_after` as OpenAI has them)."""
        return await _answer(request, access, flat=False)

    @router.post("/v1/realtime/transcription_sessions", responses=ANSWERS, openapi_extra={"requestBody": BODY})
    async def transcription_session(request: Request) -> Response:
        """Make a short-lived key, as the beta of OpenAI's API does: the body is the session."""
        return await _answer(request, access, flat=True)

    return router


def config_of(key: str | None) -> Config:
    """The session that a short-lived key was asked for; the usual one where it is none. The guard has checked it."""
    if key is None or not key.startswith(KEY_PREFIX):
        return Config()
    payload = key.removeprefix(KEY_PREFIX).partition(".")[0]
    try:
        session = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return updated(Config(), session)[0]
    except (ValueError, RecursionError, ApiError):
        return Config()


async def _answer(request: Request, access: Access, flat: bool) -> Response:
    try:
        body = await _body(request)
        asked = _Asked(session=body) if flat else _Asked.model_validate(body)
        config, _ = updated(Config(), asked.session)
        payload = base64.urlsafe_b64encode(json.dumps(asked.session).encode()).decode().rstrip("=")
        if len(payload) > PAYLOAD_MAX_CHARS:
            raise ApiError("The session is too long for a key. Set the rest with `session.update`.", "session")
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        return _refusal(ApiError(f"{first['msg']}.", ".".join(map(str, first["loc"]))))
    except ApiError as problem:
        return _refusal(problem, 413 if problem.code == "too_large" else 400)
    expires_at = int(time.time()) + asked.expires_after.seconds
    value = access.short_lived_key(payload, expires_at)
    session = (config.flat if flat else config.nested)(new_id("sess"), expires_at)
    secret = {"value": value, "expires_at": expires_at}
    told = {**session, "client_secret": secret} if flat else {**secret, "session": session}
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


async def _body(request: Request) -> dict[str, Any]:
    """The body as JSON; nothing is an empty object. Raises ApiError."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_MAX_BYTES:
            raise ApiError(f"The body is larger than {BODY_MAX_BYTES} bytes.", code="too_large")
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise ApiError("The body is not valid JSON.", code="invalid_json") from None
    if not isinstance(given, dict):
        raise ApiError("The body must be a JSON object.", code="invalid_json")
    return given


def _refusal(problem: ApiError, status: int = 400) -> Response:
    error = {"type": "invalid_request_error", "code": problem.code, "message": problem.message, "param": problem.param}
    return JSONResponse({"error": error}, status, {"Cache-Control": "no-store"})
