"""Sessions come and go for a long time, and nothing grows: memory, keys, file descriptors, threads, asyncio tasks.

`make soak` takes SOAK_SEC=1800 and SOAK_SESSIONS=20; a test run takes a short one.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from contract.keys import LISTENER_STATE_KEY, OUTCOMES_STREAM, workers_key
from contract.queues import ANALYZER_QUEUE, LISTENER, STT_QUEUE
from harness.speech import demo_clips
from tests.faults.campaign import wait_for
from tests.faults.fault_system import CELERYS_OWN, DEMO_MODELS, FaultSystem, running_world
from tests.support.speakers import Speaker

SOAK_SEC = float(os.environ.get("SOAK_SEC", "45"))
SESSIONS = int(os.environ.get("SOAK_SESSIONS", "6"))
WARM_UP_SEC = 25.0 if SOAK_SEC < 300 else 120.0
VISIT_SEC = (5.0, 20.0)
TTL_SEC = 20
DRAIN_SEC = 60.0
GROWTH = 0.10  # of a process's memory
SPARE_MIB = 2.0  # pages that an allocator holds or not: more than a tenth of a small process such as Redis
SPARE = 8  # descriptors and threads of pools that fill as they are needed; a leak is one for every visit
LASTING = {OUTCOMES_STREAM, LISTENER_STATE_KEY, *map(workers_key, (STT_QUEUE, ANALYZER_QUEUE, LISTENER))}
SETTINGS = {
    **DEMO_MODELS,
    "SESSION_TTL_SEC": str(TTL_SEC),
    "OUTCOMES_MAX": "100",
    "LINGER_SEC": "3",
    "RESULT_LOG_MAX_BYTES": "100000",
    "RESULT_LOG_COUNT": "1",
}


@dataclass(frozen=True)
class Size:
    """What a process holds."""

    memory_mib: float
    descriptors: int
    threads: int


def size_of(pid: int) -> Size:
    """The size of a process, from /proc."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    memory_kib = int(status["VmRSS"].split()[0])
    return Size(memory_kib / 1024, len(list(Path(f"/proc/{pid}/fd").iterdir())), int(status["Threads"]))


class Visits:
    """Visitors, so many at once, each of whom speaks for a while and goes; half of them just vanish."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.count = self.spoken = self.lost = 0

    async def of(self, sessions: int, seconds: float) -> None:
        """Let them come and go for `seconds`."""
        ends = time.monotonic() + seconds
        await asyncio.gather(*(self._one_after_another(number, ends) for number in range(sessions)))

    async def _one_after_another(self, number: int, ends: float) -> None:
        dice = random.Random(number)
        await asyncio.sleep(dice.uniform(0, 3))
        while time.monotonic() < ends:
            speaker = Speaker(self.url, demo_clips(), dice.randrange(2**32))
            leave = asyncio.Event()
            timer = asyncio.get_running_loop().call_later(dice.uniform(*VISIT_SEC), leave.set)
            talk = asyncio.create_task(speaker.talk(leave, DRAIN_SEC, (1.0, 3.0)))
            if dice.random() < 0.3:
                await leave.wait()
                talk.cancel()
                await asyncio.gather(talk, return_exceptions=True)
            else:
                assert await talk, "an outcome is missing"
                self.spoken += len(speaker.spoken)
                self.lost += len(speaker.lost())
            timer.cancel()
            self.count += 1


async def sizes_at_rest(world: FaultSystem) -> tuple[dict[str, Size], int]:
    """The size of each process, and the gateway's tasks, once everybody has gone, with the keys of their sessions."""
    await wait_for(lambda: not world.work_left(), DRAIN_SEC, f"nothing is left to do: {world.work_left()}")
    await wait_for(
        lambda: not passing_keys(world.client), TTL_SEC + DRAIN_SEC, f"keys go: {passing_keys(world.client)[:9]}"
    )
    tasks = await tasks_at_rest(world)
    return {name: size_of(world.pid(name)) for name in world.services}, tasks


async def tasks_at_rest(world: FaultSystem) -> int:
    """The gateway's asyncio tasks once their number stays the same for longer than an utterance lingers."""
    seen: list[int] = []
    while len(seen) < 6 or len(set(seen[-6:])) > 1:
        assert len(seen) < 120, f"the number of tasks does not settle: {seen}"
        seen.append(await count_tasks(world))
        await asyncio.sleep(1.0)
    return seen[-1]


async def count_tasks(world: FaultSystem) -> int:
    """Ask the gateway for the number of its tasks."""
    told = world.moments.folder / "tasks"
    told.unlink(missing_ok=True)
    os.kill(world.pid("gateway"), signal.SIGUSR1)
    await wait_for(told.exists, 10, "the gateway tells its tasks")
    return int(told.read_text())


def passing_keys(client: redis.Redis) -> list[str]:
    """Keys that belong to sessions."""
    names = [key.decode() for key in client.scan_iter(count=1000)]
    return [name for name in names if name not in LASTING and not name.startswith(CELERYS_OWN)]


def test_sessions_come_and_go_and_nothing_grows(tmp_path: Path) -> None:
    with running_world(tmp_path, **SETTINGS) as world:
        asyncio.run(soak(world))


async def soak(world: FaultSystem) -> None:
    visits = Visits(world.ws_url)
    await visits.of(SESSIONS, WARM_UP_SEC)
    before, tasks_before = await sizes_at_rest(world)
    began = time.monotonic()
    await visits.of(SESSIONS, SOAK_SEC)
    minutes = (time.monotonic() - began) / 60
    after, tasks_after = await sizes_at_rest(world)
    print(f"\n{minutes:.1f} minutes, {SESSIONS} sessions at once, {visits.count} visits, {visits.spoken} utterances")
    for name, now in after.items():
        was = before[name]
        grown = now.memory_mib / was.memory_mib - 1
        print(
            f"  {name:9} {was.memory_mib:6.1f} -> {now.memory_mib:6.1f} MiB ({grown:+.1%}),"
            f" descriptors {was.descriptors} -> {now.descriptors}, threads {was.threads} -> {now.threads}"
        )
    print(f"  asyncio tasks of the gateway {tasks_before} -> {tasks_after}, keys of sessions that have gone: 0")
    assert visits.lost == 0
    for name, now in after.items():
        was = before[name]
        assert now.memory_mib <= was.memory_mib + max(was.memory_mib * GROWTH, SPARE_MIB), name
        assert now.descriptors <= was.descriptors + SPARE, name
        assert now.threads <= was.threads + SPARE, name
    assert tasks_after == tasks_before
    assert world.keys_without_ttl() == []
