"""The faults of a run: each kind once at its worst moment, then any of them at random."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.faults.fault_system import SPEECH_WORKERS, FaultSystem
from tests.support.cutting_proxy import CuttingProxy

MOMENT_SEC = 40.0  # somebody speaks all the time, so every moment comes soon, once its worker has started again
PAUSE_SEC = 10.0
MOMENTS = (
    "stt_working",
    "stt_handed_on",
    "analyzer_working",
    "analyzer_ended",
    "gateway_recorded",
    "gateway_sent",
    "gateway_safe",
    "listener_logged",
    "listener_counted",
)
REDIS_MOMENTS = ("stt_working", "stt_handed_on", "analyzer_working", "analyzer_ended", "listener_logged")
WEIGHTS = {"stt_0": 4, "stt_1": 4, "analyzer": 4, "listener": 4, "gateway": 5, "redis": 4, "cut": 5}


@dataclass
class Campaign:
    """Runs the faults against `world` and counts them."""

    world: FaultSystem
    proxy: CuttingProxy
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    async def each_at_its_moment(self) -> None:
        """Every kind of fault, in the moment in which it hurts most."""
        for moment in MOMENTS:
            name = await asyncio.to_thread(self.world.kill_at, moment, MOMENT_SEC)
            self._note(f"{name.partition('_')[0]} killed", moment)
            await self._settle()
        for moment in REDIS_MOMENTS:
            await asyncio.to_thread(self.world.hold_at, moment, MOMENT_SEC)
            await asyncio.to_thread(self.world.kill, "redis", 0.3)
            self.world.moments.release(moment)
            self._note("redis killed", moment)
            await self._settle()
        self._note("connections cut", f"{self.proxy.cut()} of them")
        await asyncio.to_thread(self.world.pause_redis, PAUSE_SEC)
        self._note(f"redis paused {PAUSE_SEC:.0f} s")
        await self._settle()

    async def at_random(self, faults: int, every_sec: tuple[float, float]) -> None:
        """`faults` more, whatever the last one has left standing."""
        for _ in range(faults):
            await asyncio.sleep(self.dice.uniform(*every_sec))
            up = [name for name in WEIGHTS if name == "cut" or self.world.is_up(name)]
            name = self.dice.choices(up, [WEIGHTS[one] for one in up])[0]
            if name == "cut":
                self._note("connections cut", f"{self.proxy.cut()} of them")
            else:
                await asyncio.to_thread(self.world.kill, name, self.dice.uniform(0.0, 1.0))
                self._note(f"{name.partition('_')[0]} killed", name)

    async def watch(self) -> None:
        """Start again what ends by itself, for example a worker that Redis's loss has ended. Until cancelled."""
        while True:
            await asyncio.sleep(1.0)
            if ended := self.world.keep_running():
                self.log.append(f"{self._now()} ended by itself: {ended}")

    async def _settle(self) -> None:
        """Until one speech worker and all the rest are up: the next moment needs somebody who comes to it."""

        def standing() -> bool:
            rest = ("redis", "gateway", "analyzer", "listener")
            return any(map(self.world.is_up, SPEECH_WORKERS)) and all(map(self.world.is_up, rest))

        await wait_for(standing, MOMENT_SEC, "the system stands again")

    def _note(self, kind: str, detail: str = "") -> None:
        self.done[kind] += 1
        self.log.append(f"{self._now()} {kind} {detail}")

    def _now(self) -> str:
        return f"{time.monotonic() - self.began:6.1f} s"


async def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """`wait_until` beside a running event loop."""
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.05)


async def beside(helper: Awaitable[None], work: Awaitable[None]) -> None:
    """Run `work` to its end, with `helper` beside it."""
    running = asyncio.ensure_future(helper)
    try:
        await work
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
