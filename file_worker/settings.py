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
    file_speakers_wait_sec: float = Field(
        10.0,
        ge=0,
        le=600,
        description="A file whose text is done waits so long, and a tenth of its length, for who speaks in it.",
    )
    file_stuck_after_sec: float = Field(
        120.0,
        ge=5,
        le=3600,
        description="A worker whose file does not move for so long ends itself, to be restarted.",
    )
