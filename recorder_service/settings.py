"""The recorder's settings from the environment; the command line overrides some of them."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from contract.settings import ServiceSettings


class RecorderSettings(ServiceSettings):
    """Read from environment variables of the same names in capitals."""

    log_level: str = Field(
        "WARNING", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Lowest level logged, beside the results."
    )

    access_token: SecretStr | None = Field(
        None, description="The gateway's access token, where it asks for one (for --url). Of several the first is used."
    )
    access_token_file: Path | None = Field(
        None, description="File that holds it; read where ACCESS_TOKEN is not set. `--token-file` wins over both."
    )

    gate_threshold: float = Field(
        0.0005, ge=0, le=1, description="Mean square of a 20 ms frame (samples in -1 to 1) from which it is speech."
    )
    gate_follows_noise: bool = Field(
        True, description="In a room whose noise is above that threshold, the threshold rises above the noise."
    )
    gate_hangover_ms: int | None = Field(
        None,
        ge=20,
        le=10_000,
        description="Quiet for this long ends the utterance; it is sent as well. Where it is not set, utterances end "
        "with sentences if the gateway looks for their ends (with --url), else after 500 ms.",
    )

    utterance_max_sec: float = Field(15.0, ge=3, le=30, description="An utterance is cut when it gets this long.")
    resend_after_sec: float = Field(
        45.0, ge=1, le=3600, description="An utterance without outcome is sent to the queue again after this."
    )
    wait_sec: float = Field(60.0, ge=0, le=86_400, description="At the end, how long to wait for outcomes.")
    connect_sec: float = Field(
        15.0, ge=1, le=300, description="How long to try to reach the server before recording starts."
    )
