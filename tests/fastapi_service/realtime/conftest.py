"""A gateway that asks for a token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.gateway import GatewayProcess
from tests.support.realtime_client import TOKEN


@pytest.fixture(scope="module")
def guarded(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway behind TOKEN, which a page of friend.example may use."""
    settings = {"ACCESS_TOKEN": TOKEN, "LOGIN_FAILURES_PER_MIN": "3", "ALLOWED_ORIGINS": "https://friend.example"}
    gateway = GatewayProcess(redis_port, tmp_path_factory.mktemp("guarded-realtime"), **settings)
    gateway.start()
    yield gateway
    gateway.service.stop()
