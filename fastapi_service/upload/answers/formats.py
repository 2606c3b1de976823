"""A file's transcript in each format, the way OpenAI's API gives them. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby

from contract.state.files import FileView
from fastapi_service.subtitles.files import srt, vtt
from fastapi_service.subtitles.pieces import Spoken, milliseconds, spoken
from fastapi_service.upload.answers.diarized import diarized
from fastapi_service.upload.answers.lines import Line, name_of, one_line
from fastapi_service.upload.answers.transcript import Transcript, glue
from fastapi_service.upload.answers.verbose import usage, verbose, warnings_of
from fastapi_service.upload.options import ResponseFormat, UploadOptions

CONTENT_TYPES: dict[ResponseFormat, str] = {
    "json": "application/json",
    "verbose_json": "application/json",
    "diarized_json": "application/json",
    "text": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
}


def answer(transcript: Transcript, options: UploadOptions, view: FileView) -> str:
    """The whole body in the format that was asked for, of a file that is done."""
    if options.format == "text":
        return _by_speakers(transcript.lines) if transcript.speakers else transcript.text + "\n"
    if options.format in ("srt", "vtt"):
        return (srt if options.format == "srt" else vtt)(_subtitled(transcript))
    if options.format == "json":
        return json.dumps({"text": transcript.text, "usage": usage(view)}, ensure_ascii=False)
    warnings = warnings_of(transcript, view, options.known_speakers)
    if options.format == "diarized_json":
        return json.dumps(diarized(transcript, view, warnings), ensure_ascii=False)
    return json.dumps(verbose(transcript, view, options.words, warnings), ensure_ascii=False)


def _by_speakers(lines: Sequence[Line]) -> str:
    """A line for each stretch of one speaker."""
    found = []
    for speaker, together in groupby(lines, key=lambda line: line.speaker):
        text = ""
        for line in together:
            text += glue(text, line.result) + one_line(line.result.text)
        found.append(f"{name_of(speaker)}: {text}\n")
    return "".join(found)


def _subtitled(transcript: Transcript) -> list[Spoken]:
    """In the order and the time of the file, as subtitles take them."""
    results: list[Spoken] = []
    for line in transcript.lines:
        begin_ms = max(milliseconds(line.start_sec), results[-1].end_ms if results else 0)
        end_ms = begin_ms + max(1, milliseconds(line.end_sec - line.start_sec))
        name = name_of(line.speaker) if transcript.speakers else None
        results.append(spoken(line.result, line.start_sec, begin_ms, end_ms, name))
    return results
