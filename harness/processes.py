"""Starts and stops the project's processes for tests, as a user's process manager would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import redis

from tools.local_redis import redis_command

ROOT = Path(__file__).resolve().parent.parent
STOP_SEC = 20.0

PORTS = range(12_000, 32_000)
PORTS_OF_A_PROCESS = 1_000
PATIENCE_SEC = 30.0  # a machine that does much else may stand still for half of it
_first = os.getpid() * PORTS_OF_A_PROCESS % len(PORTS)
_ports: Iterator[int] = cycle([*PORTS[_first:], *PORTS[:_first]])


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens on, and that no other process which asks here gets at the same time.

    Below those that the system gives to clients, so that no connection takes it before a service does. Each process
    goes through the range from a place of its own.
    """
    for port in islice(_ports, len(PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port that was closed is free
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll `condition` until it holds; fails with `what` after `seconds`, PATIENCE_SEC at least."""
    seconds = max(seconds, PATIENCE_SEC)
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)


class Service:
    """One process, its log in a file; `kill` and `start` again as often as a test wants."""

    def __init__(self, name: str, command: list[str], environment: Mapping[str, str], log_dir: Path) -> None:
        self.name = name
        self.log = log_dir / f"{name}.log"
        self._command = command
        self._environment = {**os.environ, **environment}
        self._cwd = log_dir
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._environment, cwd=self._cwd, stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self._end(signal.SIGKILL)

    def tell_to_stop(self) -> None:
        """SIGTERM, for one of several that stop at once: `stop(None)` then waits for its end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self, how: signal.Signals | None = signal.SIGTERM) -> int:
        """SIGTERM (None: was told before), and SIGKILL for one that does not end; returns the exit status."""
        try:
            return self._end(how)
        except subprocess.TimeoutExpired:
            self._end(signal.SIGKILL)
            raise AssertionError(f"{self.name} did not stop within {STOP_SEC:.0f} s:\n{self.tail()}") from None

    def tail(self, lines: int = 40) -> str:
        """The end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def _end(self, how: signal.Signals | None) -> int:
        if self.process is None:
            return 0
        if how is not None and self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(STOP_SEC)


def python_service(name: str, arguments: list[str], environment: Mapping[str, str], logs: Path) -> Service:
    """A service run by this Python, from another folder than the repository's."""
    return Service(name, [sys.executable, *arguments], {**environment, "PYTHONPATH": str(ROOT)}, logs)


def celery_worker(
    package: str, queue: str, environment: Mapping[str, str], logs: Path, name: str = "", module: str = ""
) -> Service:
    """A solo worker of `package`, started as docker-compose starts it; `module` is one to start in its place."""
    options = f"-A {module or package}:celery worker -Q {queue} --loglevel=info --concurrency=1 --pool=solo"
    quiet = "--without-gossip --without-mingle --without-heartbeat"
    return python_service(name or package, ["-m", "celery", *options.split(), *quiet.split()], environment, logs)


def redis_service(port: int, data_dir: Path) -> Service:
    """A Redis on `port` with its append-only file in `data_dir`."""
    return Service("redis", redis_command(port, data_dir), {}, data_dir)


def answers(port: int) -> bool:
    """Whether a Redis on `port` answers."""
    try:
        with redis.Redis(port=port, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


@contextmanager
def start_redis(port: int, data_dir: Path) -> Iterator[Service]:
    """A running Redis; stopped at the end."""
    server = redis_service(port, data_dir)
    server.start()
    try:
        wait_until(lambda: answers(port), 15, f"Redis answers: {server.tail()}")
        yield server
    finally:
        server.kill()
