"""What the API's own description (OpenAPI) says of the upload API: what each route is registered with."""

from __future__ import annotations

from typing import Any

Answers = dict[int | str, dict[str, Any]]

ERROR: dict[str, Any] = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "error": {
                        "type": "object",
                        "properties": {
                            "message": {"type": "string"},
                            "type": {"type": "string"},
                            "param": {"type": ["string", "null"]},
                            "code": {"type": "string"},
                        },
                        "required": ["message", "type", "param", "code"],
                    }
                },
                "required": ["error"],
            }
        }
    }
}
IN_ENGLISH = ["json", "text", "srt", "vtt", "verbose_json"]
FORMATS = [*IN_ENGLISH, "diarized_json"]
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
STATE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "object": {"type": "string", "enum": ["transcription", "translation"]},
        "status": {"type": "string", "enum": ["queued", "in_progress", "completed", "failed", "cancelled"]},
        "done_sec": {"type": "number"},
        "total_sec": {"type": ["number", "null"]},
        "waiting": {"type": "boolean"},
        "result": {"anyOf": [TEXT, {"type": "null"}]},
        "error": {"type": ["object", "null"]},
    },
    "required": ["id", "object", "status", "done_sec", "total_sec", "waiting", "result", "error"],
}
FILE = {"type": "string", "format": "binary", "description": "Sound, or video with sound."}
FIELDS: dict[str, Any] = {
    "file": FILE,
    "model": {"type": "string", "description": "Any name, or none; the running model is used."},
    "language": {
        "type": "string",
        "description": "What is spoken: a code, a locale or an English name; auto to have it found.",
        "examples": ["en", "pt-BR", "korean", "auto"],
    },
    "prompt": {"type": "string", "description": "Names and words that may be spoken; of a long one the end counts."},
    "hotwords": {"type": "string", "description": "Another name for the prompt."},
    "response_format": {"type": "string", "enum": IN_ENGLISH},
    "speakers": {"type": "boolean", "description": "true: tell who speaks as well."},
    "temperature": {"type": "number", "minimum": 0, "maximum": 1},
    "background": {"type": "boolean", "description": "true: answer at once, with the address of the state."},
}
WORDS = {"type": "array", "items": {"type": "string", "enum": ["segment", "word"]}}
OF_TRANSCRIPTIONS: dict[str, Any] = {
    "response_format": {
        "type": "string",
        "enum": FORMATS,
        "description": "diarized_json is who said what, as OpenAI has it.",
    },
    "timestamp_granularities[]": WORDS,
    "stream": {"type": "boolean", "description": "With the three of JSON: server-sent events."},
    "chunking_strategy": {"description": "Taken, and without effect."},
    "known_speaker_names[]": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Taken; a warning says that speakers are not known by their voices.",
    },
    "progress": {"type": "boolean", "description": "With stream: events that tell how far the work is, too."},
}
RESULT: dict[str, Any] = {
    "description": "what was said, in the format that was asked for; the state where that was asked for",
    "content": {
        "application/json": {"schema": {"anyOf": [TEXT, STATE]}, "example": {"text": "I love this movie."}},
        "text/plain": {},
        "text/vtt": {},
        "application/x-subrip": {},
    },
}
EVENTS: dict[str, Any] = {"text/event-stream": {}}
IN_WORK: dict[str, Any] = {
    "description": "it is in work: the state, whose address is in Location",
    "content": {"application/json": {"schema": STATE}},
}
REFUSALS: Answers = {
    400: {"description": "the form is wrong, or the model cannot translate", **ERROR},
    401: {"description": "the access token is missing or wrong", **ERROR},
    403: {"description": "a page of another site", **ERROR},
    404: {"description": "there is no such transcription", **ERROR},
    408: {"description": "the file did not arrive in time", **ERROR},
    409: {"description": "cancelled", **ERROR},
    413: {"description": "the file is too large or too long", **ERROR},
    415: {"description": "no sound in it that can be decoded", **ERROR},
    429: {"description": "too many files; see Retry-After", **ERROR},
    500: {"description": "the work on the file broke off again and again", **ERROR},
    503: {"description": "it cannot be done now; see Retry-After", **ERROR},
}


def _but(*left_out: int) -> Answers:
    return {status: answer for status, answer in REFUSALS.items() if status not in left_out}


def _body(fields: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": fields, "required": ["file"]}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


STREAMED: dict[str, Any] = {**RESULT, "content": {**RESULT["content"], **EVENTS}}
TOLD: dict[str, Any] = {
    "description": "the state; with response_format what was said, with stream the events",
    "content": STREAMED["content"],
}
TRANSCRIBE: dict[str, Any] = {
    "responses": {200: STREAMED, 202: IN_WORK, **_but(404)},
    "openapi_extra": _body({**FIELDS, **OF_TRANSCRIPTIONS}),
}
TRANSLATE: dict[str, Any] = {"responses": {200: RESULT, 202: IN_WORK, **_but(404)}, "openapi_extra": _body(FIELDS)}
TELL: dict[str, Any] = {
    "responses": {200: TOLD, 202: IN_WORK, **_but(408)},
    "openapi_extra": {
        "parameters": [
            _query("response_format", {"type": "string", "enum": FORMATS}, "the result alone, in this format"),
            _query("timestamp_granularities[]", WORDS, "word: with the times of words, where they were asked for"),
            _query("stream", {"type": "boolean"}, "true: the events from the beginning"),
            _query("progress", {"type": "boolean"}, "true: with the progress among them"),
        ]
    },
}
CANCEL: dict[str, Any] = {"responses": {status: REFUSALS[status] for status in (401, 403, 404, 503)}}
