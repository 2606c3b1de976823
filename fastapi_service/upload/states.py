"""A transcription as `GET /v1/audio/transcriptions/{id}` tells it. Pure. The names of states are OpenAI's."""

from __future__ import annotations

from typing import Any

from contract.state.files import FileState, FileView
from fastapi_service.upload.errors import UploadRefusedError
from fastapi_service.upload.following import far_of
from fastapi_service.upload.options import Task

STATUS: dict[FileState, str] = {
    "waiting": "queued",
    "working": "in_progress",
    "done": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
OBJECTS: dict[Task, str] = {"transcribe": "transcription", "translate": "translation"}


def state_json(
    file_id: str,
    view: FileView,
    task: Task,
    result: dict[str, Any] | None = None,
    refusal: UploadRefusedError | None = None,
) -> dict[str, Any]:
    """The state, with the `result` (verbose_json) of one that is done, or why it failed; no English is one failure."""
    status = STATUS[view.state]
    return {
        "id": file_id,
        "object": OBJECTS[task],
        "status": "failed" if refusal is not None and status == "completed" else status,
        **far_of(view),
        "result": result,
        "error": None if refusal is None else refusal.body["error"],
    }
