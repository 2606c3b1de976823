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
    listener_state_ttl_sec: int = Field(
        30 * 86_400, ge=3_600, le=3_650 * 86_400, description="Service-wide statistics are kept this long unused."
    )
    sessions_cached: int = Field(
        1_000, ge=1, le=1_000_000, description="Sessions whose statistics are held in memory; the rest are in Redis."
    )
    listener_batch: int = Field(100, ge=1, le=1_000, description="Outcomes handled in one transaction at most.")
    listener_poll_sec: float = Field(
        1.0, ge=0.05, le=2.0, description="The stream is looked at this often even when no message comes."
    )
    listener_backoff_first_sec: float = Field(
        0.5, ge=0.01, le=60.0, description="First wait after Redis was lost; doubles."
    )
    listener_backoff_max_sec: float = Field(10.0, ge=0.01, le=600.0, description="Longest wait after Redis was lost.")
