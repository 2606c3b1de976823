"""A real gateway process with short time limits, and a stand-in for what is behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from harness.gateway import GatewayProcess
from tests.support.fake_pipeline import FakePipeline
from tests.support.tracebacks import no_traceback_in


@pytest.fixture
def start_gateway(
    redis_port: int, redis_client: redis.Redis, tmp_path: Path
) -> Iterator[Callable[..., GatewayProcess]]:
    """Starts gateways with the settings given; they stop after the test."""
    started: list[GatewayProcess] = []

    def start(**settings: str) -> GatewayProcess:
        gateway = GatewayProcess(redis_port, tmp_path, **settings)
        gateway.start()
        started.append(gateway)
        return gateway

    yield start
    for gateway in started:
        gateway.service.stop()
        assert "graceful shutdown exceeded" not in gateway.service.tail(500), "a connection's task did not end"


@pytest.fixture(scope="package")
def shared_gateway(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """One gateway with the default settings, but for two: what a test leaves unfinished or unanswered is kept until the
    gateway stops, which drops it, so that it never comes into a later test's queue."""
    later = {"LINGER_SEC": "600", "RESEND_AFTER_SEC": "3600"}
    gateway = GatewayProcess(redis_port, tmp_path_factory.mktemp("gateway"), **later)
    gateway.start()
    yield gateway
    gateway.service.stop()


@pytest.fixture
def gateway(shared_gateway: GatewayProcess, redis_client: redis.Redis) -> Iterator[GatewayProcess]:
    """The gateway with the default settings, its Redis empty. A test in which it logs a traceback fails."""
    with no_traceback_in(shared_gateway.service.log):
        yield shared_gateway


@pytest.fixture
def pipeline(redis_port: int, redis_client: redis.Redis) -> Iterator[FakePipeline]:
    """Ends every utterance at once."""
    with FakePipeline(redis_port) as running:
        yield running
