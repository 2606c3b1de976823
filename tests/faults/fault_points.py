"""Named moments inside the real services, where a test can hold a process to kill it, or to kill Redis beside it.

A test makes the file `<moment>.armed` in FAULT_DIR. The first process that comes to the moment takes it away, leaves
`<moment>.<its process id>` in its place and waits there until it is killed or that file is gone.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

HOLD_SEC = 60.0  # a test that has forgotten a process: it goes on, so that the test fails for its own reason


def reach(moment: str) -> None:
    """Wait here if the test has armed `moment`; else cost next to nothing."""
    folder = Path(os.environ["FAULT_DIR"])
    held = folder / f"{moment}.{os.getpid()}"
    try:
        (folder / f"{moment}.armed").rename(held)
    except FileNotFoundError:
        return
    deadline = time.monotonic() + HOLD_SEC
    while held.exists() and time.monotonic() < deadline:
        time.sleep(0.005)


def deafen() -> None:
    """From now on this process asks for no more messages while the file `deaf` is in FAULT_DIR, and lives on."""
    from runtime.broker.delivery import ReliableChannel

    channel_class: Any = ReliableChannel
    real_start = channel_class._brpop_start

    def start(channel: Any, timeout: Any = None) -> None:
        if not (Path(os.environ["FAULT_DIR"]) / "deaf").exists():
            real_start(channel, timeout)

    channel_class._brpop_start = start


class Moments:
    """The test's side of `reach`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def arm(self, moment: str) -> None:
        """Hold the next process that comes to `moment`."""
        (self.folder / f"{moment}.armed").touch()

    def held(self, moment: str) -> int | None:
        """Process id of the one that is held there, None while there is none."""
        for file in self.folder.glob(f"{moment}.[0-9]*"):
            return int(file.suffix[1:])
        return None

    def deaf(self, yes: bool) -> None:
        """Make the workers deaf, or hear again; a message that they have asked for already they still take."""
        if yes:
            (self.folder / "deaf").touch()
        else:
            (self.folder / "deaf").unlink()

    def release(self, moment: str) -> None:
        """Let go of it; also to be called after it was killed."""
        for file in self.folder.glob(f"{moment}.*"):
            file.unlink()
