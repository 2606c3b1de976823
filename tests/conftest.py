"""Fixtures that the tests of several services share: a real Redis, and the whole system running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from harness.human_voices import human_clips
from harness.processes import free_port, start_redis
from harness.stack import Stack, start_stack
from tests.support.fake_index import package_index
from tests.support.real_weights import base_checkpoint, offline_base_zip, tiny_en_bin

__all__ = ["base_checkpoint", "human_clips", "offline_base_zip", "package_index", "tiny_en_bin"]

TOKENS = "first-token-0123456789, other-token-9876543210"  # of `guarded_stack`
TESTS = Path(__file__).parent
FIRST = ("contract", "runtime", "page", "docs")  # then the services
LAST = ("bench", "node_client", "integration", "monitoring", "faults", "compose", "browser")


REAL_TIME = "real time"


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes seconds is run before what takes minutes. Folders stay whole, and the order in them as it is.

    Where several processes share the tests (`-n 2 --dist loadgroup`), the longest group comes first.
    """
    items.sort(key=lambda item: place_of(folder_of(item)))
    speaking = {item.path for item in items if "speech_wav" in fixtures_of(item)}
    groups = {item: group_of(item, item.path in speaking) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: groups[item] != REAL_TIME)


def group_of(item: pytest.Item, speaks: bool) -> str:
    """Tests that one process runs: those of one running system; those of a module.

    Browsers that are spoken to in real time, and before them the containers, whose networks would disturb a browser.
    """
    for system in ("stack", "guarded_stack"):
        if system in fixtures_of(item):
            return system
    folder = folder_of(item)
    return REAL_TIME if folder == "compose" or (folder == "browser" and speaks) else str(item.path)


def fixtures_of(item: pytest.Item) -> list[str]:
    """The names of all fixtures that it uses."""
    return list(getattr(item, "fixturenames", ()))


def folder_of(item: pytest.Item) -> str:
    """The folder of tests that it is in."""
    return item.path.relative_to(TESTS).parts[0]


def place_of(folder: str) -> int:
    """The place of a folder of tests among all of them."""
    if folder in FIRST:
        return FIRST.index(folder) - len(FIRST)
    return LAST.index(folder) + 1 if folder in LAST else 0


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
