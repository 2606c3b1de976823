"""Reads `session.update` and `transcription_session.update`: fields that are there change the session, others stay.

Unknown fields are ignored: clients made for conversations set voices and tools as well.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from contract.jobs import MAX_HINTS_CHARS
from contract.speech.spoken_language import language_code
from fastapi_service.realtime.config import (
    FLAT_NAMES,
    G711_RATE_HZ,
    MIME_NAMES,
    Config,
    Eagerness,
    Encoding,
    SemanticVad,
    ServerVad,
)
from fastapi_service.realtime.events import ApiError

NAMES: dict[str, Encoding] = {name: encoding for names in (FLAT_NAMES, MIME_NAMES) for encoding, name in names.items()}
Short = Annotated[str, Field(max_length=200)]


def _encoding(given: object) -> object:
    """The encoding by any of its names."""
    if isinstance(given, str) and given in NAMES:
        return NAMES[given]
    raise ValueError(f"supported are {', '.join(NAMES)}")


Named = Annotated[Encoding, BeforeValidator(_encoding)]
Rate = Literal[8_000, 16_000, 24_000, 48_000]


class _Given(BaseModel):
    """Base: null in a field with a default means that default."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value is not None} if isinstance(given, dict) else given


class _Format(_Given):
    type: Named
    rate: Rate | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, given: Any) -> Any:
        return {"type": given} if isinstance(given, str) else given


class _Vad(_Given):
    type: Literal["server_vad", "semantic_vad", "none"] = "server_vad"
    threshold: float = Field(ServerVad.threshold, ge=0, le=1)
    prefix_padding_ms: int = Field(ServerVad.prefix_ms, ge=0, le=5_000)
    silence_duration_ms: int = Field(ServerVad.silence_ms, ge=20, le=10_000)
    eagerness: Eagerness = "auto"

    def turns(self) -> ServerVad | SemanticVad | None:
        """As the session has it."""
        if self.type == "none":
            return None
        if self.type == "semantic_vad":
            return SemanticVad(self.eagerness)
        return ServerVad(self.threshold, self.prefix_padding_ms, self.silence_duration_ms)


class _Transcription(BaseModel):
    model: Short | None = None
    language: str | None = None
    languages: list[str] | None = None
    prompt: str | None = None
    keywords: list[str] | None = None


class _Reduction(_Given):
    type: Short = ""


class _Input(BaseModel):
    format: _Format | None = None
    transcription: _Transcription | None = None
    noise_reduction: _Reduction | None = None
    turn_detection: _Vad | None = None


class _Audio(BaseModel):
    input: _Input | None = None


class _Session(BaseModel):
    type: Literal["transcription", "realtime"] | None = None
    audio: _Audio | None = None
    include: Annotated[list[Short], Field(max_length=20)] | None = None
    input_audio_format: Named | None = None
    input_audio_sampling_rate: Rate | None = None  # Azure's
    input_audio_transcription: _Transcription | None = None
    input_audio_noise_reduction: _Reduction | None = None
    turn_detection: _Vad | None = None
    speakers: bool | None = None  # our own


def updated(config: Config, session: object) -> tuple[Config, bool]:
    """`config` with the changes in `session`, and whether they came in the beta's shape. Raises ApiError."""
    try:
        given = _Session.model_validate(session)
    except ValidationError as problem:
        raise _refused(problem) from None
    sound = None if given.audio is None else given.audio.input
    flat = sound is None and any(
        name.startswith("input_") or name == "turn_detection" for name in given.model_fields_set
    )
    if given.type is not None:
        config = replace(config, kind=given.type)
    if given.speakers is not None:
        config = replace(config, speakers=given.speakers)
    if given.include is not None:
        config = replace(config, include=given.include)
    if given.input_audio_format is not None or given.input_audio_sampling_rate is not None:
        config = _sounding(config, given.input_audio_format or config.encoding, given.input_audio_sampling_rate)
    config = _with(config, given, "input_audio_", "input_audio_")
    if sound is not None:
        if sound.format is not None:
            config = _sounding(config, sound.format.type, sound.format.rate)
        config = _with(config, sound, "", "audio.input.")
    return config, flat


def _with(config: Config, given: _Session | _Input, prefix: str, place: str) -> Config:
    """With what both shapes have, under names that begin with `prefix`."""
    fields = given.model_fields_set
    if "turn_detection" in fields:
        turns = None if given.turn_detection is None else given.turn_detection.turns()
        config = replace(config, asked_turns=turns, turns_asked=True)
    if prefix + "noise_reduction" in fields:
        reduction: _Reduction | None = getattr(given, prefix + "noise_reduction")
        config = replace(config, noise_reduction=None if reduction is None else reduction.model_dump())
    if prefix + "transcription" in fields:
        transcription: _Transcription | None = getattr(given, prefix + "transcription")
        config = _transcribing(config, transcription or _Transcription(language=None, prompt=None), place)
    return config


def _sounding(config: Config, encoding: Encoding, rate: int | None) -> Config:
    if encoding != "pcm":
        if rate not in (None, G711_RATE_HZ):
            raise ApiError("G.711 has 8000 samples a second.", "session.audio.input.format.rate")
        return replace(config, encoding=encoding, rate_hz=G711_RATE_HZ)
    stays = config.encoding == "pcm"
    return replace(config, encoding=encoding, rate_hz=rate or (config.rate_hz if stays else Config.rate_hz))


def _transcribing(config: Config, given: _Transcription, place: str) -> Config:
    fields = given.model_fields_set
    if given.model:
        config = replace(config, model=given.model)
    if "language" in fields or given.languages:
        told = given.language or (given.languages[0] if given.languages and len(given.languages) == 1 else None)
        try:
            code = language_code(told or "")
        except ValueError as problem:
            raise ApiError(f"{problem}.", f"session.{place}transcription.language") from None
        config = replace(config, language=code, language_told=told)
    if "prompt" in fields or given.keywords is not None:
        hints = one_line(", ".join(filter(None, [given.prompt or "", *(given.keywords or [])])))
        config = replace(config, prompt=one_line(given.prompt or ""), hints=hints)
    return config


def one_line(text: str) -> str:
    """`text` in one line; of a long one the end, which is what Whisper reads."""
    text = text[-10 * MAX_HINTS_CHARS :]
    plain = (" " if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") else one for one in text)
    return " ".join("".join(plain).split())[-MAX_HINTS_CHARS:].strip()


def _refused(problem: ValidationError) -> ApiError:
    """The first thing that is wrong, in words."""
    first = problem.errors(include_url=False, include_input=False)[0]
    place = ".".join(["session", *map(str, first["loc"])])
    return ApiError(f"Invalid value for '{place}': {first['msg']}.", place)
