"""The speaker worker's settings."""

from __future__ import annotations

from pydantic import Field

from contract.messages import MAX_SPEAKERS
from runtime.weights.settings import ModelSettings


class SpeakerSettings(ModelSettings):
    """Read from environment variables of the same names in capitals."""

    speaker_model: str = Field(
        "auto",
        min_length=1,
        max_length=500,
        description="What tells voices apart: `auto` (Resemblyzer, whose weights its package brings; off where it is "
        "missing); an encoder in ONNX or TorchScript form, by the path of its file or folder, or its name on the "
        "Hugging Face hub (`owner/name`). `dummy` is nearly nothing, for tests of what is around it.",
    )
    speakers_max: int = Field(
        8,
        ge=2,
        le=MAX_SPEAKERS // 2,
        description="Speakers of a session or a file at most: a further voice stays unknown.",
    )
    speaker_threads: int = Field(
        1, ge=1, le=16, description="Threads of torch. One is enough for several people who speak at once."
    )
    speaker_nice: int = Field(
        10,
        ge=0,
        le=19,
        description="How far this worker stands back where the cores are busy (nice), so that no text waits for a "
        "speaker.",
    )
    speaker_stuck_after_sec: float = Field(
        60.0, ge=5.0, le=3600.0, description="A worker that is on one task for longer than this ends itself."
    )
    speaker_redis_patience_sec: float = Field(
        10.0, ge=0.0, le=300.0, description="How long a task tries to reach Redis before it goes back to the queue."
    )
