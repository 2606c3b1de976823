"""The speech worker's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from contract.jobs import Hints
from contract.settings import REPOSITORY_ROOT
from contract.speech.spoken_language import language_code
from runtime.weights.settings import ModelSettings


class SttSettings(ModelSettings):
    """Read from environment variables of the same names in capitals."""

    whisper_model: str = Field(
        "auto",
        min_length=1,
        description="An openai-whisper name (`tiny`, `base`, `small.en`, `turbo`, ...), a path to a checkpoint, to a "
        "folder in the form of Hugging Face or of CTranslate2 or to the latter's model.bin, the name on the Hugging "
        "Face hub of such a folder (`owner/name`), `demo`, or `auto`: `base` from the first of MODEL_SOURCES that has "
        "it, else `demo`. `dummy` is none at all: sentences are made up, for tests of what is around the models.",
    )
    whisper_download_dir: Path | None = Field(
        None,
        description="Where official models are kept; ~/.cache/whisper, as openai-whisper does, when left out.",
    )
    demo_speech_model: Path = Field(
        REPOSITORY_ROOT / "demo_models" / "speech" / "demo_speech.pt", description="Checkpoint of the demo model."
    )

    stt_language: str | None = Field(
        None,
        description="Language of utterances that come without one, as a code, a locale or an English name; detected "
        "per utterance when left out, and with `auto`.",
    )
    stt_translate: bool = Field(
        True,
        description="Decode other languages a second time, into English: for the reader, and for a sentiment model "
        "that reads English only.",
    )
    whisper_prompt: Hints | None = Field(
        None,
        description="Names and words that may be spoken, spelled as they should be written; a session's own hints are "
        "added.",
    )
    stt_threads: int = Field(
        0,
        ge=0,
        le=256,
        description="Threads of torch; 0: the cores and CPU quota of this process, fewer while other programs use "
        "them; for the demo model one.",
    )
    stt_stuck_after_sec: float = Field(
        120.0, ge=5, le=3600, description="A worker that is this long on one utterance ends itself, to be restarted."
    )
    stt_redis_patience_sec: float = Field(
        10.0, ge=0, le=120, description="Trouble with Redis is waited out so long before the task goes back."
    )
    partials_enabled: bool = Field(
        True, description="Show provisional text of an utterance while it is spoken. One value for all services."
    )

    vad_threshold: float = Field(
        0.5, gt=0, lt=1, description="Speech begins at this speech probability; it goes on until 0.15 below."
    )
    vad_min_speech_ms: int = Field(
        100,
        ge=0,
        le=5000,
        description="Utterances with less speech are dropped. 250 ms is usual where speech is cut out of a stream; "
        "here the client has cut, and `yes`, `no` or `hi` has as little as 200 ms above the threshold.",
    )
    vad_trim: bool = Field(
        True, description="Whisper hears the utterance from its first to its last speech, with 0.4 s around."
    )

    whisper_precision: Literal["auto", "int8", "bf16", "fp16", "fp32"] = Field(
        "auto",
        description="Numbers that Whisper computes in. `auto`: on a CPU int8 (8-bit weights) where there are products "
        "for it, else fp32; on a GPU fp16.",
    )
    whisper_window: Literal["adaptive", "full"] = Field(
        "adaptive",
        description="What Whisper's encoder sees: the utterance and a margin, or always 30 s as it was trained. A "
        "doubtful result of a short window is done again with the full one.",
    )
    whisper_window_floor_sec: float = Field(
        10.0,
        ge=1,
        le=30,
        description="The adaptive window is at least this long. Lower is faster and riskier: with much less than 30 s "
        "stock weights can repeat themselves or lose words.",
    )
    whisper_window_margin_sec: float = Field(
        2.0, ge=0, le=30, description="The adaptive window is at least this much longer than the utterance."
    )
    stt_batch_max: int = Field(
        8, ge=1, le=128, description="Utterances that wait together go through the model together, so many at most."
    )
    whisper_temperatures: Annotated[tuple[float, ...], NoDecode] = Field(
        (0.0, 0.4),
        min_length=1,
        max_length=10,
        description="Tried one after the other until the text is neither unsure nor repetitive; comma-separated, the "
        "first is 0. Each takes about as long as the first: openai-whisper's five more (0.2 to 1.0) took 12 s on 20 s "
        "of speech.",
    )
    cover_hole_sec: float = Field(
        1.2,
        ge=0.3,
        le=30,
        description="Clear speech of this length without words is decoded again, and told as a gap if none come.",
    )
    no_speech_threshold: float = Field(
        0.6, ge=0, le=1, description="Dropped as no speech above this no-speech probability, if also unsure."
    )
    logprob_threshold: float = Field(
        -1.0,
        ge=-10,
        le=0,
        description="A mean token log-probability below this is unsure: when it stays so the text is doubtful, or "
        "dropped where nobody surely spoke.",
    )
    compression_ratio_threshold: float = Field(
        2.4,
        ge=1,
        le=100,
        description="A text that zlib compresses by more than this (a byte for each character) is decoded again; it "
        "is never dropped.",
    )
    loop_min_repeats: int = Field(
        3,
        ge=2,
        le=100,
        description="A repetition is a loop when its words come at least so many times in a row, and are eight or more "
        "in all.",
    )

    debug_wav_dir: Path | None = Field(
        None,
        description="KEEPS LIVE AUDIO ON DISK: every utterance is written there as a WAV. Off by default; for "
        "debugging only.",
    )

    @field_validator("stt_language")
    @classmethod
    def _code(cls, value: str | None) -> str | None:
        return language_code(value or "")

    @field_validator("whisper_temperatures", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("whisper_temperatures")
    @classmethod
    def _temperatures_in_range(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 <= temperature <= 2 for temperature in value):
            raise ValueError("temperatures must be between 0 and 2")
        if value[0] != 0:
            raise ValueError("the first temperature must be 0")
        return value
