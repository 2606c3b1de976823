"""What the compose files, .env.example and the images' recipes promise each other; no engine needed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from analyzer_worker.settings import AnalyzerSettings
from contract.settings import ServiceSettings
from fastapi_service.settings import GatewaySettings
from file_worker.settings import FileSettings
from harness.processes import ROOT
from listener_service.settings import ListenerSettings
from speaker_worker.settings import SpeakerSettings
from stt_worker.settings import SttSettings
from tests.compose.compose_stack import IMAGES, compose_command

SETTINGS: dict[str, type[ServiceSettings]] = {
    "fastapi_service": GatewaySettings,
    "stt_worker": SttSettings,
    "analyzer_worker": AnalyzerSettings,
    "file_worker": FileSettings,
    "speaker_worker": SpeakerSettings,
    "listener_service": ListenerSettings,
}
# Settled by the files of the containers themselves: where things are, and who listens where.
SETTLED = {
    "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "REDIS_PASSWORD_FILE", "GATEWAY_HOST", "GATEWAY_PORT",
    "FORWARDED_ALLOW_IPS", "DEMO_CLIPS_DIR", "WHISPER_DOWNLOAD_DIR", "XDG_CACHE_HOME", "DEMO_SPEECH_MODEL",
    "DEMO_SENTIMENT_MODEL", "OFFLINE_SENTIMENT_MODEL", "SENTIMENT_DOWNLOAD_DIR", "RESULT_LOG", "METRICS_HOST",
    "METRICS_PORT", "UPLOAD_DIR",
}  # fmt: skip
FILES = (
    "docker-compose.yml",
    "docker-compose.dev.yml",
    "docker-compose.gpu.yml",
    "docker-compose.external-redis.yml",
    "docker-compose.worker.yml",
)


REDIS_URL = "rediss://:a%2Bb%3D@name.redis.cache.windows.net:6380/0"


def expect_no_redis_of_ours(services: dict[str, Any]) -> None:
    """With somebody else's Redis: all that use it have a way out and its CA, and what we call redis holds nothing."""
    assert services["redis"]["command"] == ["sleep", "infinity"]
    for name in SETTINGS:
        assert {"front", "internet"} & {*services[name]["networks"]}, f"{name} is inside alone"
        assert any("/redis_ca" in str(volume) for volume in services[name]["volumes"]), name


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return found


