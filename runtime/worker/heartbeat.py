"""A worker's heartbeat: which queue it serves, with which model, and how long it has been on the same task.

A solo-pool worker answers no remote control while it works, so a thread writes the heartbeat to Redis. The same
thread ends the process when one task takes longer than `stuck_after_sec` (the pool ignores Celery's limits); its
supervisor restarts it and the task is redelivered.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, cast

import redis

from contract.keys import workers_key
from runtime.worker.exit_codes import RESTART_EXIT_CODE

if TYPE_CHECKING:
    import redis.asyncio

logger = logging.getLogger(__name__)

HEARTBEAT_EVERY_SEC = 2.0
HEARTBEAT_TTL_SEC = 10.0
STOP_SEC = 3.0


@dataclass(frozen=True)
class WorkerInfo:
    """The content of a heartbeat. `expires`: epoch seconds. `pace_sec`: what a task has taken lately, 0: unknown.
    `live_at`: when it last worked on live speech, epoch seconds, 0: never."""

    model: str
    demo: bool
    expires: float
    busy_sec: float
    tasks_done: int
    pace_sec: float = 0.0
    live_at: float = 0.0


KNOWN = tuple(field.name for field in fields(WorkerInfo))


def host_prefix() -> str:
    """What the names of this host's workers begin with."""
    return f"{socket.gethostname()}-"


def worker_id() -> str:
    """This process's name among all workers."""
    return f"{host_prefix()}{os.getpid()}"


class Heartbeat:
    """Writes one worker's heartbeat from a daemon thread until `stop`."""

    def __init__(
        self, client: redis.Redis, queue: str, worker: str, model: str, demo: bool, stuck_after_sec: float
    ) -> None:
        self._client = client
        self._key = workers_key(queue)
        self._worker = worker
        self._model = model
        self._demo = demo
        self._stuck_after_sec = stuck_after_sec
        self._busy_since: float | None = None
        self._moved = 0.0
        self._tasks_done = 0
        self.pace_sec = 0.0
        self._live_at = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Register the worker; call this once its model is loaded and warm."""
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """Deregister the worker, so that nobody waits for its heartbeat to expire."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SEC)  # a heartbeat in progress would register the worker again
        try:
            self._client.hdel(self._key, self._worker)
        except redis.RedisError:
            logger.warning("could not deregister; the heartbeat expires by itself")

    @contextmanager
    def working(self) -> Iterator[None]:
        """Mark the enclosed work as one task."""
        self._busy_since = time.monotonic()
        try:
            yield
        finally:
            self._busy_since = None
            self._tasks_done += 1

    def also_done(self, tasks: int) -> None:
        """Count tasks done beside the one that `working` marks."""
        self._tasks_done += tasks

    def heard_live(self) -> None:
        """Live speech is being worked on."""
        self._live_at = time.time()

    def going_on(self) -> None:
        """The current task makes progress: it is long, not stuck."""
        self._moved = time.monotonic()

    def _run(self) -> None:
        while not self._stopped.wait(HEARTBEAT_EVERY_SEC):
            since = self._busy_since
            if since is not None and time.monotonic() - max(since, self._moved) > self._stuck_after_sec:
                logger.error("a task is stuck for over %.0f s: ending this worker", self._stuck_after_sec)
                os._exit(RESTART_EXIT_CODE)
            self._beat()

    def _beat(self) -> None:
        since = self._busy_since
        info = WorkerInfo(
            self._model,
            self._demo,
            time.time() + HEARTBEAT_TTL_SEC,
            0.0 if since is None else round(time.monotonic() - since, 1),
            self._tasks_done,
            round(self.pace_sec, 4),
            round(self._live_at, 1),
        )
        try:
            pipe = self._client.pipeline(transaction=True)
            pipe.hset(self._key, self._worker, json.dumps(asdict(info)))
            pipe.expire(self._key, int(HEARTBEAT_TTL_SEC * 6))
            pipe.execute()
            self._forget_expired()
        except redis.RedisError as problem:
            logger.warning("heartbeat not written: %s", problem)

    def _forget_expired(self) -> None:
        raw = cast(dict[bytes, bytes], self._client.hgetall(self._key))
        for worker, value in raw.items():
            if parse_worker(value) is None:
                self._client.hdel(self._key, worker.decode())


def parse_worker(value: bytes | str) -> WorkerInfo | None:
    """The heartbeat in `value`, or None when it has expired or cannot be read."""
    info = _read(value)
    return info if info is not None and info.expires > time.time() else None


def _read(value: bytes | str) -> WorkerInfo | None:
    try:
        told = dict(json.loads(value))
        info = WorkerInfo(**{name: told[name] for name in KNOWN if name in told})  # newer workers send more
        return replace(info, expires=float(info.expires))
    except (TypeError, ValueError):
        return None


def seen_lately(heartbeats: Iterable[bytes | str]) -> list[WorkerInfo]:
    """Those of `heartbeats` that can be read. One that has expired is of a worker that did not deregister and was there
    in the last minute: it was killed, and is most probably being restarted."""
    return [info for info in map(_read, heartbeats) if info is not None]


def alive(heartbeats: Iterable[bytes | str]) -> list[WorkerInfo]:
    """Those of `heartbeats` that are fresh."""
    return [info for info in map(parse_worker, heartbeats) if info is not None]


async def live_workers(client: redis.asyncio.Redis, queue: str) -> list[WorkerInfo]:
    """The workers of `queue` whose heartbeat is fresh. Raises redis.RedisError."""
    return alive((await client.hgetall(workers_key(queue))).values())
