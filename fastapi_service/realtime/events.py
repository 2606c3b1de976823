"""Events to the client, and the errors among them, in OpenAI's shapes."""

from __future__ import annotations

import secrets
from typing import Any

from fastapi_service.access.refusals import error_event

Event = dict[str, Any]
TRANSCRIPTION = "conversation.item.input_audio_transcription"


class ApiError(Exception):
    """The client's event is refused; the connection goes on. `param`: the field at fault."""

    def __init__(self, message: str, param: str | None = None, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code

    def event(self, event_id: str | None) -> Event:
        """What is sent. `event_id`: of the client's event."""
        return error_event(self.code, self.message, param=self.param, event_id=event_id)


def new_id(prefix: str) -> str:
    """An id like OpenAI's."""
    return f"{prefix}_{secrets.token_hex(12)}"


def event(kind: str, **fields: Any) -> Event:
    """An event of this type."""
    return {"type": kind, "event_id": new_id("event"), **fields}


def user_item(item_id: str, transcript: str | None = None) -> Event:
    """What a turn is in the conversation. `transcript`: None where it has none, which comes in events of its own."""
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_audio", "transcript": transcript}],
    }
