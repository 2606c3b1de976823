"""The node client as a process, and what it tells, line by line."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.processes import ROOT
from harness.speech import Clip

SCRIPT = ROOT / "tests" / "node_client" / "speak.mjs"
OUTCOMES = ("result", "dropped", "error")


@dataclass
class NodeSpeaker:
    """One run of speak.mjs. `told` are the lines it has printed so far."""

    process: asyncio.subprocess.Process
    told: list[dict[str, Any]] = field(default_factory=list)

    async def until(self, event: str, seconds: float = 120.0, **fields: Any) -> dict[str, Any]:
        """Read on until it tells `event` (of a message: with these `fields`); that line."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            while line := await self.process.stdout.readline():
                told = json.loads(line)
                self.told.append(told)
                body = told.get("message", told)
                if told["event"] == event and all(body.get(name) == value for name, value in fields.items()):
                    return dict(told)
        raise AssertionError(f"the node client ended before it told {event!r}: {self.told[-3:]}")

    def messages(self, *kinds: str) -> list[dict[str, Any]]:
        """The messages of these types so far."""
        return [
            told["message"] for told in self.told if told["event"] == "message" and told["message"]["type"] in kinds
        ]

    def texts(self) -> list[str]:
        """The texts of the results, in the order of speaking. Fails for another outcome, or one that came twice."""
        outcomes = self.messages(*OUTCOMES)
        assert [one["seq"] for one in outcomes] == list(range(1, len(outcomes) + 1))
        assert len({one["utterance"] for one in outcomes}) == len(outcomes)
        return [one["text"] for one in sorted(outcomes, key=lambda one: float(one["start_sec"]))]

    def count(self, event: str) -> int:
        """How often it told `event`."""
        return sum(told["event"] == event for told in self.told)


@asynccontextmanager
async def speaking(url: str, clips: Sequence[Clip], speed: float, **options: str) -> AsyncIterator[NodeSpeaker]:
    """The client speaking `clips` into `url`; killed at the end if it still runs."""
    more = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
    command = [shutil.which("node") or "node", str(SCRIPT), "--url", url, "--speed", str(speed)]
    command += ["--first-delay-sec", "0.2", *more, *(str(clip.path) for clip in clips)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, limit=1024 * 1024)
    try:
        yield NodeSpeaker(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
