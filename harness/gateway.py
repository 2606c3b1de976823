"""One gateway process for tests."""

from __future__ import annotations

import urllib.request
from pathlib import Path

from harness.processes import free_port, python_service, wait_until

START_SEC = 60.0  # a busy machine is slow to load it


class GatewayProcess:
    """A gateway at the given Redis, on a port of its own if the settings give none."""

    def __init__(self, redis_port: int, folder: Path, **settings: str) -> None:
        self.port = int(settings.get("GATEWAY_PORT") or free_port())
        environment = {
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(redis_port),
            "GATEWAY_PORT": str(self.port),
            "UPLOAD_DIR": str(folder / "uploads"),
            **settings,
        }
        self.service = python_service(f"gateway-{self.port}", ["-m", "fastapi_service"], environment, folder)

    @property
    def url(self) -> str:
        """Its HTTP address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Its WebSocket address."""
        return f"ws://127.0.0.1:{self.port}/ws"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.service.start()
        wait_until(self._alive, START_SEC, f"the gateway answers: {self.service.tail()}")

    def _alive(self) -> bool:
        assert self.service.running, self.service.tail()
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
