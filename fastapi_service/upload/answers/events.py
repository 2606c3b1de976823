"""The server-sent events of a file, as OpenAI's clients read them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from contract.state.files import FileView
from fastapi_service.upload.answers.diarized import diarized_segment
from fastapi_service.upload.answers.transcript import Added, Transcript
from fastapi_service.upload.answers.verbose import duration_sec, missing_json, segment_json, usage, warnings_of
from fastapi_service.upload.options import UploadOptions


def event(body: dict[str, Any]) -> bytes:
    """One server-sent event, with its type as its name: some clients read no others (Subtitle Edit)."""
    return f"event: {body['type']}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def added_events(transcript: Transcript, added: Added, options: UploadOptions) -> Iterator[dict[str, Any]]:
    """What a segment brings at once: its text, and where no speaker belongs to it, itself."""
    yield {"type": "transcript.text.delta", "delta": added.delta}
    if options.format != "diarized_json":
        yield segment_event(segment_json(transcript, added.number, added.line, told=False))


def segment_event(segment: dict[str, Any]) -> dict[str, Any]:
    """The event that brings `segment` (of `segment_json`), with the fields that OpenAI's clients expect of it.

    Others (Subtitle Edit) look for an object of its number, times and text inside.
    """
    inner = {name: segment[name] for name in ("id", "start", "end", "text")}
    return {"type": "transcript.text.segment", **segment, "id": str(segment["id"]), "speaker": "", "segment": inner}


def speaker_events(transcript: Transcript, options: UploadOptions) -> Iterator[dict[str, Any]]:
    """Who spoke, which is known once all was heard: OpenAI's segments, or for each that came before, its turns."""
    if not transcript.speakers:
        return
    if options.format == "diarized_json":
        for number, line in enumerate(transcript.lines):
            yield diarized_segment(number, line)
        return
    for number, (segment, result) in enumerate(transcript.told()):
        turns = [
            {
                "speaker": turn.speaker,
                "start": turn.start_sec,
                "end": turn.end_sec,
                "first_char": turn.first_char,
                "end_char": turn.end_char,
            }
            for turn in result.turns
        ]
        whole = {"start": segment.start_sec, "end": segment.end_sec, "first_char": 0, "end_char": len(result.text)}
        told = turns or [{"speaker": result.speaker, **whole}]
        channel = {} if result.channel is None else {"channel": result.channel}
        place = {"id": str(number), "start": segment.start_sec, **channel}
        yield {"type": "transcript.segment.turns", **place, "turns": told}


def done_event(transcript: Transcript, view: FileView, options: UploadOptions) -> dict[str, Any]:
    """The last event of a stream."""
    return {
        "type": "transcript.text.done",
        "text": transcript.text,
        "duration": duration_sec(view),
        "language": transcript.language,
        **missing_json(transcript, warnings_of(transcript, view, options.known_speakers)),
        "usage": usage(view),
    }
