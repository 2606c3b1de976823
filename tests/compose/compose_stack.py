"""The containers of docker-compose.yml as a project of its own, on the demo models, for tests."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from contract.messages import Dropped, Error, Result
from harness.processes import ROOT, free_port, wait_until
from recorder_service.client.client import StreamClient
from tests.support.http_requests import unverified

DOMAIN = "speech.example"
SERVICES = (
    "redis", "stt_worker", "analyzer_worker", "file_worker", "speaker_worker", "listener_service", "fastapi_service",
    "nginx",
)  # fmt: skip
IMAGES = ("fastapi_service", "stt_worker", "analyzer_worker", "file_worker", "speaker_worker", "listener_service")
NGINX_IMAGE = "nginx:stable-bookworm"
BUILD_SEC = 1500
UP_SEC = 420
FRAME_BYTES = 3200  # 100 ms

Outcome = Result | Dropped | Error
T = TypeVar("T")


def compose_command() -> list[str]:
    """docker-compose, or Compose v2 where that is what there is; empty without either."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if (
        shutil.which("docker")
        and subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode == 0
    ):
        return ["docker", "compose"]
    return []


def lacking() -> str:
    """Why containers cannot be run here; empty where they can."""
    if not compose_command():
        return "docker-compose is not installed"
    try:
        info = subprocess.run(["docker", "info"], check=False, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"no Docker engine answers: {problem}"
    return "" if info.returncode == 0 else f"no Docker engine answers: {info.stderr.strip()}"


def docker(*arguments: str, timeout: float = 120, words: str = "", check: bool = True) -> str:
    """Run docker with `words` on its standard input, and return what it wrote; fails with all its words."""
    command = ["docker", *arguments]
    done = subprocess.run(command, check=False, input=words, capture_output=True, text=True, timeout=timeout)
    if check and done.returncode != 0:
        raise AssertionError(f"docker {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in an event loop of a thread of its own: the main thread's may be in use by a browser."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect to be looked at."""

    def redirect_request(self, *_: Any) -> None:
        return None


class ComposeStack:
    """One project. HTTP_PORT, HTTPS_PORT and FRONT_SUBNET of the environment are taken over where they are set."""

    def __init__(self, folder: Path) -> None:
        self.project = f"wtatest{os.getpid()}"
        self.http_port = int(os.environ.get("HTTP_PORT") or free_port())
        self.https_port = int(os.environ.get("HTTPS_PORT") or free_port())
        self._env_file = folder / "none.env"
        self._env_file.touch()
        self._environment = {
            **os.environ,
            "HTTP_PORT": str(self.http_port),
            "HTTPS_PORT": str(self.https_port),
            "FRONT_SUBNET": os.environ.get("FRONT_SUBNET", "10.214.74.0/28"),
            "WHISPER_MODEL": "demo",
            "SENTIMENT_MODEL": "demo",
            "DOMAIN": DOMAIN,
            "CERTIFICATE_CHECK_SEC": "1",
            "COMPOSE_HTTP_TIMEOUT": "300",
        }
        self._one_at_a_time = threading.Lock()
        self._token = ""  # where the gateway asks for one

    @property
    def url(self) -> str:
        """The page's address."""
        return f"https://127.0.0.1:{self.https_port}"

    @property
    def ws_url(self) -> str:
        """The WebSocket's address."""
        return f"wss://127.0.0.1:{self.https_port}/ws"

    def compose(self, *arguments: str, timeout: float = 180, check: bool = True) -> str:
        """Run docker-compose on this project and return what it wrote; fails with all its words."""
        command = [*compose_command(), "-p", self.project, "--env-file", str(self._env_file)]
        with self._one_at_a_time:
            done = subprocess.run(
                [*command, "-f", str(ROOT / "docker-compose.yml"), "--project-directory", str(ROOT), *arguments],
                env=self._environment,
                check=False,
                capture_output=True,
                text=True,
                timeout=timeout,
            )
        if check and done.returncode != 0:
            raise AssertionError(f"docker-compose {' '.join(arguments)}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout

    def up(self) -> None:
        """Build and start everything; comes back when nginx is up, which waits for all others."""
        self.compose("build", timeout=BUILD_SEC)
        try:
            self.compose("up", "-d", timeout=UP_SEC)
        except (AssertionError, subprocess.TimeoutExpired) as problem:
            words = f"{problem}\n{self.compose('ps', check=False)}\n{self.logs(60)}"
            self.down()
            raise AssertionError(words) from None
        self.wait_ready()

    @contextmanager
    def gateway_with(self, token: str, **settings: str) -> Iterator[None]:
        """The gateway started anew with `settings`, by which `token` lets in; as it was again at the end."""
        before = self._environment, self._token
        self._environment, self._token = self._environment | settings, token
        try:
            self._recreate_gateway()
            yield
        finally:
            self._environment, self._token = before
            self._recreate_gateway()

    def _recreate_gateway(self) -> None:
        self.compose("up", "-d", "--no-deps", "fastapi_service")
        self.wait_ready()

    def down(self) -> None:
        """Remove the containers, networks and volumes."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "5", check=False)

    def logs(self, lines: int = 40) -> str:
        """The end of every service's log."""
        return self.compose("logs", "--no-color", "--tail", str(lines), check=False)

    def containers(self, service: str) -> list[str]:
        """Ids of the running containers of `service`. Docker itself is asked: docker-compose takes long to start."""
        labels = {"project": self.project, "service": service, "oneoff": "False"}
        filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        return docker("ps", "-q", *filters).split()

    def inspect(self, service: str) -> dict[str, Any]:
        """What Docker knows about the first container of `service`."""
        described: dict[str, Any] = json.loads(docker("inspect", self.containers(service)[0]))[0]
        return described

    def exec(self, service: str, *command: str, check: bool = True) -> str:
        """Run a command in a running container."""
        return docker("exec", self.containers(service)[0], *command, check=check)

    def redis(self, *command: str) -> str:
        """Ask Redis, with the password that was made for it."""
        return self.exec(
            "redis", "sh", "-c", f"REDISCLI_AUTH=$(cat /secrets/redis_password) redis-cli {' '.join(command)}"
        )

    def get(
        self, path: str, scheme: str = "https", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, list[str]], bytes]:
        """Status, headers (lower-case name to all its values) and body of one request; redirects are not followed."""
        port = self.https_port if scheme == "https" else self.http_port
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=unverified()), NoRedirect)
        request = urllib.request.Request(f"{scheme}://127.0.0.1:{port}{path}", headers=headers or {})
        try:
            answer = opener.open(request, timeout=20)
        except urllib.error.HTTPError as other:
            answer = other
        with answer:
            found: dict[str, list[str]] = {}
            for name, value in answer.headers.items():
                found.setdefault(name.lower(), []).append(value)
            return answer.status, found, answer.read()

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Status and body of the answer to a POST."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.https_port, timeout=60, context=unverified())
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def readiness(self) -> dict[str, Any]:
        """What /readyz says; empty while nothing answers."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            status, _, body = self.get("/readyz", headers=headers)
        except OSError:
            return {}
        state: dict[str, Any] = json.loads(body) if status in (200, 503) and body.startswith(b"{") else {}
        return state

    def wait_ready(self, stt_workers: int = 1) -> None:
        """Wait until every part is up, with `stt_workers` of those, or fail with the logs."""

        def all_up() -> bool:
            state = self.readiness()
            others = bool(state.get("ready")) and state.get("listeners") == state.get("file_workers") == 1
            return others and state["stt_workers"] == stt_workers

        try:
            wait_until(all_up, 120, f"ready with {stt_workers} STT workers: {self.readiness()}")
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.compose('ps', check=False)}\n{self.logs()}") from None


async def hear(url: str, utterances: list[bytes]) -> list[Outcome]:
    """Send `utterances` over one connection; their outcomes, in the order in which they were spoken."""
    outcomes: list[Outcome] = []
    async with StreamClient(url, insecure=True, language="en") as client:
        reading = asyncio.create_task(read_outcomes(client, outcomes))
        for pcm in utterances:
            await speak(client, pcm)
        assert await client.drain(120), "an utterance has no outcome"
        await all_read(client, outcomes)
    await reading
    return sorted(outcomes, key=lambda outcome: outcome.start_sec)


async def read_outcomes(client: StreamClient, outcomes: list[Outcome]) -> None:
    """Collect the outcomes that come, until the client is closed."""
    async for message in client.messages():
        if isinstance(message, Outcome) and message.seq:
            outcomes.append(message)


async def all_read(client: StreamClient, outcomes: list[Outcome]) -> None:
    """Wait until what the client has booked has been read."""
    async with asyncio.timeout(10):
        while len(outcomes) < client.last_seq:  # noqa: ASYNC110 - the reader tells nobody
            await asyncio.sleep(0.02)


async def speak(client: StreamClient, pcm: bytes) -> None:
    """Send one utterance."""
    for begin in range(0, len(pcm), FRAME_BYTES):
        await client.send(pcm[begin : begin + FRAME_BYTES])
    await client.end_utterance()
