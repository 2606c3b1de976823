"""`POST /v1/speakers` names a speaker, `POST /v1/speakers/forget` deletes the voice prints. docs/protocol.md has both.

Whoever has a session's id may: it is a secret of the one who speaks.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from contract.ids import session_tag
from contract.jobs import SESSION_PATTERN, plain_line
from contract.messages import MAX_NAME_CHARS, Speakers
from fastapi_service.access.drain import DrainingResponse
from fastapi_service.speakers.naming import ContestedError, SpeakerNames, UnknownError
from fastapi_service.upload.errors import UploadRefusedError, unavailable
from runtime.redis_retry import REDIS_ERRORS

logger = logging.getLogger(__name__)

PATH = "/v1/speakers"
BODY_MAX_BYTES = 4 * 1024
AGAIN_SEC = 1.0
ANSWERS: dict[int | str, dict[str, Any]] = {
    400: {"description": "no JSON, or a field that cannot be; the error names it"},
    404: {"description": "the session is not known, or has no such speaker"},
    413: {"description": "the body is too large"},
    503: {"description": "Redis cannot be reached; try again"},
}


class Forgetting(BaseModel):
    """The body of `/v1/speakers/forget`: whose voice prints."""

    model_config = ConfigDict(extra="ignore")

    session: str = Field(pattern=SESSION_PATTERN, description="the session's id, as its `session` message named it")


class Naming(Forgetting):
    """The body of `/v1/speakers`: who in which session has what name; null or empty takes the name away."""

    speaker: int = Field(ge=1, strict=True, examples=[2])
    name: Annotated[
        str | None,
        Field(max_length=MAX_NAME_CHARS, description="one line", examples=["Anna"]),
        AfterValidator(lambda name: None if name is None else plain_line(name)),
    ] = None


Body = TypeVar("Body", bound=Forgetting)


def speakers_router(names: SpeakerNames) -> APIRouter:
    """The routes. The guard lets in whoever has the access token, or its cookie."""
    router = APIRouter()

    @router.post(PATH, response_model=Speakers, responses=ANSWERS, openapi_extra=_body_of(Naming))
    async def name(request: Request) -> Response:
        """Give a speaker of a session a name, or take it away. Everybody who listens is told."""
        return await _answered(_name(request, names))

    @router.post(f"{PATH}/forget", response_model=Speakers, responses=ANSWERS, openapi_extra=_body_of(Forgetting))
    async def forget(request: Request) -> Response:
        """Delete the voice prints of a session at once. Who was told apart stays; new speech gets new speakers."""
        return await _answered(_forget(request, names))

    return router


def _body_of(model: type[BaseModel]) -> dict[str, Any]:
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


async def _name(request: Request, names: SpeakerNames) -> Speakers:
    asked = await _read(request, Naming)
    name = (asked.name or "").strip() or None
    told = await names.name(asked.session, asked.speaker, name)
    has = "no name" if name is None else "a name"
    logger.info("session %s: speaker %d has %s", session_tag(asked.session), asked.speaker, has)
    return told


async def _forget(request: Request, names: SpeakerNames) -> Speakers:
    asked = await _read(request, Forgetting)
    told = await names.forget_voices(asked.session)
    logger.info("session %s: voice prints deleted", session_tag(asked.session))
    return told


async def _answered(work: Awaitable[Speakers]) -> Response:
    try:
        told = await work
    except UploadRefusedError as refusal:
        answer = refusal.response()
        return DrainingResponse(answer) if refusal.status == 413 else answer
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    except UnknownError as problem:
        code = f"unknown_{problem.param}"
        return UploadRefusedError(404, code, str(problem), problem.param).response()
    except ContestedError:
        return unavailable("The session's speakers change all the time; try again.", AGAIN_SEC).response()
    except REDIS_ERRORS as problem:
        logger.warning("speakers not written: %s", problem)
        return unavailable("The service is starting or recovering.").response()
    return JSONResponse(told.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


async def _read(request: Request, model: type[Body]) -> Body:
    """The body. Raises UploadRefusedError."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_MAX_BYTES:
            raise UploadRefusedError(413, "too_large", f"The body is larger than {BODY_MAX_BYTES} bytes.")
    try:
        return model.model_validate_json(body)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        if not first["loc"]:
            raise UploadRefusedError(400, "invalid_json", "The body must be a JSON object.") from None
        param = str(first["loc"][0])
        raise UploadRefusedError(400, "bad_value", f"{param}: {first['msg']}.", param) from None
