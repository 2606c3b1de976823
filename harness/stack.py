"""The whole system as processes, for tests that go from audio to page."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract.queues import ANALYZER_QUEUE, FILE_QUEUE, SPEAKER_QUEUE, STT_QUEUE
from harness.processes import (
    Service,
    answers,
    celery_worker,
    free_port,
    python_service,
    redis_service,
    wait_until,
)

READY_SEC = 180.0


@dataclass
class Stack:
    """Where the system runs, and its processes by name: redis, gateway, stt_worker, analyzer_worker,
    file_worker, speaker_worker, listener."""

    port: int
    redis_port: int
    services: dict[str, Service]
    folder: Path
    metrics_ports: dict[str, int] = field(
        default_factory=dict
    )  # of those with a port of their own, by the names of their folders

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """The WebSocket's address."""
        return f"ws://127.0.0.1:{self.port}/ws"

    def metrics_url(self, service: str) -> str:
        """Where a service, by the name of its folder, shows its /metrics."""
        return self.url if service == "fastapi_service" else f"http://127.0.0.1:{self.metrics_ports[service]}"

    def readiness(self) -> dict[str, Any]:
        """What /readyz says; empty while the gateway does not answer."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                body: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as not_ready:
            with not_ready:
                body = json.load(not_ready)
        except OSError:
            return {}
        return body

    def wait_ready(self) -> None:
        """Wait until every part is up, or fail with the logs."""
        try:
            wait_until(self._is_up, READY_SEC, "the system is ready")
        except AssertionError as problem:
            logs = "\n\n".join(f"--- {name}\n{service.tail()}" for name, service in self.services.items())
            raise AssertionError(f"{problem}\n{logs}") from None

    def _is_up(self) -> bool:
        dead = [name for name, service in self.services.items() if not service.running]
        assert not dead, f"ended: {dead}"
        state = self.readiness()
        files = "file_worker" not in self.services or state.get("file_workers", 1) > 0
        speakers = "speaker_worker" not in self.services or state.get("speaker_workers", 1) > 0
        return bool(state.get("ready")) and state.get("listeners", 1) > 0 and files and speakers


@contextmanager
def start_stack(folder: Path, stt_worker: str = "", **settings: str) -> Iterator[Stack]:
    """Start everything in `folder` and stop it at the end. `settings` are environment variables for all services; with
    SPEAKERS_ENABLED=false there is no speaker worker.

    `stt_worker`: a module of the tests that is the real worker with another engine.
    """
    port, redis_port = free_port(), free_port()
    environment = {
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis_port),
        "GATEWAY_PORT": str(port),
        "WHISPER_MODEL": "demo",
        "SENTIMENT_MODEL": "demo",
        "SPEAKER_MODEL": "dummy",
        "UPLOAD_DIR": str(folder / "uploads"),
        **settings,
    }
    of_their_own = ("stt_worker", "analyzer_worker", "file_worker", "speaker_worker", "listener_service")
    ports = {name: free_port() for name in of_their_own}
    measured = {name: {**environment, "METRICS_PORT": str(number)} for name, number in ports.items()}
    services = {
        "redis": redis_service(redis_port, folder),
        "gateway": python_service("gateway", ["-m", "fastapi_service"], environment, folder),
        "stt_worker": celery_worker("stt_worker", STT_QUEUE, measured["stt_worker"], folder, module=stt_worker),
        "analyzer_worker": celery_worker("analyzer_worker", ANALYZER_QUEUE, measured["analyzer_worker"], folder),
        "file_worker": celery_worker("file_worker", FILE_QUEUE, measured["file_worker"], folder),
        "speaker_worker": celery_worker("speaker_worker", SPEAKER_QUEUE, measured["speaker_worker"], folder),
        "listener": python_service("listener", ["-m", "listener_service"], measured["listener_service"], folder),
    }
    if environment.get("SPEAKERS_ENABLED", "true") == "false":
        del services["speaker_worker"]
    stack = Stack(port, redis_port, services, folder, ports)
    try:
        services["redis"].start()
        wait_until(lambda: answers(redis_port), 15, "Redis answers")
        for service in list(services.values())[1:]:
            service.start()
        stack.wait_ready()
        yield stack
    finally:
        others = [service for name, service in services.items() if name != "redis"]
        for service in others:
            service.tell_to_stop()
        for service in others:
            service.stop(None)
        services["redis"].kill()
