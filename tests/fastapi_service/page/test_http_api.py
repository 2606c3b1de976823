"""schemathesis asks the HTTP API what its own description does not foresee: no answer is a 5xx, none is undescribed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.gateway import GatewayProcess
from tests.support.fake_file_worker import FakeFileWorker
from tests.support.http_requests import request
from tests.support.tracebacks import no_traceback_in

Start = Callable[..., GatewayProcess]
TOKEN = "first-token-0123456789"


@pytest.mark.parametrize(
    "access", [{}, {"ACCESS_TOKEN": TOKEN, "LOGIN_FAILURES_PER_MIN": "1000"}], ids=["open", "guarded"]
)
def test_the_api_answers_whatever_it_is_asked(start_gateway: Start, tmp_path: Path, access: dict[str, str]) -> None:
    gateway = start_gateway(**access)
    headers = {"Authorization": f"Bearer {TOKEN}"} if access else {}
    described = request(gateway.url, "/openapi.json", headers=headers).json
    assert {"/healthz", "/readyz", "/login"} <= set(described["paths"])
    # /readyz is 503 by design where no worker runs; files are the next test's matter.
    ask(
        gateway,
        tmp_path,
        "--exclude-path",
        "/readyz",
        "--exclude-path-regex",
        "^/v1/audio",
        "--max-examples",
        "30",
        headers=headers,
    )


def test_the_upload_answers_whatever_it_is_asked(gateway: GatewayProcess, tmp_path: Path, redis_port: int) -> None:
    few = ["--phases", "coverage,fuzzing", "--max-examples", "8"]
    with FakeFileWorker(redis_port, gateway):
        ask(gateway, tmp_path, "--include-path-regex", "^/v1/audio", *few)


def ask(gateway: GatewayProcess, folder: Path, *options: str, headers: Mapping[str, str] | None = None) -> None:
    """Have schemathesis ask the gateway what comes to its mind, the same each time."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{gateway.url}/openapi.json"]
    checks = "not_a_server_error,content_type_conformance,status_code_conformance,response_schema_conformance"
    always = ["--checks", checks, "--seed", "1", "--no-color"]
    for name, value in (headers or {}).items():
        always += ["--header", f"{name}: {value}"]
    with no_traceback_in(gateway.service.log):
        ran = subprocess.run(
            [*command, *always, *options], cwd=folder, check=False, capture_output=True, text=True, timeout=120
        )
    assert ran.returncode == 0, ran.stdout[-6_000:] + ran.stderr[-2_000:]
    assert gateway.service.running


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_refused(gateway: GatewayProcess, method: str) -> None:
    answer = request(gateway.url, "/readyz", method, body=b"x" * 1_000)
    assert answer.status == 405
    assert json.loads(answer.body)
