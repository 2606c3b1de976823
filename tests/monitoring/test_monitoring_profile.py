"""What docker-compose's profile `monitoring` mounts, read by Debian's Prometheus and held against a running system.

Its own images cannot be had here; Debian's Prometheus is an older one (2.42) that reads the same files.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from harness.processes import ROOT, Service, free_port, wait_until
from harness.speech import demo_clips, noise
from harness.stack import Stack
from tests.conftest import TOKENS
from tests.support.http_requests import request
from tests.support.raw_client import RawClient

MONITORING = ROOT / "deploy" / "monitoring"
WAIT_SEC = 90.0

if shutil.which("prometheus") is None:
    pytest.skip("the Debian package prometheus is not installed", allow_module_level=True)


def rules() -> dict[str, str]:
    """Each alert's expression."""
    loaded = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))
    return {rule["alert"]: rule["expr"] for group in loaded["groups"] for rule in group["rules"]}


def jobs() -> list[str]:
    """The services that are looked at."""
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    return [job["job_name"] for job in config["scrape_configs"]]


def dashboard() -> dict[str, Any]:
    path = MONITORING / "grafana" / "dashboards" / "whispertextanalyzer.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def panel_expressions() -> list[str]:
    return [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]


def promtool(*arguments: str) -> str:
    ran = subprocess.run(["promtool", *arguments], check=False, capture_output=True, text=True, timeout=30)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_promtool_takes_the_configuration_and_the_alerts(tmp_path: Path) -> None:
    token = tmp_path / "access_token"
    token.write_text("none", encoding="utf-8")
    shutil.copy(MONITORING / "alerts.yml", tmp_path)
    text = (MONITORING / "prometheus.yml").read_text(encoding="utf-8").replace("/tmp/access_token", str(token))
    (tmp_path / "prometheus.yml").write_text(text, encoding="utf-8")
    assert f"SUCCESS: {len(rules())} rules found" in promtool("check", "config", str(tmp_path / "prometheus.yml"))
    promtool("test", "rules", str(Path(__file__).with_name("alerts_test.yml")))


def test_every_service_is_looked_at_where_the_compose_file_serves_it() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    looked_at = {job["job_name"]: job["dns_sd_configs"][0] for job in config["scrape_configs"]}
    with_port = {name for name, one in services.items() if "METRICS_PORT" in (one.get("environment") or {})}
    assert set(looked_at) == with_port | {"fastapi_service"}
    for name, where in looked_at.items():
        assert where["names"] == [name]
        assert where["port"] == services[name]["environment"].get("METRICS_PORT", 8000)
        assert "back" in services[name]["networks"]
        assert "ports" not in services[name]
    assert set(services["prometheus"]["networks"]) >= {"back"} and "ports" not in services["prometheus"]
    assert [port.split(":")[0] for port in services["grafana"]["ports"]] == ["${GRAFANA_BIND"]
    assert services["grafana"]["ports"][0].startswith("${GRAFANA_BIND:-127.0.0.1}:")
    assert "back" not in services["grafana"]["networks"]


