"""The file worker's settings."""

from __future__ import annotations

from pydantic import Field

from contract.settings import MeasuredSettings
from contract.upload_settings import UploadSettings


class FileSettings(UploadSettings, MeasuredSettings):
    """Read from environment variables of the same names in capitals."""

    upload_max_sec: float = Field(
        4 * 3600.0, ge=1, le=24 * 3600, description="A file whose sound is longer than this is refused."
    )
    file_segment_sec: float = Field(
        25.0, ge=5, le=30, description="A segment is cut, in its quietest place near the end, when it gets this long."
    )
    file_segment_min_sec: float = Field(
        8.0, ge=0, le=25, description="A pause ends a segment of this length; a shorter one ends at a long pause only."
    )
    file_pause_sec: float = Field(0.6, ge=0.3, le=5, description="Quiet for this long is a pause.")
    file_long_pause_sec: float = Field(
        1.5, ge=0.3, le=10, description="Quiet for this long ends any segment, and is not sent."
    )
    file_segments_together: int = Field(
        3,
        ge=1,
        le=16,
        description="Segments that go through the speech model together while nobody speaks live; else they go alone.",
    )
    file_language_sec: float = Field(
        10.0,
        ge=0,
        le=300,
        description="A file's language is found from so much speech that agrees, and kept; 0: detected per segment.",
    )
    file_max_tries: int = Field(
        3, ge=1, le=20, description="A file that ended so many workers without progress is given up."
    )
    file_stuck_after_sec: float = Field(
        120.0,
        ge=5,
        le=3600,
        description="A worker whose file does not move for so long ends itself, to be restarted.",
    )
    file_redis_patience_sec: float = Field(
        20.0, ge=0, le=120, description="Trouble with Redis is waited out so long before the file goes back."
    )
    file_resend_after_sec: float = Field(
        45.0, ge=1, le=3600, description="A segment without outcome is sent to the queue again after this."
    )
    file_resend_max: int = Field(5, ge=1, le=20, description="It is sent again at most so often, then it failed.")
