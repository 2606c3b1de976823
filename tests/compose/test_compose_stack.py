"""docker-compose up on a bare machine: speech through TLS and real containers."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from contract.messages import Result
from contract.queues import ANALYZER_QUEUE, FILE_QUEUE, LISTENER, SPEAKER_QUEUE, STT_QUEUE
from fastapi_service.page.routes import SECURITY_HEADERS
from harness.processes import wait_until
from harness.speech import Clip, demo_clips, words_of
from tests.compose.compose_stack import DOMAIN, IMAGES, SERVICES, ComposeStack, apart, docker, hear
from tests.support.http_requests import unverified
from tests.support.multipart import FORM, PATH, body


def test_clips_through_tls_give_their_words_and_sentiment(containers: ComposeStack) -> None:
    clips = demo_clips()
    results = apart(hear(containers.ws_url, [clip.pcm for clip in clips]))
    assert len(results) == len(clips)
    for clip, result in zip(clips, results, strict=True):
        assert isinstance(result, Result), (result, containers.logs())
        assert words_of(result.text) == words_of(clip.text)
        assert result.sentiment is not None
        assert result.sentiment.zone == clip.sentiment


def test_a_file_through_tls_gives_its_words_and_is_not_kept(containers: ComposeStack) -> None:
    long = next(clip for clip in demo_clips() if clip.path.stem == "long_happy")
    content = long.path.read_bytes()
    assert len(content) > 128 * 1024  # more than nginx takes elsewhere
    status, answer = containers.post(PATH, body(content, response_format="verbose_json"), FORM)
    assert status == 200, (answer, containers.logs())
    found = json.loads(answer)
    assert words_of(found["text"]) == words_of(long.text)
    assert found["segments"][0]["sentiment"]["zone"] == long.sentiment
    status, answer = containers.post(PATH, body(content[: len(content) // 2 * 2 - 3200], stream="true"), FORM)
    assert status == 200
    assert b"transcript.text.done" in answer
    assert (
        containers.exec("file_worker", "ls", "/uploads") == containers.exec("fastapi_service", "ls", "/uploads") == ""
    )
    status, _ = containers.post("/login", b"x" * 100_000, {})
    assert status == 413


def test_the_page_over_https_hears_the_microphone(containers: ComposeStack, clip: Clip) -> None:
    browser_path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser_path is None:
        pytest.skip("no Chromium is installed")
    arguments = [
        "--no-sandbox",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={clip.path.resolve()}",  # over and over: a busy machine may lose some sound
        "--ignore-certificate-errors",
    ]

    def look() -> None:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=arguments)
            page = browser.new_page(ignore_https_errors=True)
            complaints: list[str] = []
            page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
            page.on("pageerror", lambda problem: complaints.append(str(problem)))
            page.goto(containers.url)
            expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open", timeout=20_000)
            page.get_by_test_id("start-button").click()
            exactly = re.compile(rf"^\s*{re.escape(clip.text)}\s*$", re.IGNORECASE)
            said = page.get_by_test_id("card-text").filter(has_text=exactly)
            card = page.locator('[data-testid="card"][data-state="result"]').filter(has=said).first
            expect(card).to_contain_text(re.compile("positive", re.IGNORECASE), timeout=60_000)
            browser.close()
            assert complaints == []

    with ThreadPoolExecutor(1) as thread:  # Playwright cannot run twice in one thread, and other tests have it running
        thread.submit(look).result()


def test_http_leads_to_https(containers: ComposeStack) -> None:
    status, headers, _ = containers.get("/some/where?a=b", scheme="http")
    assert status == 301
    assert headers["location"] == [f"{containers.url}/some/where?a=b"]


def test_every_security_header_is_there_once(containers: ComposeStack) -> None:
    status, headers, _ = containers.get("/", headers={"Host": DOMAIN})
    assert status == 200
    for name, value in SECURITY_HEADERS.items():
        assert headers[name.lower()] == [value]
    assert headers["strict-transport-security"] == ["max-age=31536000"]
    assert "worker-src 'self'" in headers["content-security-policy"][0]
    assert not re.search(r"\d", headers["server"][0]), "nginx tells its version"
    assert "strict-transport-security" not in containers.get("/", headers={"Host": "localhost"})[1]


def test_text_is_compressed(containers: ComposeStack) -> None:
    _, headers, body = containers.get("/static/js/app.js", headers={"Accept-Encoding": "gzip"})
    assert headers["content-encoding"] == ["gzip"]
    assert body[:2] == b"\x1f\x8b"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(containers: ComposeStack) -> None:
    def shake_hands(version: ssl.TLSVersion) -> str | None:
        context = unverified()
        context.set_ciphers("ALL:@SECLEVEL=0")  # or this side would refuse
        context.minimum_version = context.maximum_version = version
        with (
            socket.create_connection(("127.0.0.1", containers.https_port), timeout=10) as raw,
            context.wrap_socket(raw) as connection,
        ):
            return connection.version()

    assert shake_hands(ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert shake_hands(ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
        shake_hands(ssl.TLSVersion.TLSv1_1)


def test_only_the_two_ports_of_nginx_are_published(containers: ComposeStack) -> None:
    for service in SERVICES:
        published = {
            port: hosts for port, hosts in containers.inspect(service)["NetworkSettings"]["Ports"].items() if hosts
        }
        if service != "nginx":
            assert published == {}, service
        else:
            ports = {port: {host["HostPort"] for host in hosts} for port, hosts in published.items()}
            assert ports == {"80/tcp": {str(containers.http_port)}, "443/tcp": {str(containers.https_port)}}


def test_redis_wants_its_password_and_nginx_cannot_reach_it(containers: ComposeStack) -> None:
    assert "NOAUTH" in containers.exec("redis", "redis-cli", "get", "anything")
    password = containers.exec("redis", "cat", "/secrets/redis_password").strip()
    assert re.fullmatch(r"[0-9a-f]{64}", password)
    assert password not in containers.logs(1000)
    assert containers.exec("nginx", "sh", "-c", "getent hosts fastapi_service").strip()
    assert containers.exec("nginx", "sh", "-c", "getent hosts redis || true").strip() == ""
    settings = containers.redis("config", "get", "appendonly"), containers.redis("config", "get", "maxmemory-policy")
    assert "yes" in settings[0]
    assert "noeviction" in settings[1]


def test_x_forwarded_is_believed_from_nginx_alone(containers: ComposeStack) -> None:
    """A page of http may not use a service that was asked by https, so what it is allowed tells what is believed."""
    allowed = "access-control-allow-origin"
    status, headers, _ = containers.get("/v1/models", headers={"Origin": containers.url})
    assert (status, headers[allowed]) == (200, [containers.url])
    host = f"127.0.0.1:{containers.https_port}"
    assert allowed not in containers.get("/v1/models", headers={"Origin": f"http://{host}"})[1]
    ask = (
        "import http.client; c = http.client.HTTPConnection('fastapi_service', 8000);"
        "c.request('GET', '/v1/models', headers={headers});"
        f"print(c.getresponse().getheader('{allowed}'))"
    )
    origin = {"Origin": "http://fastapi_service:8000"}
    for more in ({}, {"X-Forwarded-Proto": "https"}):
        told = containers.exec("listener_service", "python", "-c", ask.replace("{headers}", str(origin | more)))
        assert told.strip() == origin["Origin"]


def test_every_container_is_confined(containers: ComposeStack) -> None:
    for service in SERVICES:
        described = containers.inspect(service)
        host = described["HostConfig"]
        assert described["State"]["Health"]["Status"] == "healthy", service
        assert host["RestartPolicy"]["Name"] == "always", service
        assert host["Memory"] > 0, service
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}, service
        uid = containers.exec(service, "id", "-u").strip()
        assert service == "nginx" or uid != "0", service  # its processes that serve are another user's
        read_only = containers.exec(service, "sh", "-c", "touch /app/x /etc/x 2>&1; true")
        assert "Read-only" in read_only, service


def test_nginx_serves_as_another_user_than_root(containers: ComposeStack) -> None:
    listed = docker("top", containers.containers("nginx")[0], "-eo", "pid,user,args")
    workers = [line.split()[1] for line in listed.splitlines() if "worker process" in line]
    assert workers
    assert all(user not in ("root", "0") for user in workers), listed


@pytest.mark.parametrize("service", IMAGES)
def test_each_image_alone_has_all_that_its_service_imports(containers: ComposeStack, service: str) -> None:
    options = ["--rm", "-i", "--network", "none", "--read-only", "--tmpfs", "/tmp"]
    script = Path(__file__).with_name("image_imports.py").read_text(encoding="utf-8")
    image = f"whispertextanalyzer/{service}"
    found = json.loads(docker("run", *options, image, "python", "-", service, words=script).splitlines()[-1])
    assert found["app"] == sorted(["contract", "runtime", service])
    own = [file for file in (Path(__file__).parents[2] / service).rglob("*.py") if file.name != "__main__.py"]
    assert found["modules"] == len(own) > 0
    assert found["uid"] != 0
    assert found["compilers"] == []
    assert not [name for name in found["packages"] if name.startswith(("nvidia", "triton", "cuda"))]
    assert ("torch" in found["packages"]) == (service in ("stt_worker", "analyzer_worker", "speaker_worker"))


def test_health_checks_tell_work_from_none(containers: ComposeStack) -> None:
    for service, queue in (
        ("stt_worker", STT_QUEUE),
        ("analyzer_worker", ANALYZER_QUEUE),
        ("file_worker", FILE_QUEUE),
        ("speaker_worker", SPEAKER_QUEUE),
        ("listener_service", LISTENER),
    ):
        containers.exec(service, "python", "-m", "runtime.worker.healthcheck", queue)
    with pytest.raises(AssertionError, match="no fresh heartbeat"):
        containers.exec("stt_worker", "python", "-m", "runtime.worker.healthcheck", ANALYZER_QUEUE)


def test_transcripts_are_in_the_results_volume_and_in_no_log(containers: ComposeStack, clip: Clip) -> None:
    apart(hear(containers.ws_url, [clip.pcm]))
    word = max(words_of(clip.text), key=len)

    def written() -> bool:
        return word in containers.exec("listener_service", "cat", "/results/result_listener.log").lower()

    wait_until(written, 20, "the transcript is in result_listener.log")
    assert word not in containers.logs(5000).lower()


def test_two_stt_workers_share_the_work(containers: ComposeStack, clip: Clip) -> None:
    containers.compose("up", "-d", "--no-recreate", "--scale", "stt_worker=2", timeout=300)
    try:
        containers.wait_ready(stt_workers=2)

        def done() -> dict[str, int]:
            raw = containers.redis("--json", "hgetall", f"wta:workers:{STT_QUEUE}")
            return {worker: json.loads(beat)["tasks_done"] for worker, beat in json.loads(raw).items()}

        before = done()
        results = apart(hear(containers.ws_url, [clip.pcm] * 16))
        assert [words_of(r.text) for r in results if isinstance(r, Result)] == [words_of(clip.text)] * 16

        def all_counted() -> bool:
            return sum(done().values()) - sum(before.values()) >= 16

        wait_until(all_counted, 15, "the heartbeats tell of all the work")
        shares = [count - before[worker] for worker, count in done().items()]
        assert len(shares) == 2
        assert min(shares) >= 2, shares
    finally:
        containers.compose("up", "-d", "--no-recreate", "--scale", "stt_worker=1", timeout=300)
    containers.wait_ready(stt_workers=1)
