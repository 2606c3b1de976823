"""A container's health check: `python -m runtime.worker.healthcheck stt_queue`. Exit status 0: healthy.

Healthy is a worker whose heartbeat is fresh and whose queue moves: while tasks wait, it is busy or has done some since
the last check. Also for the listener, under the name `listener`. What is wrong is written to standard error.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import redis

from contract.keys import workers_key
from contract.settings import ServiceSettings
from runtime.redis_check import why_refused
from runtime.redis_client import sync_redis
from runtime.worker.heartbeat import WorkerInfo, host_prefix, parse_worker

STALLED_AFTER_SEC = 40.0


@dataclass(frozen=True)
class Look:
    """What one check saw, for the next: tasks done so far, and since when (epoch s) tasks wait and none was done."""

    tasks_done: int
    waiting_since: float


def judge(worker: WorkerInfo | None, waiting: int, before: Look | None, now: float) -> tuple[str, Look | None]:
    """What is wrong (empty: healthy), and what to remember for the next check.

    `waiting`: tasks in the queue that no worker has taken. `before`: what the check before remembered.
    """
    if worker is None:
        return "no fresh heartbeat: the worker is starting, has lost Redis, or is dead", None
    if waiting == 0 or worker.busy_sec > 0:
        return "", None
    if before is None or before.tasks_done != worker.tasks_done:
        return "", Look(worker.tasks_done, now)
    idle_sec = now - before.waiting_since
    trouble = f"{waiting} tasks wait, and none was begun for {idle_sec:.0f} s" if idle_sec > STALLED_AFTER_SEC else ""
    return trouble, before


def own_worker(client: redis.Redis, queue: str) -> WorkerInfo | None:
    """The heartbeat of this host's worker of `queue`, None where there is no fresh one. Raises redis.RedisError."""
    raw = cast(dict[bytes, bytes], client.hgetall(workers_key(queue)))
    own = (parse_worker(value) for name, value in raw.items() if name.startswith(host_prefix().encode()))
    return next((worker for worker in own if worker is not None), None)


def recall(memory: Path) -> Look | None:
    """What the previous check has written to `memory`, if anything."""
    try:
        return Look(**json.loads(memory.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def main(queue: str) -> str:
    """Check this host's worker of `queue`; what is wrong, empty when it is healthy."""
    memory = Path(tempfile.gettempdir()) / f"health-{queue}.json"
    settings = ServiceSettings()
    try:
        with sync_redis(settings) as client:
            worker = own_worker(client, queue)
            waiting = cast(int, client.llen(queue))
    except redis.RedisError as problem:
        return why_refused(problem, settings.redis_address()) or f"Redis: {problem}"
    trouble, look = judge(worker, waiting, recall(memory), time.time())
    if look is None:
        memory.unlink(missing_ok=True)
    else:
        memory.write_text(json.dumps(asdict(look)), encoding="utf-8")
    return trouble


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) or 0)
