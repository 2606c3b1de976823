"""The page's files as the gateway sends them."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import cast

import pytest
import redis

from contract.keys import loading_key
from contract.queues import ANALYZER_QUEUE, STT_QUEUE
from harness.gateway import GatewayProcess
from harness.processes import ROOT, wait_until
from runtime.weights.progress import Loading

STATIC = ROOT / "fastapi_service" / "static"
FILES = ["js/app.js", "js/text/ko.js", "css/base.css"]


@pytest.fixture(scope="module")
def gateway(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    running = GatewayProcess(redis_port, tmp_path_factory.mktemp("gateway"))
    running.start()
    yield running
    running.service.stop()


@pytest.mark.parametrize("name", FILES)
def test_files_are_compressed_where_that_is_understood(gateway: GatewayProcess, name: str) -> None:
    wanted = Path(STATIC, name).read_bytes()
    request = urllib.request.Request(f"{gateway.url}/static/{name}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        sent = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert gzip.decompress(sent) == wanted
    assert len(sent) < len(wanted)
    with urllib.request.urlopen(f"{gateway.url}/static/{name}", timeout=10) as answer:
        assert answer.headers["Content-Encoding"] is None
        assert answer.read() == wanted


@pytest.mark.parametrize("path", ["/", "/login", "/static/index.html", "/static/icon.svg", "/healthz", "/no-such-page"])
def test_whatever_can_be_opened_as_a_document_says_what_it_may_load(gateway: GatewayProcess, path: str) -> None:
    headers = headers_of(gateway, path)
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["Permissions-Policy"] == "microphone=(self), display-capture=(self)"


@pytest.mark.parametrize("name", FILES)
def test_scripts_and_styles_carry_no_header_of_a_document(gateway: GatewayProcess, name: str) -> None:
    headers = headers_of(gateway, f"/static/{name}")
    assert "Content-Security-Policy" not in headers
    assert "Permissions-Policy" not in headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-cache"


def headers_of(gateway: GatewayProcess, path: str) -> Message:
    """Those of the answer to GET `path`, whatever its status."""
    try:
        with urllib.request.urlopen(f"{gateway.url}{path}", timeout=10) as answer:
            return cast(Message, answer.headers)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.headers


def test_a_page_that_asks_for_readiness_gets_no_error_status(
    gateway: GatewayProcess, redis_client: redis.Redis
) -> None:
    """Browsers put each 503 on their consoles."""
    with pytest.raises(urllib.error.HTTPError) as not_ready:
        urllib.request.urlopen(f"{gateway.url}/readyz", timeout=10)
    with not_ready.value as answer:
        assert answer.status == 503
        told = json.load(answer)
    with urllib.request.urlopen(f"{gateway.url}/readyz?page=1", timeout=10) as answer:
        assert answer.status == 200
        assert json.load(answer) == told
    assert told["models"] == {"speech": "", "sentiment": "", "demo": False}
    assert told["loading"] == []


def test_readiness_tells_how_far_a_model_is(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    downloads = [
        Loading(part="speech", model="base", done_bytes=45_000_000, total_bytes=133_343_666),
        Loading(part="sentiment", model="offline", done_bytes=1, total_bytes=0),
    ]
    for queue, download in zip((STT_QUEUE, ANALYZER_QUEUE), downloads, strict=True):
        redis_client.set(loading_key(queue), download.model_dump_json(), ex=60)

    def loading() -> list[dict[str, object]]:
        with urllib.request.urlopen(f"{gateway.url}/readyz?page=1", timeout=10) as answer:
            told: list[dict[str, object]] = json.load(answer)["loading"]
            return told

    wait_until(lambda: loading() == [download.model_dump() for download in downloads], 5, "both downloads are told")
    redis_client.set(loading_key(STT_QUEUE), "no JSON", ex=60)
    redis_client.delete(loading_key(ANALYZER_QUEUE))
    wait_until(lambda: loading() == [], 5, "nothing is told that is no download")
