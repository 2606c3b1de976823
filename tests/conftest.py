"""Fixtures that the tests of several services share: a real Redis, and the whole system running."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from harness.human_voices import human_clips
from harness.processes import free_port, start_redis
from harness.stack import Stack, start_stack
from tests.support.fake_index import package_index
from tests.support.real_weights import base_checkpoint, offline_base_zip, tiny_en_bin
from tests.support.schedule import REAL_TIME, GroupScheduling, group_of, place_of

__all__ = ["base_checkpoint", "human_clips", "offline_base_zip", "package_index", "tiny_en_bin"]

TOKENS = "first-token-0123456789, other-token-9876543210"  # of `guarded_stack`


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The order in a folder stays as it is. Where several processes share the tests, the longest group comes first."""
    items.sort(key=lambda item: place_of(item.path))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: group_of(item.path) != REAL_TIME)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> GroupScheduling:
    """Whole groups, in our order."""
    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a real Redis on this machine, for the whole run."""
    port = free_port()
    with start_redis(port, tmp_path_factory.mktemp("redis")):
        yield port


@pytest.fixture
def redis_client(redis_port: int) -> Iterator[redis.Redis]:
    """A client of that Redis, emptied first."""
    with redis.Redis(port=redis_port) as client:
        client.flushall()
        yield client


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole system on the demo models, each service a process, on a Redis of its own.

    What a killed worker had in hand comes back after 10 s; a file that nobody waits for is cancelled after 3 s.
    """
    with start_stack(tmp_path_factory.mktemp("stack"), VISIBILITY_TIMEOUT_SEC="10", UPLOAD_LINGER_SEC="3") as running:
        yield running


@pytest.fixture(scope="session")
def guarded_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole system behind TOKENS, logging all that it can, as JSON. Nobody disturbs it before tests/monitoring."""
    folder = tmp_path_factory.mktemp("guarded")
    told = {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG", "RESULT_LOG": str(folder / "results")}
    with start_stack(folder, ACCESS_TOKEN=TOKENS, **told) as running:
        yield running
