"""The gateway's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from contract.settings import REPOSITORY_ROOT
from contract.upload_settings import UploadSettings
from fastapi_service.access.origins import Origins
from fastapi_service.access.root_path import checked_root_path
from fastapi_service.access.tokens import parse_tokens


class GatewaySettings(UploadSettings):
    """Read from environment variables of the same names in capitals."""

    gateway_host: str = Field("127.0.0.1", description="Address to listen on.")
    gateway_port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    forwarded_allow_ips: str = Field(
        "127.0.0.1", description="Proxies whose X-Forwarded headers are believed, comma-separated addresses."
    )
    root_path: str | None = Field(
        None,
        description="Path under which a proxy serves this (/stt for https://host/stt/), whether it strips it or not.",
    )
    demo_clips_dir: Path = Field(
        REPOSITORY_ROOT / "demo_models" / "clips", description="Clips that the page offers to try; may be missing."
    )

    access_token: SecretStr | None = Field(
        None,
        description="When set, page, WebSocket, API and metrics ask for it. Several, comma-separated, let in alike; "
        "each of 16 characters or more, better 32 random ones.",
    )
    access_token_file: Path | None = Field(
        None, description="File that holds the tokens, one a line; read where ACCESS_TOKEN is not set."
    )
    access_cookie_sec: int = Field(
        7 * 86_400, ge=60, le=365 * 86_400, description="A browser that gave the token is let in for this long."
    )
    login_failures_per_min: int = Field(
        10, ge=1, le=1_000, description="Wrong tokens from one address in a minute; then it has to wait."
    )
    allowed_origins: str | None = Field(
        None,
        description="Origins whose pages, extensions and apps may use the WebSocket and /v1 (https://example.org, "
        "chrome-extension://id, moz-extension://*, app://obsidian.md, null, comma-separated; * for any). The service's "
        "own page always may.",
    )

    utterance_max_sec: float = Field(15.0, ge=3, le=30, description="An utterance is cut when it gets this long.")
    idle_cut_sec: float = Field(2.0, ge=0.2, le=30, description="An utterance ends when nothing came for this long.")
    sentence_wait_sec: float = Field(
        1.2,
        ge=0,
        le=5,
        description="A speaker who pauses in the middle of a sentence has so long to go on in the same utterance; "
        "shorter than IDLE_CUT_SEC. 0, and without partials: every pause ends it.",
    )
    idle_close_sec: float = Field(3600.0, ge=1, description="A connection that sends nothing is closed after this.")
    linger_sec: float = Field(
        60.0, ge=1, le=600, description="The unfinished utterance of a lost connection waits this long for a resume."
    )

    connections_max: int = Field(200, ge=1, le=100_000, description="Connections at once; more are told `busy`.")
    address_connections_max: int = Field(
        100, ge=0, le=100_000, description="Connections of one client address; more are told `busy`. 0: no such limit."
    )
    sessions_max: int = Field(
        10_000, ge=10, le=10_000_000, description="Sessions kept. A new one ends the one that was unused for longest."
    )
    stream_speed_max: float = Field(
        8.0, ge=1, le=10_000, description="One connection is read this many times as fast as speech; not faster."
    )
    stream_burst_bytes: int = Field(
        4 * 1024 * 1024, ge=64 * 1024, description="So much is read at once all the same (a second is 32000 bytes)."
    )
    handshake_sec: float = Field(
        10.0, ge=0.5, le=300, description="A client whose request is not complete by then is hung up on."
    )
    queue_max: int = Field(200, ge=1, le=100_000, description="Utterances waiting for speech recognition; more: busy.")
    queue_wait_max_sec: float = Field(
        3.0, ge=0.5, le=600, description="An utterance that would wait longer for speech recognition, in seconds: busy."
    )
    admit_wait_max_sec: float = Field(
        2.0,
        ge=0.1,
        le=600,
        description="While utterances wait longer, in seconds, nobody who brings more is let in: busy.",
    )
    language_lock_after: int = Field(
        3,
        ge=0,
        le=100,
        description="After so many utterances of a session in a row that were surely in one language the next are "
        "taken for it, until one does badly. 0: each is detected for itself.",
    )
    outstanding_max: int = Field(
        4, ge=1, le=64, description="Utterances of one connection without outcome; beyond it the client is not read."
    )
    outstanding_wait_sec: float = Field(
        120.0, ge=1, le=3600, description="After waiting this long for an outcome the client is told `busy`."
    )
    slow_client_sec: float = Field(
        30.0, ge=1, le=600, description="A client that does not read its messages for this long is cut off."
    )

    partials_enabled: bool = Field(
        True, description="Show provisional text of an utterance while it is spoken. One value for all services."
    )
    partial_every_sec: float = Field(
        0.75,
        ge=0.2,
        le=30,
        description="A further partial is asked for after so much more speech, once the last is answered.",
    )
    partial_answer_sec: float = Field(
        10.0, ge=0.5, le=60, description="A partial that a worker has not finished by then is given up."
    )

    resend_after_sec: float = Field(
        45.0, ge=1, le=3600, description="An accepted utterance without outcome is sent to the queue again after this."
    )
    pending_bytes_max: int = Field(
        256 * 1024 * 1024, ge=1024 * 1024, description="Audio kept for sending again, over all sessions; more: busy."
    )

    upload_max_bytes: int = Field(200 * 1024 * 1024, ge=1024, le=16 * 1024**3, description="A larger file is refused.")
    uploads_max: int = Field(8, ge=1, le=1_000, description="Files that wait or are in work; more are told 429.")
    upload_storage_bytes: int = Field(
        2 * 1024**3, ge=1024, le=1024**4, description="All files on disk together; more are told 503."
    )
    upload_idle_sec: float = Field(
        30.0, ge=1, le=600, description="An upload that brings nothing for this long is broken off."
    )
    upload_linger_sec: int = Field(
        20, ge=3, le=3600, description="A file that no request waits for any more is cancelled after this."
    )

    @field_validator("root_path")
    @classmethod
    def _root(cls, given: str | None) -> str | None:
        return checked_root_path(given or "") or None

    @field_validator("access_token")
    @classmethod
    def _tokens(cls, given: SecretStr | None) -> SecretStr | None:
        return None if given is None else SecretStr(",".join(parse_tokens(given.get_secret_value())))

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, given: str | None) -> str | None:
        Origins(given or "")
        return given

    @model_validator(mode="after")
    def _wait_for_sentences(self) -> Self:
        if not self.partials_enabled:  # what looks at pauses is what makes partials
            self.sentence_wait_sec = 0.0
        if self.sentence_wait_sec >= self.idle_cut_sec:
            raise ValueError(
                f"SENTENCE_WAIT_SEC ({self.sentence_wait_sec:g}) must be shorter than IDLE_CUT_SEC "
                f"({self.idle_cut_sec:g}); 0 turns it off"
            )
        return self

    @model_validator(mode="after")
    def _read_tokens(self) -> Self:
        if self.access_token is None and self.access_token_file is not None:
            try:
                text = self.access_token_file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as problem:
                raise ValueError(f"ACCESS_TOKEN_FILE cannot be read: {problem}") from problem
            tokens = parse_tokens(text)
            if not tokens:
                raise ValueError("ACCESS_TOKEN_FILE holds no token")
            self.access_token = SecretStr(",".join(tokens))
        if self.access_token is not None and not self.access_token.get_secret_value():
            raise ValueError("ACCESS_TOKEN holds no token")
        return self

    @property
    def access_tokens(self) -> list[str]:
        """The tokens that let in; none where everybody is."""
        return [] if self.access_token is None else self.access_token.get_secret_value().split(",")
