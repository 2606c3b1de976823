"""Settings of uploaded files that the gateway and the file worker must agree on."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from contract.settings import REPOSITORY_ROOT, ServiceSettings


class UploadSettings(ServiceSettings):
    """Read from environment variables of the same names in capitals. One value for both services."""

    upload_dir: Path = Field(
        REPOSITORY_ROOT / ".run" / "uploads",
        description="Folder in which uploaded files wait; gateway and file worker share it, nothing else is in it.",
    )
    upload_result_ttl_sec: int = Field(
        3600,
        ge=10,
        le=7 * 86_400,
        description="A file's result is kept this long, for a request that comes again.",
    )
