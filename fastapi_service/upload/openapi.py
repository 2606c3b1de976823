"""What the API's own description (OpenAPI) says of the upload API."""

from __future__ import annotations

from typing import Any

EXAMPLE = {"text": "I love this movie."}
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
                        "required": ["message", "code"],
                    }
                },
                "required": ["error"],
            }
        }
    }
}
TRANSCRIPTION_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "Sound, or video with sound."},
                    "model": {"type": "string", "description": "Any name; the running model is used."},
                    "language": {
                        "type": "string",
                        "description": "What is spoken: a code, a locale or an English name; auto to have it found.",
                        "examples": ["en", "pt-BR", "korean", "auto"],
                    },
                    "prompt": {"type": "string", "description": "Names and words that may be spoken."},
                    "response_format": {"type": "string", "enum": ["json", "text", "srt", "vtt", "verbose_json"]},
                    "timestamp_granularities[]": {
                        "type": "array",
                        "items": {"type": "string", "enum": ["segment", "word"]},
                    },
                    "stream": {"type": "boolean"},
                    "temperature": {"type": "number", "minimum": 0, "maximum": 1},
                },
                "required": ["file", "model"],
            }
        }
    },
}
TRANSCRIPTION_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "what was said, in the format that was asked for",
        "content": {
            "application/json": {"example": EXAMPLE},
            "text/plain": {},
            "text/vtt": {},
            "application/x-subrip": {},
            "text/event-stream": {},
        },
    },
    400: {"description": "the form is wrong", **ERROR},
    401: {"description": "the access token is missing or wrong", **ERROR},
    403: {"description": "a page of another site", **ERROR},
    408: {"description": "the file did not arrive in time", **ERROR},
    409: {"description": "cancelled", **ERROR},
    413: {"description": "the file is too large or too long", **ERROR},
    415: {"description": "no sound in it that can be decoded", **ERROR},
    429: {"description": "too many files; see Retry-After", **ERROR},
    500: {"description": "the work on the file broke off again and again", **ERROR},
    503: {"description": "it cannot be done now; see Retry-After", **ERROR},
}
CANCEL_ANSWERS: dict[int | str, dict[str, Any]] = {
    401: TRANSCRIPTION_ANSWERS[401],
    403: TRANSCRIPTION_ANSWERS[403],
    404: {"description": "there is no such transcription", **ERROR},
    503: TRANSCRIPTION_ANSWERS[503],
}
