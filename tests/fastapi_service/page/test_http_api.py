"""schemathesis asks the HTTP API what its own description does not foresee: no answer is a 5xx, none is undescribed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.gateway import GatewayProcess
from tests.support.http_requests import request

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
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{gateway.url}/openapi.json"]
    # /readyz and an upload are 503 by design where no worker runs.
    checks = "not_a_server_error,content_type_conformance,status_code_conformance"
    options = [
        "--checks",
        checks,
        "--exclude-path",
        "/readyz",
        "--exclude-path",
        "/v1/audio/transcriptions",
        "--max-examples",
        "30",
        "--seed",
        "1",
        "--no-color",
    ]
    for name, value in headers.items():
        options += ["--header", f"{name}: {value}"]
    ran = subprocess.run([*command, *options], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout[-6_000:] + ran.stderr[-2_000:]
    assert gateway.service.running
    assert "Traceback" not in gateway.service.log.read_text(errors="replace")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_refused(gateway: GatewayProcess, method: str) -> None:
    answer = request(gateway.url, "/readyz", method, body=b"x" * 1_000)
    assert answer.status == 405
    assert json.loads(answer.body)
