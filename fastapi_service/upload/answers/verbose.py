"""A file's transcript as verbose_json, and what other formats have of it. Pure."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from typing import Any

from contract.audio import SAMPLE_RATE_HZ
from contract.messages import Gap, Result
from contract.speech.spoken_language import LANGUAGES
from contract.state.files import DAMAGE_FIELDS, FileView
from fastapi_service.upload.answers.english import ENGLISH
from fastapi_service.upload.answers.lines import Line, one_line
from fastapi_service.upload.answers.transcript import UNSPACED, Transcript

NO_SPEAKERS = "Nobody could tell who speaks."
KNOWN_IGNORED = "Known speakers cannot be told by their voices here: speakers are called by letters."


def verbose(transcript: Transcript, view: FileView, words: bool, warnings: list[dict[str, Any]]) -> dict[str, Any]:
    """verbose_json of a file that is done; `words`: with the times of words."""
    lines = transcript.lines
    body: dict[str, Any] = {
        "task": transcript.task,
        "language": LANGUAGES[ENGLISH] if transcript.task == "translate" else transcript.language,  # as OpenAI has it
        "duration": duration_sec(view),
        "text": transcript.text,
        "segments": [segment_json(transcript, number, line) for number, line in enumerate(lines)],
    }
    if words:
        timed = lines if transcript.words_asked else []
        body["words"] = [word for line in timed for word in words_json(line.result)]
    return body | missing_json(transcript, warnings) | {"usage": usage(view)}


def missing_json(transcript: Transcript, warnings: list[dict[str, Any]]) -> dict[str, Any]:
    """What is not there of what was said, and why."""
    failed = [
        {"start": segment.start_sec, "end": segment.end_sec, "code": error.code, "reason": error.message}
        | ({} if segment.channel is None else {"channel": segment.channel})
        for segment, error in transcript.failed
    ]
    return {"failed_segments": failed, "warnings": warnings, "gaps": gaps_json(transcript.gaps)}


def segment_json(transcript: Transcript, number: int, line: Line, told: bool = True) -> dict[str, Any]:
    """One segment. What an older worker did not send is 0 (OpenAI's clients want numbers). `told`: who speaks is known
    by now, as far as it will be.

    Its text begins with the space before its first word, as OpenAI's does: clients put the texts together as they are.
    """
    result = line.result
    text = ("" if result.language in UNSPACED else " ") + one_line(result.text)
    raw = text.encode()
    return {
        "id": number,
        "seek": int(line.start_sec * 100),
        "start": line.start_sec,
        "end": line.end_sec,
        "text": text,
        "tokens": [],
        "temperature": result.temperature or 0.0,
        "avg_logprob": result.avg_logprob or 0.0,
        "compression_ratio": round(len(raw) / len(zlib.compress(raw)), 3),
        "no_speech_prob": result.no_speech_prob or 0.0,
        "language": result.language,
        **({} if result.channel is None else {"channel": result.channel}),
        **({"speaker": line.speaker} if transcript.speakers and told else {}),
        "translation": result.translation,
        "sentiment": None if result.sentiment is None else result.sentiment.model_dump(),
        "sentiment_reason": result.sentiment_reason,
        "sentences": [sentence.model_dump() for sentence in result.sentences],
        "doubtful": result.doubtful,
        "doubtful_reason": result.doubtful_reason,
        "gaps": gaps_json(result.gaps),
        **({"words": words_json(result)} if transcript.words_asked and result.words is not None else {}),
    }


def duration_sec(view: FileView) -> float:
    """Of the whole file."""
    return round(view.total_samples / SAMPLE_RATE_HZ, 3)


def usage(view: FileView) -> dict[str, Any]:
    """What OpenAI bills: begun seconds."""
    return {"type": "duration", "seconds": math.ceil(duration_sec(view))}


def warnings_of(transcript: Transcript, view: FileView, known_speakers: bool = False) -> list[dict[str, Any]]:
    """What the file held and could not be decoded, and what of the request could not be done. The figures let a client
    say the first in its own language. `known_speakers`: the request brought voices with names."""
    found = []
    if view.message:
        found.append(
            {"code": view.code, "message": view.message, **{name: getattr(view, name) for name in DAMAGE_FIELDS}}
        )
    if transcript.lacks_speakers:
        found.append(_warning("no_speakers", view.no_speakers or NO_SPEAKERS))
    if known_speakers:
        found.append(_warning("known_speakers_ignored", KNOWN_IGNORED))
    return found


def _warning(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "missing_parts": 0, "first_missing_sec": None, "cut_off_sec": None}


def gaps_json(gaps: Iterable[Gap]) -> list[dict[str, Any]]:
    """Speech that gave no words."""
    return [{"start": gap.start_sec, "end": gap.end_sec, "reason": gap.reason} for gap in gaps]


def words_json(result: Result) -> list[dict[str, Any]]:
    """The words of one segment, where their times are known."""
    return [{"word": w.word, "start": w.start_sec, "end": w.end_sec} for w in result.words or []]
