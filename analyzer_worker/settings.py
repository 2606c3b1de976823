"""Settings of analyzer_worker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from analyzer_worker.text import ANY_LANGUAGE
from contract.messages import Zone
from contract.settings import REPOSITORY_ROOT
from contract.speech.spoken_language import language_code
from runtime.weights.settings import ModelSettings

SHIPPED_MODELS = REPOSITORY_ROOT / "demo_models"


class AnalyzerSettings(ModelSettings):
    """Read from environment variables of the same names in capitals"""

    sentiment_model: str = Field(
        "auto",
        min_length=1,
        max_length=500,
        description="A text classifier: a name on the Hugging Face hub, a path to a folder, `offline` (English, "
        "three classes; its base comes from the package index), `demo`, or `auto` (the hub's SST-2 DistilBERT if it is "
        "cached or can be downloaded, else `offline`, else `demo`). `dummy` is none at all: sentiments are made up, "
        "for tests of what is around the models.",
    )
    sentiment_languages: Annotated[tuple[str, ...], NoDecode] = Field(
        ("en",),
        min_length=1,
        max_length=200,
        description="Languages that the model reads: codes as Whisper has them (en,ko,de), comma-separated, or * for a "
        "multilingual model. In one of them what was said is judged, in any other its English translation.",
    )
    sentiment_labels: Annotated[tuple[Zone, ...] | None, NoDecode] = Field(
        None,
        max_length=100,
        description="What the model's classes mean, in their order, comma-separated: negative, neutral or positive. "
        "Only needed where their names (LABEL_0) do not say it.",
    )
    demo_sentiment_model: Path = Field(SHIPPED_MODELS / "sentiment", description="Folder of the demo sentiment model.")
    offline_sentiment_model: Path = Field(
        SHIPPED_MODELS / "offline_sentiment", description="Folder with what the offline model adds to its base."
    )
    sentiment_download_dir: Path | None = Field(
        None, description="Where the offline model's base is kept; ~/.cache/whispertextanalyzer when left out."
    )
    analyzer_device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d{1,2})?)$",
        description="Where the model runs; `auto` takes the first CUDA device if there is one.",
    )
    analyzer_threads: int = Field(
        0,
        ge=0,
        le=256,
        description="Threads of torch; 0: as many as the cores and CPU quota of this process, one for the demo model.",
    )
    analyzer_precision: Literal["auto", "int8", "fp32"] = Field(
        "auto", description="Numbers that the model computes in. `auto`: 8-bit weights on a CPU, fp32 on a GPU."
    )
    analyzer_batch_max: int = Field(
        8, ge=1, le=128, description="Texts that wait together go through the model together, so many at most."
    )
    neutral_below: float = Field(
        0.65,
        ge=0.0,
        le=1.0,
        description="For models that know no neutral class: a text is shown as neutral when positive and negative "
        "are closer than this. Two classes start at 0.5, a coin toss; 0.65 is odds of about two to one. SST-2 "
        "models are sure of most sentences (0.9 and more), so only those they waver on fall below.",
    )
    analyzer_stuck_after_sec: float = Field(
        60.0, ge=5.0, le=3600.0, description="A worker that is on one task for longer than this ends itself."
    )
    analyzer_redis_patience_sec: float = Field(
        10.0,
        ge=0.0,
        le=300.0,
        description="How long a task tries to reach Redis before it goes back to the queue. Keep it below "
        "visibility_timeout_sec and analyzer_stuck_after_sec.",
    )

    @field_validator("sentiment_languages", "sentiment_labels", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip().lower() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("sentiment_languages")
    @classmethod
    def _codes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        codes = tuple(text if text == ANY_LANGUAGE else language_code(text) for text in value)
        known = tuple(code for code in codes if code is not None)
        if len(known) < len(codes):
            raise ValueError("give codes of languages, or * for all languages")
        return known
