"""The scripts of deploy/ with stand-ins for what they call: certbot, DuckDNS, Azure."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from harness.processes import ROOT, wait_until

DEPLOY = ROOT / "deploy"


def stand_in(folder: Path, name: str, script: str) -> dict[str, str]:
    """Put a program called `name` in front of PATH; returns the environment to run with."""
    program = folder / name
    program.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose words go to `log`; told to end at the end, which it must do at once."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            assert process.wait(5) == 0
        finally:
            process.kill()
            process.wait(5)


def test_certbot_is_tried_again_after_a_failure_and_then_left_alone(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    environment = stand_in(tmp_path, "certbot", f'echo "$@" >> {calls}; [ "$(wc -l < {calls})" -ge 2 ]')
    environment |= {"DOMAIN": "speech.example", "CERTBOT_EMAIL": "me@speech.example", "CERTBOT_RETRY_SEC": "0"}
    log = tmp_path / "log"
    with running(["sh", str(DEPLOY / "certbot_loop.sh")], environment, log) as loop:
        wait_until(lambda: calls.exists() and len(calls.read_text().splitlines()) == 2, 10, "certbot was called twice")
        assert "does the name lead to this machine" in log.read_text()
        with pytest.raises(subprocess.TimeoutExpired):
            loop.wait(0.5)
    for call in calls.read_text().splitlines():
        assert call.startswith("certonly --webroot --webroot-path /var/www/acme --domain speech.example")
        assert "--keep-until-expiring --non-interactive --agree-tos --email me@speech.example" in call
        assert "--staging" not in call


def test_certbot_wants_a_domain(tmp_path: Path) -> None:
    environment = {**os.environ, "DOMAIN": ""}
    done = subprocess.run(
        ["sh", str(DEPLOY / "certbot_loop.sh")], env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "Set DOMAIN in .env" in done.stderr


def test_duckdns_is_told_the_name_and_a_refusal_is_put_in_words(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    asked: list[str] = []
    answers = {"good": b"OK", "bad": b"KO"}

    class DuckDns(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers["good" if "token=good&" in self.path else "bad"])

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    server = HTTPServer(("127.0.0.1", 0), DuckDns)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        for token, words in (("good", "my-name: OK"), ("bad", "DuckDNS refuses")):
            environment = {
                **os.environ,
                "DUCKDNS_SUBDOMAIN": "my-name",
                "DUCKDNS_TOKEN": token,
                "DUCKDNS_URL": f"http://127.0.0.1:{server.server_port}/update",
            }
            log = tmp_path / token
            with running(["sh", str(DEPLOY / "duckdns_loop.sh")], environment, log):
                wait_until(lambda log=log, words=words: words in log.read_text(), 10, words)  # type: ignore[misc]
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
    assert asked == ["/update?domains=my-name&token=good&ip=", "/update?domains=my-name&token=bad&ip="]


AZ = """
printf '%q ' "$@" >> "$CALLS"; echo >> "$CALLS"
while [ $# -gt 0 ]; do
  case $1 in
    --custom-data) cp "$2" "$DATA" ;;
    --scripts) [[ $2 != *redis_password* ]] || printf 'Enable succeeded:\\n[stdout]\\nthe-password\\n\\n[stderr]\\n' ;;
    length*) echo 1 ;;
  esac
  shift
done
"""


@pytest.fixture
def azure(tmp_path: Path) -> dict[str, str]:
    """The environment of deploy/azure.sh with stand-ins for az (writes down its calls) and curl (all is ready)."""
    stand_in(tmp_path, "curl", "exit 0")
    environment = stand_in(tmp_path, "az", AZ)
    return environment | {
        "CALLS": str(tmp_path / "calls"),
        "DATA": str(tmp_path / "data"),
        "NAME": "wta",
        "LABEL": "wta-me",
        "LOCATION": "koreacentral",
        "REPOSITORY": "https://example.com/me/WhisperTextAnalyzer.git",
    }


def run_azure(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [str(DEPLOY / "azure.sh"), *arguments], env=environment, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def files_of(environment: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The custom data of the VM that was made, and the files it writes, by path."""
    text = Path(environment["DATA"]).read_text(encoding="utf-8")
    assert text.startswith("#cloud-config\n")
    assert "@" not in text.replace("@example", "")
    data: dict[str, Any] = yaml.safe_load(text)
    files = {}
    for file in data["write_files"]:
        content = base64.b64decode(file["content"]).decode() if file.get("encoding") == "b64" else file["content"]
        files[file["path"]] = content
    return data, files


def test_azure_up_opens_80_and_443_and_starts_the_containers(azure: dict[str, str]) -> None:
    words = run_azure(azure, "up")
    assert "https://wta-me.koreacentral.cloudapp.azure.com" in words
    calls = Path(azure["CALLS"]).read_text(encoding="utf-8")
    rules = [line for line in calls.splitlines() if line.startswith("network nsg rule create")]
    assert len(rules) == 1
    assert "--destination-port-ranges 80 443" in rules[0]
    [address] = [line for line in calls.splitlines() if line.startswith("network public-ip create")]
    assert "--idle-timeout 30" in address, "else it forgets what is silent for 4 minutes"
    data, files = files_of(azure)
    assert files["/etc/whispertextanalyzer.env"].splitlines() == [
        "DOMAIN=wta-me.koreacentral.cloudapp.azure.com",
        "COMPOSE_PROFILES=letsencrypt",
    ]
    start = files["/usr/local/sbin/whispertextanalyzer-up"]
    assert "git clone --depth 1 --branch 'main' 'https://example.com/me/WhisperTextAnalyzer.git'" in start
    assert "docker compose  up --build -d" in start
    assert {"docker.io", "docker-compose-v2", "git"} <= set(data["packages"])
    assert subprocess.run(["sh", "-n"], check=False, input=start, text=True).returncode == 0


def test_azure_opens_ssh_for_one_address_only_when_asked(azure: dict[str, str]) -> None:
    run_azure(azure | {"SSH_FROM": "203.0.113.7"}, "up")
    rules = [
        line for line in Path(azure["CALLS"]).read_text().splitlines() if line.startswith("network nsg rule create")
    ]
    assert len(rules) == 2
    assert "--source-address-prefixes 203.0.113.7 --destination-port-ranges 22" in rules[1]


def test_azure_worker_joins_the_first_ones_redis(azure: dict[str, str]) -> None:
    run_azure(azure | {"WORKERS": "2"}, "worker")
    calls = Path(azure["CALLS"]).read_text(encoding="utf-8")
    assert "nsg rule create" not in calls, "nothing may come in"
    assert "REDIS_BIND=10.20.0.10" in calls
    assert "docker-compose.dev.yml" in calls
    _, files = files_of(azure)
    assert files["/etc/whispertextanalyzer.env"].splitlines() == [
        "REDIS_HOST=10.20.0.10",
        "REDIS_PASSWORD=the-password",
    ]
    start = files["/usr/local/sbin/whispertextanalyzer-up"]
    assert "docker compose -f docker-compose.worker.yml up --build -d --scale stt_worker=2" in start


def test_azure_tells_what_it_can_do() -> None:
    done = subprocess.run([str(DEPLOY / "azure.sh")], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    for word in ("up", "worker", "status", "down"):
        assert f"azure.sh {word}" in done.stderr
