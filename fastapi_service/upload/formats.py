"""A file's segments as text, subtitles and JSON, the way OpenAI's API gives them. Pure."""

from __future__ import annotations

import json
import math
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contract.audio import SAMPLE_RATE_HZ
from contract.messages import Dropped, Error, Gap, Result
from contract.spoken_language import LANGUAGES
from contract.state.files import DAMAGE_FIELDS, FileSegment, FileView
from fastapi_service.upload.english import ENGLISH, NO_ENGLISH, in_english
from fastapi_service.upload.options import Task, UploadOptions

UNSPACED = {"zh", "yue", "ja", "th", "lo", "my"}  # written without spaces between words
CUE_SEC = 7.0  # a longer cue is split between words where their times are known
CUE_CHARS = 84  # two lines
CONTENT_TYPES = {
    "json": "application/json",
    "verbose_json": "application/json",
    "text": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
}


@dataclass(frozen=True)
class Cue:
    """A piece of a subtitle file."""

    start_sec: float
    end_sec: float
    text: str


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
        self._spoken.append((segment, outcome))
        self._gaps += outcome.gaps
        glue = "" if len(self._spoken) == 1 or outcome.language in UNSPACED else " "
        return segment_json(len(self._spoken) - 1, segment, outcome), glue + one_line(outcome.text)

    @property
    def text(self) -> str:
        """All that was said."""
        pieces: list[str] = []
        for _, result in self._spoken:
            pieces += ["" if not pieces or result.language in UNSPACED else " ", one_line(result.text)]
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
            return srt(self._cues())
        if options.format == "vtt":
            return vtt(self._cues())
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

    def _cues(self) -> Iterable[Cue]:
        for segment, result in self._spoken:
            yield from cues_of(segment, result)


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
    }


def segment_event(segment: dict[str, Any]) -> dict[str, Any]:
    """The event that brings `segment` (of `segment_json`), with the fields that OpenAI's clients expect of it.

    Others (Subtitle Edit) look for an object of its number, times and text inside.
    """
    inner = {name: segment[name] for name in ("id", "start", "end", "text")}
    return {"type": "transcript.text.segment", **segment, "id": str(segment["id"]), "speaker": "", "segment": inner}


def gaps_json(gaps: Iterable[Gap]) -> list[dict[str, Any]]:
    """Speech that gave no words."""
    return [{"start": gap.start_sec, "end": gap.end_sec, "reason": gap.reason} for gap in gaps]


def words_json(result: Result) -> list[dict[str, Any]]:
    """The words of one segment, where their times are known."""
    return [{"word": w.word, "start": w.start_sec, "end": w.end_sec} for w in result.words or []]


def cues_of(segment: FileSegment, result: Result) -> list[Cue]:
    """One cue, or several where the times of words allow splitting a long one."""
    whole = Cue(segment.start_sec, segment.end_sec, one_line(result.text))
    if not result.words:
        return [whole]
    cues: list[Cue] = []
    glue = "" if result.language in UNSPACED else " "
    for word in result.words:
        last = cues[-1] if cues else None
        text = one_line(word.word) if last is None else f"{last.text}{glue}{one_line(word.word)}"
        if last is not None and word.end_sec - last.start_sec <= CUE_SEC and len(text) <= CUE_CHARS:
            cues[-1] = Cue(last.start_sec, max(last.end_sec, word.end_sec), text)
        else:
            cues.append(Cue(word.start_sec, max(word.start_sec, word.end_sec), one_line(word.word)))
    return cues


def srt(cues: Iterable[Cue]) -> str:
    """SubRip."""
    blocks = [
        f"{number}\n{_clock(cue.start_sec, ',')} --> {_clock(cue.end_sec, ',')}\n{_plain(cue.text)}\n"
        for number, cue in enumerate(cues, 1)
    ]
    return "\n".join(blocks)


def vtt(cues: Iterable[Cue]) -> str:
    """WebVTT; what would be markup is written as text."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        text = cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{_clock(cue.start_sec, '.')} --> {_clock(cue.end_sec, '.')}\n{text}\n")
    return "\n".join(blocks)


def one_line(text: str) -> str:
    """The text without line ends and spaces around."""
    return " ".join(text.split())


def _plain(text: str) -> str:
    return text.replace("-->", "->")


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"


def event(body: dict[str, Any]) -> bytes:
    """One server-sent event, with its type as its name: some clients read no others (Subtitle Edit)."""
    return f"event: {body['type']}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n".encode()