def documented() -> set[str]:
    """The names in .env.example."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return {match[1] for line in lines if (match := re.fullmatch(r"#([A-Z][A-Z0-9_]*)=.*", line))}


def open_settings(settings: type[ServiceSettings]) -> set[str]:
    return {name.upper() for name in settings.model_fields} - SETTLED


@pytest.mark.parametrize("service", SETTINGS)
def test_every_setting_reaches_its_container_and_is_documented(service: str) -> None:
    wanted = open_settings(SETTINGS[service])
    environment = load("docker-compose.yml")["services"][service]["environment"]
    assert wanted - set(environment) == set(), "missing in docker-compose.yml"
    assert {name for name, value in environment.items() if value is None} == wanted
    assert wanted - documented() == set(), "missing in .env.example"


@pytest.mark.parametrize("service", ["stt_worker", "speaker_worker"])
def test_a_worker_on_another_machine_takes_the_same_settings(service: str) -> None:
    environment = load("docker-compose.worker.yml")["services"][service]["environment"]
    passed = {name for name, value in environment.items() if value is None}
    assert passed - {"REDIS_PORT"} == open_settings(SETTINGS[service])


def test_the_documented_defaults_are_the_real_ones() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    written = dict(line[1:].split("=", 1) for line in lines if re.match(r"#[A-Z][A-Z0-9_]*=", line))
    for settings in SETTINGS.values():
        default = settings()
        for name in sorted(open_settings(settings)):
            if written[name]:
                given = settings.model_validate({name.lower(): written[name]})
                assert getattr(given, name.lower()) == getattr(default, name.lower()), name
            else:
                assert getattr(default, name.lower()) is None, name


def test_what_the_compose_files_take_from_the_environment_is_documented_and_nothing_else() -> None:
    taken: set[str] = set()
    for name in FILES:
        text = (ROOT / name).read_text(encoding="utf-8")
        taken |= set(re.findall(r"(?<!\$)\$\{([A-Z][A-Z0-9_]*)", text))
        for service in load(name)["services"].values():
            taken |= {key for key, value in (service.get("environment") or {}).items() if value is None}
    assert taken == documented()


def test_workers_are_started_alike_everywhere() -> None:
    procfile = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines())
    services = load("docker-compose.yml")["services"]
    workers = (
        ("stt_worker", "stt"), ("analyzer_worker", "analyzer"), ("file_worker", "files"),
        ("speaker_worker", "speakers"),
    )  # fmt: skip
    for service, name in workers:
        command = shlex.split(services[service]["command"])
        assert procfile[name].split("exec ")[1].split() == command
        recipe = (ROOT / service / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
        assert yaml.safe_load(recipe.split("\nCMD ")[1]) == command
        queue = service.replace("worker", "queue")
        assert " ".join(command).startswith(
            f"celery -A {service}:celery worker -Q {queue} --loglevel=info --concurrency=1 --pool=solo"
        )
    remote = load("docker-compose.worker.yml")["services"]
    assert set(remote) == {"stt_worker", "speaker_worker"}
    alike = "image build command healthcheck stop_grace_period mem_limit read_only cap_drop security_opt init logging"
    for service, there in remote.items():
        for key in [*alike.split(), "tmpfs"]:
            assert there[key] == services[service][key], (service, key)


@pytest.mark.parametrize("service", IMAGES)
def test_an_image_holds_the_contract_and_its_own_folder(service: str) -> None:
    recipe = (ROOT / service / "Dockerfile").read_text(encoding="utf-8")
    sources = {source for line in re.findall(r"^COPY (.*)$", recipe, re.MULTILINE) for source in line.split()[:-1]}
    assert {source.split("/")[0] for source in sources} == {"contract", "runtime", service}
    assert "FROM python:3.11-slim-bookworm" in recipe
    assert recipe.index("requirements.txt") < recipe.index(f"COPY {service} {service}")
    assert not re.search(r"--mount|--chmod|--link|<<", recipe), "the classic builder does not know this"


def test_compose_itself_accepts_every_combination(tmp_path: Path) -> None:
    command = compose_command()
    if not command:
        pytest.skip("docker-compose is not installed")
    env_file = tmp_path / "settings.env"
    settings = ["WHISPER_MODEL=tiny", "REDIS_HOST=10.20.0.10", "REDIS_PASSWORD=secret", f"REDIS_URL={REDIS_URL}"]
    env_file.write_text("\n".join(settings), encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if name not in documented()}
    base = [*command, "--env-file", str(env_file), "--project-directory", str(ROOT)]
    combinations = [FILES[:1], FILES[:2], (FILES[0], FILES[2]), (FILES[0], FILES[3]), FILES[4:]]
    for files in combinations:
        chosen = [part for name in files for part in ("-f", str(ROOT / name))]
        done = subprocess.run(
            [*base, *chosen, "config"], env=clean, check=False, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        services = yaml.safe_load(done.stdout)["services"]
        assert services["stt_worker"]["environment"]["WHISPER_MODEL"] == "tiny"
        for name in {*SETTINGS} & {*services}:
            assert services[name]["environment"]["REDIS_URL"] == REDIS_URL, name
        if FILES[3] in files:
            expect_no_redis_of_ours(services)
    monitoring = [*base, "-f", str(ROOT / FILES[0]), "--profile", "monitoring", "config"]
    done = subprocess.run(monitoring, env=clean, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert {"prometheus", "grafana"} <= set(yaml.safe_load(done.stdout)["services"])
