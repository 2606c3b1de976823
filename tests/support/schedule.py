"""The order of the test modules, and which of them one process runs where several share them (`pytest -n 2`)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).resolve().parent.parent
FIRST = ("contract", "runtime", "page", "docs")  # then the services
LAST = ("bench", "node_client", "integration", "monitoring", "faults", "compose", "browser")
REAL_TIME = "real time"
ONE_SYSTEM = "one system"
SPOKEN_TO = re.compile(r"\bspeech_wav\b|\bwav=|\bcheck_heard\b|\bsound_server\b")  # in a module that plays to a browser
TOGETHER = ("clients",)  # folders whose modules share a system of their own


def place_of(path: Path) -> int:
    """The place of a module among all: what takes seconds before what takes minutes. Folders stay whole."""
    folder = path.relative_to(TESTS).parts[0]
    if folder in FIRST:
        return FIRST.index(folder) - len(FIRST)
    return LAST.index(folder) + 1 if folder in LAST else 0


@cache
def group_of(path: Path) -> str:
    """What one process runs: containers and then browsers that are spoken to, because a container that comes or goes
    disturbs a browser; the modules that use the running system; a folder that has its own; else a module."""
    text = path.read_text(encoding="utf-8")
    folder = path.relative_to(TESTS).parts[0]
    if folder in TOGETHER:
        return folder
    if folder == "compose" or (folder == "browser" and SPOKEN_TO.search(text)):
        return REAL_TIME
    return ONE_SYSTEM if folder != "browser" and re.search(r"\bstack: Stack\b", text) else str(path)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Hands whole groups to the processes, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(TESTS.parent / nodeid.partition("::")[0])
