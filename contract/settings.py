"""Settings that every service has. Each service subclasses this once; nothing else reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from contract.redis_url import RedisAddress, read_redis_url

REPOSITORY_ROOT = Path(__file__).resolve().parent.parent


class ServiceSettings(BaseSettings):
    """Read from environment variables of the same name in capitals (`REDIS_HOST`, `LOG_LEVEL`, ...)."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)  # secrets

    redis_host: str = Field("localhost", description="Host of the Redis that is broker and message bus.")
    redis_port: int = Field(6379, ge=1, le=65535, description="Port of that Redis.")
    redis_password: SecretStr | None = Field(None, description="Password of that Redis, if it has one.")
    redis_password_file: Path | None = Field(
        None, description="File that holds the password; read where neither the password nor a URL is set."
    )
    redis_url: SecretStr | None = Field(
        None, description="Whole URL (redis://, or rediss:// for TLS); overrides host, port and password."
    )
    redis_ca_file: Path | None = Field(
        None,
        description="Certificates (PEM) that vouch for a rediss:// Redis, beside those that the system trusts.",
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Lowest level logged.")
    log_format: Literal["text", "json"] = Field("text", description="Lines of the log: for people, or JSON objects.")
    visibility_timeout_sec: int = Field(
        30,
        ge=5,
        le=3600,
        description="A task whose worker died is given to another after this long. One value for all services: "
        "the shortest of any worker on a broker rules all of them.",
    )
    session_ttl_sec: int = Field(
        86_400, ge=10, le=30 * 86_400, description="A session and its transcript are kept this long after its last use."
    )
    session_outcomes_max: int = Field(
        5_000, ge=10, le=100_000, description="Outcomes kept per session for replay; the oldest go first."
    )
    outcomes_max: int = Field(
        20_000, ge=100, le=1_000_000, description="Outcomes kept over all sessions for the listener's catch-up."
    )

    speakers_enabled: bool = Field(
        True, description="Tell who speaks, where a client asks for it. One value for all services."
    )

    @model_validator(mode="after")
    def _read_password(self) -> Self:
        if self.redis_password_file is not None and self.redis_password is None and self.redis_url is None:
            try:
                self.redis_password = SecretStr(self.redis_password_file.read_text(encoding="utf-8").strip())
            except (OSError, UnicodeDecodeError) as problem:
                raise ValueError(f"the password file cannot be read: {problem}") from problem
        return self

    @model_validator(mode="after")
    def _check_url(self) -> Self:
        if self.redis_url is not None:
            try:
                self.redis_address()
            except ValueError as problem:
                raise ValueError(f"REDIS_URL: {problem}") from None
        elif self.redis_ca_file is not None:
            raise ValueError("REDIS_CA_FILE goes with REDIS_URL, a rediss:// one")
        return self

    def redis_address(self) -> RedisAddress:
        """Where Redis is, secrets included: never log it."""
        if self.redis_url is not None:
            return read_redis_url(self.redis_url.get_secret_value(), self.redis_ca_file)
        auth = ""
        if self.redis_password is not None:
            auth = f":{quote(self.redis_password.get_secret_value(), safe='')}@"
        place = f"{self.redis_host}:{self.redis_port}"
        return RedisAddress(f"redis://{auth}{place}/0", {}, place)

    def broker_url(self) -> str:
        """The Redis URL, secrets included: never log it."""
        return self.redis_address().url


class MeasuredSettings(ServiceSettings):
    """For a service that serves no HTTP but its own `/metrics`."""

    metrics_host: str = Field("127.0.0.1", description="Address on which /metrics is served for Prometheus.")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Its port. It asks for no token: keep it from others. 0: not served."
    )
