"""Speech recognition's stand-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from tests.support.fake_pipeline import FakePipeline


@pytest.fixture
def pipeline(redis_port: int, redis_client: redis.Redis) -> Iterator[FakePipeline]:
    """Ends every utterance at once."""
    with FakePipeline(redis_port) as running:
        yield running
