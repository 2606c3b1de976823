"""The whole system for fault tests: two speech workers, everything killable, and what must not be left behind."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from contract.keys import UNACKED_INDEX, taken_key, workers_key
from contract.queues import ANALYZER_QUEUE, LISTENER, STT_QUEUE
from harness.processes import (
    Service,
    answers,
    free_port,
    python_service,
    redis_service,
    wait_until,
)
from harness.stack import Stack
from runtime.worker.heartbeat import parse_worker
from tests.faults.fault_points import Moments

SPEECH_WORKERS = ("stt_0", "stt_1")
QUEUE_OF = {"stt_0": STT_QUEUE, "stt_1": STT_QUEUE, "analyzer": ANALYZER_QUEUE, "listener": LISTENER}
WORKER_OPTIONS = "--loglevel=info --concurrency=1 --pool=solo --without-gossip --without-mingle --without-heartbeat"
# kombu writes these sets anew with every consumer; they hold one name each. Its mutex has a TTL.
CELERYS_OWN = ("_kombu.binding", "unacked_mutex")
DEMO_MODELS = {"WHISPER_MODEL": "demo", "SENTIMENT_MODEL": "demo", "ANALYZER_THREADS": "1"}


class FaultSystem:
    """Processes by name: redis, gateway, stt_0, stt_1, analyzer, listener. Everything they write is in `folder`.

    They run on the dummy models, which are there at once; DEMO_MODELS are for tests that need real ones.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.moments = Moments(folder / "moments")
        self._down_on_purpose = ""
        (folder / "tmp").mkdir()
        self.redis_port, self.port = free_port(), free_port()
        self.client = redis.Redis(port=self.redis_port, socket_timeout=2)
        environment = {
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.redis_port),
            "GATEWAY_PORT": str(self.port),
            "WHISPER_MODEL": "dummy",
            "SENTIMENT_MODEL": "dummy",
            "FAULT_DIR": str(self.moments.folder),
            "TMPDIR": str(folder / "tmp"),
            **settings,
        }

        def faulty(name: str, arguments: str) -> Service:
            return python_service(name, arguments.split(), environment, folder)

        worker = f"-m celery -A {{}}:celery worker -Q {{}} {WORKER_OPTIONS}"
        self.services = {
            "redis": redis_service(self.redis_port, folder),
            "gateway": faulty("gateway", "-m tests.faults.faulty_gateway"),
            **{name: faulty(name, worker.format("tests.faults.faulty_stt", STT_QUEUE)) for name in SPEECH_WORKERS},
            "analyzer": faulty("analyzer", worker.format("tests.faults.faulty_analyzer", ANALYZER_QUEUE)),
            "listener": faulty("listener", "-m tests.faults.faulty_listener"),
        }

    @property
    def ws_url(self) -> str:
        """The WebSocket's address."""
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def stack(self) -> Stack:
        """The same processes for those who only want to know whether they are ready."""
        return Stack(self.port, self.redis_port, self.services, self.folder)

    # --- faults -------------------------------------------------------------------------------------

    def pid(self, name: str) -> int:
        """Process id of a service, 0 for one that was never started."""
        process = self.services[name].process
        return 0 if process is None else process.pid

    def kill(self, name: str, down_sec: float = 0.0) -> None:
        """SIGKILL; started again after `down_sec`, as its supervisor would."""
        self._down_on_purpose = name
        self.services[name].kill()
        time.sleep(down_sec)
        self.services[name].start()
        self._down_on_purpose = ""
        if name == "redis":
            wait_until(lambda: answers(self.redis_port), 15, f"Redis is back: {self.services[name].tail()}")

    def kill_at(self, moment: str, within_sec: float) -> str:
        """Kill, and start again, the process that next comes to `moment`; returns its name."""
        name = self.hold_at(moment, within_sec)
        self.kill(name)
        self.moments.release(moment)
        return name

    def hold_at(self, moment: str, within_sec: float, begin: Callable[[], object] | None = None) -> str:
        """Hold the process that next comes to `moment`, for example by what `begin` does; returns its name."""
        self.moments.arm(moment)
        if begin is not None:
            begin()
        wait_until(lambda: self.moments.held(moment) is not None, within_sec, f"somebody comes to {moment}")
        held = self.moments.held(moment)
        return next(name for name in self.services if self.pid(name) == held)

    def pause_redis(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after `seconds`: connections stay open and nothing is answered."""
        os.kill(self.pid("redis"), signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(self.pid("redis"), signal.SIGCONT)

    # --- looking ------------------------------------------------------------------------------------

    def is_up(self, name: str) -> bool:
        """Whether the service runs, and has signed on where it signs on at all."""
        if not self.services[name].running:
            return False
        queue = QUEUE_OF.get(name)
        if queue is None:
            return True
        try:
            value: Any = self.client.hget(workers_key(queue), f"{socket.gethostname()}-{self.pid(name)}")
        except redis.RedisError:
            return False
        return value is not None and parse_worker(value) is not None

    def keep_running(self) -> dict[str, int]:
        """Start what has ended by itself; returns the exit statuses."""
        ended = {}
        for name, service in self.services.items():
            if name != self._down_on_purpose and service.process is not None and not service.running:
                ended[name] = int(service.process.returncode)
                service.start()
        return ended

    def work_left(self) -> dict[str, int]:
        """Lengths of the queues, of what is taken from them, and of Celery's record of unacknowledged tasks."""
        queues = (STT_QUEUE, ANALYZER_QUEUE)
        lists = {name: self.client.llen(name) for name in (*queues, *map(taken_key, queues))}
        lists |= {"unacked": self.client.hlen("unacked"), UNACKED_INDEX: self.client.zcard(UNACKED_INDEX)}
        return {name: count for name, count in lists.items() if isinstance(count, int) and count}

    def keys_without_ttl(self) -> list[str]:
        """Keys that would stay for ever, Celery's own sets apart."""
        names = [key.decode() for key in self.client.scan_iter(count=1000)]
        return [name for name in names if self.client.ttl(name) == -1 and not name.startswith(CELERYS_OWN)]

    def files_left(self) -> list[str]:
        """Files in the folders of the processes, logs and Redis's data apart."""
        known = {"appendonlydir", "moments", "tmp", "result_listener.log"}
        files = [path.name for path in self.folder.iterdir() if path.suffix != ".log" and path.name not in known]
        return files + [path.name for path in (self.folder / "tmp").rglob("*") if path.is_file()]

    def processes_left(self) -> list[int]:
        """Processes that run in our folder."""
        left = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "cwd").readlink() == self.folder:
                    left.append(int(entry.name))
            except OSError:
                continue
        return left

    def logs(self, lines: int = 25) -> str:
        """The ends of all logs, for a test that fails."""
        return "\n\n".join(f"--- {name}\n{service.tail(lines)}" for name, service in self.services.items())

    # --- life ---------------------------------------------------------------------------------------

    def start(self, *names: str) -> None:
        """Start these, or everything, in the order of `services`; wait until all of them have signed on."""
        for name in names or self.services:
            self.services[name].start()
            if name == "redis":
                wait_until(lambda: answers(self.redis_port), 15, "Redis answers")
        self.wait_up(*names)

    def wait_up(self, *names: str, seconds: float = 120.0) -> None:
        """Wait until these, or everything, are up."""

        def up() -> bool:
            chosen = names or tuple(self.services)
            answering = "gateway" not in chosen or "redis" in self.stack.readiness()
            return all(map(self.is_up, chosen)) and answering

        try:
            wait_until(up, seconds, "everything is up")
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.logs()}") from None

    def stop(self) -> dict[str, int]:
        """SIGTERM to all, Redis last; returns the exit statuses."""
        others = [name for name in self.services if name != "redis"]
        for name in others:
            self.services[name].tell_to_stop()
        # Not told twice: a second signal ends Python itself, once its handlers are gone.
        statuses = {name: self.services[name].stop(None) for name in others}
        statuses["redis"] = self.services["redis"].stop()
        return statuses

    def close(self) -> None:
        """Kill whatever still runs."""
        self.client.close()
        for service in self.services.values():
            if service.running and service.process is not None:
                service.process.send_signal(signal.SIGCONT)
            service.kill()


@contextmanager
def running_world(folder: Path, *names: str, **settings: str) -> Iterator[FaultSystem]:
    """A world of these services, or all, that are up; killed at the end."""
    world = FaultSystem(folder, **settings)
    try:
        world.start(*names)
        yield world
    finally:
        world.close()
