"""A file's segments as text, subtitles and JSON, the way OpenAI's API gives them. Pure."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from contract.audio import SAMPLE_RATE_HZ
from contract.messages import Dropped, Error, Gap, Result
from contract.spoken_language import LANGUAGES
from contract.state.files import DAMAGE_FIELDS, FileSegment, FileView
from fastapi_service.subtitles.files import srt, vtt
from fastapi_service.subtitles.pieces import Spoken, milliseconds, spoken
from fastapi_service.upload.english import ENGLISH, NO_ENGLISH, in_english
from fastapi_service.upload.options import Task, UploadOptions

UNSPACED = {"zh", "yue", "ja", "th", "lo", "my"}  # written without spaces between words
CONTENT_TYPES = {
    "json": "application/json",
    "verbose_json": "application/json",
    "text": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
}


class Transcript:
    """The segments of a file so far; with the task `translate` in English."""

    def __init__(self, file_id: str, task: Task = "transcribe") -> None:
        self.file_id = file_id
        self._task = task
        self._spoken: list[tuple[FileSegment, Result]] = []
        self._failed: list[tuple[FileSegment, Error]] = []
        self._gaps: list[Gap] = []

    def add(self, segment: FileSegment) -> tuple[dict[str, Any], str] | None:
        """Take the next segment; returns it for clients and what it adds to the text, None where it has none."""
        if self._task == "translate":
            segment = in_english(segment)
        outcome = segment.outcome
        if isinstance(outcome, Error):
            self._failed.append((segment, outcome))
        if isinstance(outcome, Dropped) and outcome.reason != "no_speech":
            self._gaps.append(Gap(start_sec=segment.start_sec, end_sec=segment.end_sec, reason=outcome.reason))
        if not isinstance(outcome, Result) or not outcome.text.strip():
            return None
        before = self._spoken[-1][1].text if self._spoken else ""
        self._spoken.append((segment, outcome))
        self._gaps += outcome.gaps
        return segment_json(len(self._spoken) - 1, segment, outcome), glue(before, outcome) + one_line(outcome.text)

    @property
    def text(self) -> str:
        """All that was said."""
        pieces: list[str] = []
        before = ""
        for _, result in self._spoken:
            pieces += [glue(before, result), one_line(result.text)]
            before = result.text
        return "".join(pieces)

    @property
    def untranslated(self) -> str | None:
        """Why more of what was said is missing in English than is there; None where it is not."""
        missing = [(segment, error) for segment, error in self._failed if error.code == NO_ENGLISH]
        lost = sum(segment.end - segment.start for segment, _ in missing)
        there = sum(segment.end - segment.start for segment, _ in self._spoken)
        return missing[0][1].message if lost > there else None

    @property
    def language(self) -> str:
        """The language that was spoken for longest."""
        lasted: Counter[str] = Counter()
        for segment, result in self._spoken:
            lasted[result.language] += segment.end - segment.start
        return lasted.most_common(1)[0][0] if lasted else ""

    def answer(self, options: UploadOptions, view: FileView) -> str:
        """The whole body in the format that was asked for, of a file that is done."""
        if options.format == "text":
            return self.text + "\n"
        if options.format == "srt":
            return srt(self._results())
        if options.format == "vtt":
            return vtt(self._results())
        if options.format == "json":
            return json.dumps({"text": self.text, "usage": _usage(view)}, ensure_ascii=False)
        return json.dumps(self.verbose(view, options.words), ensure_ascii=False)

    def verbose(self, view: FileView, words: bool) -> dict[str, Any]:
        """verbose_json of a file that is done; `words`: with the times of words."""
        body: dict[str, Any] = {
            "task": self._task,
            "language": LANGUAGES[ENGLISH] if self._task == "translate" else self.language,  # as OpenAI has it
            "duration": _duration_sec(view),
            "text": self.text,
            "segments": [segment_json(number, *one) for number, one in enumerate(self._spoken)],
        }
        if words:
            body["words"] = [word for _, result in self._spoken for word in words_json(result)]
        body["failed_segments"] = self._failures()
        body["warnings"] = _warnings(view)
        body["gaps"] = gaps_json(self._gaps)
        body["usage"] = _usage(view)
        return body

    def done(self, view: FileView) -> dict[str, Any]:
        """The last event of a stream."""
        return {
            "type": "transcript.text.done",
            "text": self.text,
            "duration": _duration_sec(view),
            "language": self.language,
            "failed_segments": self._failures(),
            "warnings": _warnings(view),
            "gaps": gaps_json(self._gaps),
            "usage": _usage(view),
        }

    def _failures(self) -> list[dict[str, Any]]:
        return [{"start": s.start_sec, "end": s.end_sec, "code": e.code, "reason": e.message} for s, e in self._failed]

    def _results(self) -> list[Spoken]:
        """In the order and the time of the file, as subtitles take them."""
        results: list[Spoken] = []
        for segment, result in self._spoken:
            begin_ms = max(milliseconds(segment.start_sec), results[-1].end_ms if results else 0)
            end_ms = begin_ms + max(1, milliseconds(segment.end_sec - segment.start_sec))
            results.append(spoken(result, segment.start_sec, begin_ms, end_ms))
        return results


def _duration_sec(view: FileView) -> float:
    return round(view.total_samples / SAMPLE_RATE_HZ, 3)


def _usage(view: FileView) -> dict[str, Any]:
    """What OpenAI bills: begun seconds."""
    return {"type": "duration", "seconds": math.ceil(_duration_sec(view))}


def _warnings(view: FileView) -> list[dict[str, Any]]:
    """What the file held and could not be decoded; the figures let a client say it in its own language."""
    figures = {name: getattr(view, name) for name in DAMAGE_FIELDS}
    return [{"code": view.code, "message": view.message, **figures}] if view.message else []


def segment_json(number: int, segment: FileSegment, result: Result) -> dict[str, Any]:
    """One segment of verbose_json. What an older worker did not send is 0 (OpenAI's clients want numbers).

    Its text begins with the space before its first word, as OpenAI's does: clients put the texts together as they are.
    """
    text = ("" if result.language in UNSPACED else " ") + one_line(result.text)
    raw = text.encode()
    return {
        "id": number,
        "seek": int(segment.start_sec * 100),
        "start": segment.start_sec,
        "end": segment.end_sec,
        "text": text,
        "tokens": [],
        "temperature": result.temperature or 0.0,
        "avg_logprob": result.avg_logprob or 0.0,
        "compression_ratio": round(len(raw) / len(zlib.compress(raw)), 3),
        "no_speech_prob": result.no_speech_prob or 0.0,
        "language": result.language,
        "translation": result.translation,
        "sentiment": None if result.sentiment is None else result.sentiment.model_dump(),
        "sentiment_reason": result.sentiment_reason,
        "sentences": [sentence.model_dump() for sentence in result.sentences],
        "doubtful": result.doubtful,
        "doubtful_reason": result.doubtful_reason,
        "gaps": gaps_json(result.gaps),
        **({} if result.words is None else {"words": words_json(result)}),
    }


def segment_event(segment: dict[str, Any]) -> dict[str, Any]:
    """The event that brings `segment` (of `segment_json`), with the fields that OpenAI's clients expect of it.

    Others (Subtitle Edit) look for an object of its number, times and text inside.
    """
    inner = {name: segment[name] for name in ("id", "start", "end", "text")}
    return {"type": "transcript.text.segment", **segment, "id": str(segment["id"]), "speaker": "", "segment": inner}


def glue(before: str, result: Result) -> str:
    """What stands between the text `before` and that of `result`: nothing where its language has no spaces, unless two
    words of Latin script would become one."""
    if not before:
        return ""
    joint = f"{before.rstrip()[-1:]}{result.text.lstrip()[:1]}"
    latin = re.fullmatch("[!-~\u00c0-\u024f][0-9A-Za-z\u00c0-\u024f]", joint)
    return " " if latin or result.language not in UNSPACED else ""


def gaps_json(gaps: Iterable[Gap]) -> list[dict[str, Any]]:
    """Speech that gave no words."""
    return [{"start": gap.start_sec, "end": gap.end_sec, "reason": gap.reason} for gap in gaps]


def words_json(result: Result) -> list[dict[str, Any]]:
    """The words of one segment, where their times are known."""
    return [{"word": w.word, "start": w.start_sec, "end": w.end_sec} for w in result.words or []]


def one_line(text: str) -> str:
    """The text without line ends and spaces around."""
    return " ".join(text.split())


def event(body: dict[str, Any]) -> bytes:
    """One server-sent event, with its type as its name: some clients read no others (Subtitle Edit)."""
    return f"event: {body['type']}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n".encode()