def test_the_dashboard_is_whole() -> None:
    panels = dashboard()["panels"]
    uid = yaml.safe_load((MONITORING / "grafana/datasources/prometheus.yml").read_text())["datasources"][0]["uid"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 10
    places = [panel["gridPos"] for panel in panels]
    taken = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(set(taken)) == len(taken), "two panels in one place"
    assert all(0 <= x < 24 for x, _ in taken)
    assert {target["datasource"]["uid"] for panel in panels for target in panel["targets"]} == {uid}


class Monitored:
    """A running system behind tokens, and a Prometheus that looks at it every second."""

    def __init__(self, stack: Stack, port: int) -> None:
        self.stack = stack
        self.url = f"http://127.0.0.1:{port}"

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression has now. Raises AssertionError where it is none."""
        expression = expression.replace("$__rate_interval", "30s")
        answer = request(self.url, f"/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        assert answer.status == 200, answer.text
        found: list[dict[str, Any]] = answer.json["data"]["result"]
        return found

    def up(self) -> dict[str, str]:
        return {one["metric"]["job"]: one["value"][1] for one in self.query("up")}


def configuration(stack: Stack, folder: Path) -> Path:
    """The real file, with the places of this machine for those of the containers, and looked at more often."""
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": [stack.metrics_url(job["job_name"]).removeprefix("http://")]}]
        if "authorization" in job:
            job["authorization"]["credentials_file"] = str(folder / "access_token")
    shutil.copy(MONITORING / "alerts.yml", folder)
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def monitored(guarded_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    folder = tmp_path_factory.mktemp("prometheus")
    port = free_port()
    arguments = [f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
    environment = {
        "ACCESS_TOKEN": TOKENS,
        "TOKEN_FILE": str(folder / "access_token"),
        "PROMETHEUS": str(shutil.which("prometheus")),
        "CONFIG": str(configuration(guarded_stack, folder)),
    }
    command = ["sh", str(MONITORING / "prometheus.sh"), *arguments]
    prometheus = Service("prometheus", command, environment, folder)
    prometheus.start()
    try:
        monitored = Monitored(guarded_stack, port)
        wait_until(lambda: _ready(monitored), WAIT_SEC, f"everybody is looked at: {prometheus.tail()}")
        yield monitored
    finally:
        prometheus.stop()


def _ready(monitored: Monitored) -> bool:
    try:
        if request(monitored.url, "/-/ready").status != 200:  # 503 until it has read its storage
            return False
        return monitored.up() == dict.fromkeys(jobs(), "1")
    except OSError:
        return False


def speak(stack: Stack) -> None:
    with RawClient(stack.ws_url, token=TOKENS.split(",", maxsplit=1)[0]) as client:
        for clip in demo_clips()[:2]:
            assert client.speak(clip.pcm)["type"] == "result"
        assert client.speak(noise(1.0, 0.0))["type"] == "dropped"


def test_every_expression_has_series_in_a_running_system(monitored: Monitored) -> None:
    def counted() -> float:
        return sum(float(one["value"][1]) for one in monitored.query("wta_listener_utterances_total"))

    before = counted()
    speak(monitored.stack)
    expressions = [*panel_expressions(), *(re.sub(r" (==|>|<) [0-9.]+$", "", expr) for expr in rules().values())]
    assert len(expressions) > 30

    def without_series() -> list[str]:
        return [one for one in expressions if not monitored.query(one)]

    wait_until(lambda: not without_series(), WAIT_SEC, "series everywhere")
    speak(monitored.stack)  # again: a rate needs a step between two looks, and a series may have begun at its end

    def not_observed() -> list[str]:
        histograms = [expr for expr in panel_expressions() if "histogram_quantile" in expr]
        return [expr for expr in histograms if any(one["value"][1] == "NaN" for one in monitored.query(expr))]

    # Prometheus may have looked last between two utterances: its next look tells.
    wait_until(lambda: counted() == before + 6, WAIT_SEC, "every utterance is counted")
    wait_until(lambda: not not_observed(), WAIT_SEC, "every histogram has been observed")


def test_a_quiet_system_fires_no_alert_and_a_killed_worker_does(monitored: Monitored) -> None:
    for alert in ("ServiceDown", "RedisDown", "NoWorker", "QueueOld", "UtterancesFail", "Refusing"):
        assert monitored.query(rules()[alert]) == [], alert
    worker = monitored.stack.services["analyzer_worker"]
    worker.kill()
    try:
        wait_until(lambda: monitored.query(rules()["NoWorker"]) != [], WAIT_SEC, "its heartbeat has expired")
        (missing,) = monitored.query(rules()["NoWorker"])
        assert missing["metric"]["queue"] == "analyzer_queue"
        (down,) = monitored.query(rules()["ServiceDown"])
        assert down["metric"]["job"] == "analyzer_worker"
        wait_until(lambda: monitored.query('ALERTS{alertname="NoWorker"}') != [], WAIT_SEC, "the alert is pending")
    finally:
        worker.start()
    wait_until(lambda: monitored.query(rules()["NoWorker"]) == [], WAIT_SEC, "it works again")


@pytest.mark.parametrize(
    ("environment", "token"),
    [
        ({"ACCESS_TOKEN": "first-token-0123456789, other"}, "first-token-0123456789"),
        ({"ACCESS_TOKEN_FILE": "{folder}/tokens"}, "one-token-in-a-file"),
        ({}, "none"),
    ],
)
def test_prometheus_is_given_the_first_token(environment: dict[str, str], token: str, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("\r\n  one-token-in-a-file \r\nanother\n", encoding="utf-8")
    given = {name: value.format(folder=tmp_path) for name, value in environment.items()}
    written = tmp_path / "access_token"
    ran = subprocess.run(
        ["sh", str(MONITORING / "prometheus.sh"), "more"],
        env={"PATH": "/usr/bin:/bin", "TOKEN_FILE": str(written), "PROMETHEUS": "/usr/bin/env", **given},
        check=False,
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert written.read_text(encoding="utf-8").strip() == token
    assert written.stat().st_mode & 0o077 == 0
    assert "token-0123456789" not in ran.stdout, "it is not left in Prometheus's environment"
