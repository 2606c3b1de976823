"""One stack of containers, built and started once, shared by all tests here and gone when they are done."""

from __future__ import annotations

import pytest

from harness.speech import Clip, demo_clips
from tests.compose.compose_stack import ComposeStack, lacking

RUNNING = pytest.StashKey[ComposeStack]()


@pytest.fixture(scope="session")
def containers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ComposeStack:
    """The whole system in containers, healthy. Skips where no engine runs."""
    if reason := lacking():
        pytest.skip(reason)
    stack = ComposeStack(tmp_path_factory.mktemp("compose"))
    stack.up()
    request.session.stash[RUNNING] = stack
    return stack


@pytest.hookimpl(trylast=True)  # fixtures may have something to put back first
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Take the containers down after the last test of this folder: the end of the session may be far away."""
    if nextitem is None or nextitem.path.parent != item.path.parent:
        stack = item.session.stash.get(RUNNING, None)
        if stack is not None:
            del item.session.stash[RUNNING]
            stack.down()


@pytest.fixture(scope="session")
def clip() -> Clip:
    """A short demo clip that is clearly positive."""
    return next(clip for clip in demo_clips() if clip.sentiment == "positive")
