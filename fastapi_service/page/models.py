"""`GET /v1/models` and one of them, as OpenAI's API tells them: many clients ask before they take a server for one."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from contract.queues import STT_QUEUE
from fastapi_service.pipeline.snapshot import Pipeline
from fastapi_service.upload.errors import UploadRefusedError
from fastapi_service.upload.openapi import ERROR

PATH = "/v1/models"
ALIAS = "whisper-1"  # what OpenAI's clients ask for by themselves
OWNER = "WhisperTextAnalyzer"
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such model", **ERROR}}


class Model(BaseModel):
    """A model that files can be sent to."""

    id: str = Field(examples=[ALIAS])
    object: str = Field("model", examples=["model"])
    created: int = Field(description="when the gateway started, epoch seconds", examples=[1_700_000_000])
    owned_by: str = Field(OWNER, examples=[OWNER])


class ModelList(BaseModel):
    """The models in use, and `whisper-1`, which stands for whichever is."""

    object: str = Field("list", examples=["list"])
    data: list[Model]


def models_router(pipeline: Pipeline) -> APIRouter:
    """The routes. While no speech worker is known there is the alias alone."""
    router = APIRouter()
    started = int(time.time())

    async def known() -> dict[str, Model]:
        await pipeline.snapshot()
        running = {worker.model for worker in pipeline.known.workers.get(STT_QUEUE, []) if worker.model}
        return {name: Model(id=name, created=started) for name in [*sorted(running - {ALIAS}), ALIAS]}

    @router.get(PATH, response_model=ModelList)
    async def models() -> ModelList:
        """The speech models in use by name, and `whisper-1` for whichever is."""
        return ModelList(data=list((await known()).values()))

    @router.get(PATH + "/{model:path}", response_model=Model, responses=UNKNOWN)
    async def one(model: str) -> Model | Response:
        """One of them."""
        found = (await known()).get(model)
        if found is None:
            words = f"The model {model[:100]!a} does not exist; GET {PATH} lists those that do."
            return UploadRefusedError(404, "model_not_found", words, "model").response()
        return found

    return router
