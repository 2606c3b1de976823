"""`/openapi.json`: the HTTP routes with what the guard refuses, and the WebSocket's messages with an example of each.

OpenAPI has no WebSockets: their messages stand among the schemas, and `x-websocket` says where they travel. There is
no `/docs`: FastAPI's page comes from other people's servers, which the Content-Security-Policy keeps out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field, TypeAdapter

import contract
from contract.messages import ServerMessage
from contract.websocket import SUBPROTOCOL
from fastapi_service.access.cors import API
from fastapi_service.access.guard import PUBLIC_PATHS
from fastapi_service.access.tokens import COOKIE
from fastapi_service.pipeline.health import Ready

EXAMPLES = Path(contract.__file__).with_name("examples.json")
ABOUT = "Speech to text and sentiment. Audio travels over the WebSocket at /ws: docs/protocol.md tells how."
METHODS = ("get", "post", "put", "delete", "patch")
RETRY_AFTER: dict[str, Any] = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}


class Alive(BaseModel):
    """The process answers."""

    status: str = Field(examples=["alive"])


class Refused(BaseModel):
    """Why a request was refused, as OpenAI's API says it: a code for programs, words, and the field at fault."""

    code: str = Field(examples=["not_allowed"])
    message: str = Field(examples=["This service asks for its access token."])
    type: str = Field(examples=["invalid_request_error"])
    param: str | None = Field(None, examples=[None])


class Refusal(BaseModel):
    """A refusal's body."""

    error: Refused


NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {"model": Ready, "description": "something is missing", "headers": RETRY_AFTER}
}
GUARDED = {
    "401": ("no access token, or a wrong one", "not_allowed", "This service asks for its access token."),
    "403": ("a page of another site", "origin_not_allowed", "This page is of another site, which is not allowed here."),
    "429": ("too many wrong tokens from this address", "too_many_attempts", "Wait before the next one."),
}
INVALID = "invalid_request_error"
KIND = {"429": "rate_limit_error"}
LONG_QUERY = {"414": ("a query that is too long", "query_too_long", "The query is longer than allowed.")}


def describe(app: FastAPI) -> None:
    """Have `app` describe itself so, once all its routes are there."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version="1", description=ABOUT, routes=app.routes)
    parts = schema.setdefault("components", {})
    shapes = parts.setdefault("schemas", {})
    shapes |= _shapes(TypeAdapter(ServerMessage), "ServerMessage") | _shapes(TypeAdapter(Refusal), "Refusal")
    for message in json.loads(EXAMPLES.read_text(encoding="utf-8")).values():
        shapes[message["type"].capitalize()]["examples"] = [message]
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "the access token, where the service has one"},
        "login": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "what POST /login gives"},
    }
    for path, operations in schema["paths"].items():
        for method in METHODS:
            if method in operations:
                if path.startswith(f"{API}/"):
                    operations[method]["responses"].pop("422", None)  # FastAPI's; page.api_errors makes it a 400
                _guard(operations[method], path in PUBLIC_PATHS)
    schema["x-websocket"] = {
        "path": "/ws",
        "subprotocol": SUBPROTOCOL,
        "receives": "binary frames of s16le mono 16 kHz audio; an empty one ends the utterance",
        "sends": {"$ref": "#/components/schemas/ServerMessage"},
        "documentation": "docs/protocol.md",
    }
    return schema


def _shapes(adapter: TypeAdapter[Any], name: str) -> dict[str, Any]:
    """The schema of a type under `name`, and of those that it is made of."""
    shape = adapter.json_schema(ref_template="#/components/schemas/{model}")
    parts: dict[str, Any] = shape.pop("$defs", {})
    return {**parts, name: shape}


def _guard(operation: dict[str, Any], is_open: bool) -> None:
    """Add what the guard may answer."""
    refusals = LONG_QUERY if is_open else {**GUARDED, **LONG_QUERY}
    for status, (why, code, words) in refusals.items():
        body = {
            "schema": {"$ref": "#/components/schemas/Refusal"},
            "example": {"error": {"code": code, "message": words, "type": KIND.get(status, INVALID), "param": None}},
        }
        answer = operation["responses"].setdefault(status, {"description": why, "content": {}})
        answer.setdefault("content", {}).setdefault("application/json", body)
        if status == "429":
            answer.setdefault("headers", RETRY_AFTER)
    if not is_open:
        operation.setdefault("security", [{}, {"token": []}, {"login": []}])
