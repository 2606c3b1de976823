"""A file's transcript as OpenAI's diarized_json: who said what. Pure."""

from __future__ import annotations

from typing import Any

from contract.state.files import FileView
from fastapi_service.upload.answers.lines import Line, label_of, one_line
from fastapi_service.upload.answers.transcript import Transcript
from fastapi_service.upload.answers.verbose import duration_sec, missing_json, usage


def diarized(transcript: Transcript, view: FileView, warnings: list[dict[str, Any]]) -> dict[str, Any]:
    """diarized_json of a file that is done, and what is missing in it."""
    return {
        "task": transcript.task,
        "duration": duration_sec(view),
        "text": transcript.text,
        "segments": [diarized_segment(number, line) for number, line in enumerate(transcript.lines)],
        **missing_json(transcript, warnings),
        "usage": usage(view),
    }


def diarized_segment(number: int, line: Line) -> dict[str, Any]:
    """One segment, which is an event of a stream as well."""
    return {
        "type": "transcript.text.segment",
        "id": str(number),
        "start": line.start_sec,
        "end": line.end_sec,
        "speaker": label_of(line.speaker),
        "text": one_line(line.result.text),
    }
