"""Settings of listener_service."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from contract.settings import MeasuredSettings


class ListenerSettings(MeasuredSettings):
    """Read from the environment: `RESULT_LOG`, `CONSOLE_TEXT`, ..."""

    result_log_enabled: bool = Field(
        True,
        description="Whether transcripts are written to the log; Redis keeps them as well, for SESSION_TTL_SEC.",
    )
    result_log: Path = Field(
        Path("result_listener.log"), description="The log of outcomes, one JSON object a line, readable by its owner."
    )
    result_log_max_bytes: int = Field(
        10_000_000, ge=1_000, le=10_000_000_000, description="The log is rotated before it grows beyond this."
    )
    result_log_count: int = Field(5, ge=1, le=1_000, description="Rotated logs kept beside the current one.")
    console_text: bool = Field(
        False, description="Show transcript and sentiment on the console as well; by default ids and numbers alone."
    )
    listener_batch: int = Field(100, ge=1, le=1_000, description="Outcomes handled in one transaction at most.")
