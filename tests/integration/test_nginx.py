"""The project's nginx, run for real in front of a gateway: limits, keep-alive, and the service under a path."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from harness.gateway import GatewayProcess
from harness.processes import ROOT, free_port, wait_until
from tests.support.http_requests import request, unverified
from tests.support.nginx import from_template, start_nginx
from tests.support.raw_client import RawClient
from tests.support.tcp_timers import probes_due_sec

STUDENTS = 30
CONNECTIONS = 6  # of a browser to one host
CLASS_SEC = 60.0
STATIC = ROOT / "fastapi_service" / "static"


@dataclass(frozen=True)
class Front:
    """Where nginx listens, and the gateway behind it."""

    http_port: int
    https_port: int
    gateway: GatewayProcess

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.https_port}"


@pytest.fixture(scope="module")
def front(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """With the limits as docker-compose.yml has them, and ROOT_PATH."""
    folder = tmp_path_factory.mktemp("front")
    gateway = GatewayProcess(redis_port, folder, ROOT_PATH="/stt")
    gateway.start()
    try:
        made = Front(free_port(), free_port(), gateway)
        content = from_template(folder, gateway.port, made.http_port, made.https_port, ROOT_PATH="/stt")
        with start_nginx(folder, content, made.url):
            yield made
    finally:
        gateway.service.stop()


def page_files(front: Front) -> list[str]:
    """Every file of the page under the version that the document names, as if each were asked for."""
    found = re.search(r'src="(static/[0-9a-f]{16}/)', request(front.url).text)
    assert found is not None
    kept = [path for path in STATIC.rglob("*") if path.suffix in (".js", ".css", ".svg")]
    return [f"/{found[1]}{path.relative_to(STATIC).as_posix()}" for path in kept]


async def fetch(port: int, paths: list[str], context: ssl.SSLContext, seen: Counter[int]) -> None:
    """All of `paths` one after the other over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    for path in paths:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        assert length is not None, head
        await reader.readexactly(int(length[1]))
        seen[int(head.split(" ", 2)[1])] += 1
    writer.close()
    await writer.wait_closed()


async def whole_class(port: int, paths: list[str]) -> Counter[int]:
    """How often each status came when STUDENTS browsers open the page in the same moment."""
    seen: Counter[int] = Counter()
    context = unverified()
    async with asyncio.timeout(CLASS_SEC), asyncio.TaskGroup() as together:
        for _ in range(STUDENTS):
            together.create_task(fetch(port, ["/"], context, seen))
            for number in range(CONNECTIONS):
                together.create_task(fetch(port, paths[number::CONNECTIONS], context, seen))
    return seen


def test_a_class_behind_one_address_opens_the_page_at_the_same_moment(front: Front) -> None:
    paths = page_files(front)
    assert len(paths) > 60
    began = time.monotonic()
    assert asyncio.run(whole_class(front.https_port, paths)) == {200: STUDENTS * (len(paths) + 1)}
    print(f"{STUDENTS} times {len(paths) + 1} files in {time.monotonic() - began:.1f} s")
    assert request(front.url, "/healthz").status == 200, "the other limit was not touched"


def test_what_is_no_file_of_the_page_keeps_its_own_limit(front: Front) -> None:
    async def many() -> Counter[int]:
        seen: Counter[int] = Counter()
        async with asyncio.TaskGroup() as together:
            for _ in range(10):
                together.create_task(fetch(front.https_port, ["/healthz"] * 40, unverified(), seen))
        return seen

    seen = asyncio.run(many())
    assert seen[200] >= 200 and seen[429] >= 50, seen


def test_silent_connections_are_probed_within_four_minutes(front: Front) -> None:
    wait_until(lambda: request(front.url, "/healthz").status == 200, 20, "the limit allows one more")
    with RawClient(f"wss://127.0.0.1:{front.https_port}/ws") as client:
        client.expect("session")
        due_sec = [due for due in probes_due_sec(front.https_port) if due != float("inf")]
        assert due_sec and all(0 < due < 160 for due in due_sec), due_sec


@pytest.mark.parametrize("path", ["", "/stt"])
def test_the_service_is_there_with_its_path_and_without(front: Front, path: str) -> None:
    wait_until(lambda: request(front.url, "/healthz").status == 200, 20, "the limit allows one more")
    page = request(front.url, f"{path}/")
    found = re.search(r'type="module" src="([^"]+)"', page.text)
    assert page.status == 200 and found is not None
    script = request(front.url, f"{path}/{found[1]}", headers={"Accept-Encoding": "gzip"})
    assert script.status == 200 and script.headers["content-encoding"] == "gzip"
    assert "immutable" in script.headers["cache-control"]
    with RawClient(f"wss://127.0.0.1:{front.https_port}{path}/ws") as client:
        client.expect("session")
    refused = request(front.url, f"{path}/v1/audio/transcriptions", "POST", b"x" * 100_000)
    assert refused.status == 400, "it reaches the gateway: elsewhere nginx refuses so much with 413"
    assert request(front.url, f"{path}/login", "POST", b"x" * 100_000).status == 413


def test_a_visitor_names_no_path(front: Front) -> None:
    wait_until(lambda: request(front.url, "/healthz").status == 200, 20, "the limit allows one more")
    for name in ("X-Forwarded-Prefix", "X-Ingress-Path"):
        described = request(front.url, "/openapi.json", headers={name: "/elsewhere"}).json
        assert described["servers"] == [{"url": "/stt"}]
