"""What an upload asks for, from the fields of its form. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from contract.jobs import MAX_HINTS_CHARS
from contract.speech.spoken_language import language_code
from fastapi_service.upload.errors import UploadRefusedError

ResponseFormat = Literal["json", "text", "srt", "vtt", "verbose_json", "diarized_json"]
Task = Literal["transcribe", "translate"]
STREAMED: tuple[ResponseFormat, ...] = ("json", "verbose_json", "diarized_json")
GRANULARITIES = {"segment", "word"}
HINTS = ("keywords", "keywords[]", "hotwords", "prompt")  # other clients' names for OpenAI's; the last is kept longest
NOT_IN_ENGLISH = "`response_format` cannot be diarized_json for a translation: ask for verbose_json with `speakers`."
KNOWN_SPEAKERS = (
    "known_speaker_names",
    "known_speaker_names[]",
    "known_speaker_references",
    "known_speaker_references[]",
)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]+")
SUBTITLES: tuple[ResponseFormat, ...] = ("srt", "vtt")  # their long cues are cut between words


@dataclass(frozen=True)
class UploadOptions:
    """`hints` is OpenAI's `prompt`. `words`: the times of words were asked for. `progress`: a stream tells how far the
    work is. `background`: the answer is not waited for. `speakers`: who speaks. `known_speakers`: voices with names
    came along."""

    language: str | None
    hints: str
    format: ResponseFormat
    stream: bool
    words: bool
    progress: bool = False
    background: bool = False
    speakers: bool = False
    known_speakers: bool = False

    @property
    def word_times(self) -> bool:
        """Whether recognition must find the times of words."""
        return self.words or self.format in SUBTITLES

    @property
    def of_the_work(self) -> dict[str, object]:
        """What changes the work itself: requests that agree in it share one."""
        asked = {"language": self.language, "hints": self.hints, "word_times": self.word_times}
        return {**asked, "speakers": self.speakers}


def read_options(fields: dict[str, list[str]], task: Task = "transcribe") -> UploadOptions:
    """The options in `fields`; unknown fields are ignored, as OpenAI's own grow. Raises UploadRefusedError.

    A translation has no times of words, and is not streamed, as OpenAI's is not.
    """
    _one(fields, "model")
    response_format = _format(_one(fields, "response_format").strip() or "json")
    diarized = response_format == "diarized_json"
    if diarized and task == "translate":
        raise UploadRefusedError(400, "unsupported_value", NOT_IN_ENGLISH, "response_format")
    stream = _flag(fields, "stream") and response_format in STREAMED and task == "transcribe"
    granularities = {*fields.get("timestamp_granularities[]", []), *fields.get("timestamp_granularities", [])}
    if not granularities <= GRANULARITIES:
        raise _wrong("timestamp_granularities[]", "segment or word")
    _check_temperature(_one(fields, "temperature").strip())
    return UploadOptions(
        language=_language(fields),
        hints=_hints(fields),
        format=response_format,
        stream=stream,
        words="word" in granularities and task == "transcribe",
        progress=_flag(fields, "progress"),
        background=_flag(fields, "background"),
        speakers=_flag(fields, "speakers") or diarized,
        known_speakers=any(name in fields for name in KNOWN_SPEAKERS),
    )


def _format(given: str) -> ResponseFormat:
    found: ResponseFormat | None = next((name for name in get_args(ResponseFormat) if name == given), None)
    if found is None:
        raise _wrong("response_format", "json, text, srt, vtt, verbose_json or diarized_json")
    return found


def _language(fields: dict[str, list[str]]) -> str | None:
    try:
        return language_code(_one(fields, "language"))
    except ValueError as problem:
        raise UploadRefusedError(400, "bad_value", f"The field `language`: {problem}.", "language") from None


def _one(fields: dict[str, list[str]], name: str) -> str:
    values = fields.get(name, [""])
    if len(values) > 1:
        raise UploadRefusedError(400, "field_twice", f"The field `{name}` comes twice.", name)
    return values[0]


def _flag(fields: dict[str, list[str]], name: str) -> bool:
    value = _one(fields, name).strip().lower()
    if value not in ("", "true", "false", "1", "0"):
        raise _wrong(name, "true or false")
    return value in ("true", "1")


def _check_temperature(text: str) -> None:
    try:
        if not 0 <= float(text or 0) <= 1:
            raise ValueError
    except ValueError:
        raise _wrong("temperature", "a number from 0 to 1") from None


def _hints(fields: dict[str, list[str]]) -> str:
    """All that may be spoken in one line; of a long one the end, which is what Whisper reads."""
    _one(fields, "prompt")
    given = " ".join(", ".join(fields.get(name, [])) for name in HINTS)
    return " ".join(CONTROL.sub(" ", given).split())[-MAX_HINTS_CHARS:].strip()


def _wrong(name: str, wanted: str) -> UploadRefusedError:
    return UploadRefusedError(400, "bad_value", f"The field `{name}` must be {wanted}.", name)
