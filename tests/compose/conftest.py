"""One stack of containers, built and started once, shared by all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compose.compose_stack import ComposeStack, lacking
from tests.support.speech import Clip, demo_clips


@pytest.fixture(scope="session")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    """The whole system in containers, healthy; gone with its volumes at the end. Skips where no engine runs."""
    if reason := lacking():
        pytest.skip(reason)
    running = ComposeStack(tmp_path_factory.mktemp("compose"))
    running.up()
    try:
        yield running
    finally:
        running.down()


@pytest.fixture(scope="session")
def clip() -> Clip:
    """A short demo clip that is clearly positive."""
    return next(clip for clip in demo_clips() if clip.sentiment == "positive")
