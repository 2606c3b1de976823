"""A file worker that needs no model, and the official client."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from harness.gateway import GatewayProcess
from tests.support.fake_file_worker import FakeFileWorker


@pytest.fixture
def worker(redis_port: int, gateway: GatewayProcess) -> Iterator[FakeFileWorker]:
    """Ends every file at once."""
    with FakeFileWorker(redis_port, gateway) as running:
        yield running


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[openai.OpenAI]:
    """OpenAI's own, unchanged but for its address."""
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="none", timeout=20, max_retries=0) as made:
        yield made
