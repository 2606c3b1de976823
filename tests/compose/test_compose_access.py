"""ACCESS_TOKEN behind nginx: who comes in over HTTPS, by what, from which site and address; and Redis's password."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect, sync_playwright

from harness.processes import wait_until
from harness.speech import Clip, words_of
from tests.compose.compose_stack import NGINX_IMAGE, ComposeStack, docker
from tests.support.http_requests import Answer, log_in, request
from tests.support.raw_client import RawClient

TOKEN = "first-token-0123456789"
OTHER = "other-token-9876543210"
FROM_FILE = "filed-token-0123456789"
WRONG = "wrong-token-0123456789"
FAILURES_PER_MIN = 6
ADDRESS_CONNECTIONS = 2
HTML = {"Accept": "text/html"}

# Run inside the gateway's container: to nginx that is a client with another address than this machine's.
ELSEWHERE = f"""
import http.client, json, ssl
from websockets.sync.client import connect
context = ssl._create_unverified_context()
web = http.client.HTTPSConnection("nginx", context=context, timeout=30)
web.request("GET", "/readyz", headers={{"Authorization": "Bearer {TOKEN}"}})
answer = web.getresponse()
answer.read()
headers = {{"Authorization": "Bearer {TOKEN}"}}
at = dict(ssl=context, subprotocols=["wta.v1"], additional_headers=headers, open_timeout=30)
with connect("wss://nginx/ws", **at) as socket:
    message = json.loads(socket.recv(30))
    address = socket.local_address[0]
print(json.dumps([answer.status, message["type"], address]))
"""
ASK_REDIS = """
import socket, sys
from pathlib import Path
password = Path("/secrets/redis_password").read_text().strip() if sys.argv[1] == "right" else sys.argv[1]
with socket.create_connection(("redis", 6379), timeout=10) as redis:
    redis.sendall((f"AUTH {password}\\r\\n" if password else "").encode() + b"GET anything\\r\\nQUIT\\r\\n")
    print(redis.makefile("rb").read().decode())
"""


@pytest.fixture(scope="module")
def guarded(containers: ComposeStack) -> Iterator[ComposeStack]:
    """The containers with a gateway that asks for one of two tokens."""
    settings = {
        "ACCESS_TOKEN": f"{TOKEN},{OTHER}",
        "LOGIN_FAILURES_PER_MIN": str(FAILURES_PER_MIN),
        "ADDRESS_CONNECTIONS_MAX": str(ADDRESS_CONNECTIONS),
        "LOG_LEVEL": "DEBUG",
    }
    with containers.gateway_with(TOKEN, **settings):
        yield containers


def refused(url: str, **how: object) -> str:
    """Open a WebSocket that is refused; the code that it is told. Fails when it is let in."""
    with RawClient(url, **how) as client:  # type: ignore[arg-type]
        code = str(client.expect("error")["code"])
        assert client.close_code() == 1008
        return code


def cookie_of(answer: Answer) -> dict[str, str]:
    assert answer.status == 303, answer.text
    return {"Cookie": answer.cookie}


def test_a_browser_is_asked_and_then_speaks(guarded: ComposeStack) -> None:
    browser_path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser_path is None:
        pytest.skip("no Chromium is installed")

    def look() -> None:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
            page = browser.new_page(ignore_https_errors=True)
            answer = page.goto(guarded.url)
            assert answer is not None and answer.status == 401
            page.get_by_label("Access token").fill(TOKEN)
            page.get_by_role("button", name="Continue").click()
            expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open", timeout=20_000)
            [cookie] = page.context.cookies()
            assert cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Strict", cookie
            assert TOKEN not in cookie["value"] + page.url
            browser.close()

    with ThreadPoolExecutor(1) as thread:  # Playwright cannot run twice in one thread, and other tests have it running
        thread.submit(look).result()


def test_the_cookie_opens_page_and_websocket_over_https_alone(guarded: ComposeStack, clip: Clip) -> None:
    assert request(guarded.url, headers=HTML).status == 401
    assert "set-cookie" not in log_in(guarded.url, WRONG).headers
    answer = log_in(guarded.url, TOKEN)
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"secure", "httponly", "samesite=strict"} <= attributes
    cookie = cookie_of(answer)
    assert "<main>" in request(guarded.url, headers=HTML | cookie).text
    assert request(guarded.url, "/static/js/app.js", headers=cookie).status == 200
    with RawClient(guarded.ws_url, headers=cookie | {"Origin": guarded.url}) as client:
        client.expect("session")
        assert words_of(client.speak(clip.pcm)["text"]) == words_of(clip.text)
    plain = f"http://127.0.0.1:{guarded.http_port}"
    led = request(plain, "/login", "POST", f"token={TOKEN}".encode())
    assert led.status == 301 and "set-cookie" not in led.headers, "no token is taken without TLS"


@pytest.mark.parametrize("token", [TOKEN, OTHER])
def test_a_header_or_a_subprotocol_lets_in(guarded: ComposeStack, token: str) -> None:
    header = {"Authorization": f"Bearer {token}"}
    assert request(guarded.url, headers=header).status == 200
    with RawClient(guarded.ws_url, headers=header) as client:
        client.expect("session")
    with RawClient(guarded.ws_url, token=token) as client:
        client.expect("session")
        assert client.socket.subprotocol == "wta.v1"


def test_a_wrong_token_or_none_does_not(guarded: ComposeStack) -> None:
    assert request(guarded.url).status == 401
    assert request(guarded.url, headers={"Authorization": f"Bearer {WRONG}"}).status == 401
    assert refused(guarded.ws_url) == "not_allowed"
    assert refused(guarded.ws_url, token=WRONG) == "not_allowed"
    assert request(guarded.url, "/readyz").json == {"ready": True}


def test_another_sites_page_does_not_use_the_visitors_cookie(guarded: ComposeStack) -> None:
    cookie = cookie_of(log_in(guarded.url, TOKEN))
    port = guarded.https_port
    for name in ("127.0.0.1", "localhost"):
        with RawClient(f"wss://{name}:{port}/ws", headers=cookie | {"Origin": f"https://{name}:{port}"}) as client:
            client.expect("session")
    for foreign in ("https://example.org", "null", guarded.url.replace("https", "http"), f"https://127.0.0.1:{port}0"):
        forged = cookie | {"Origin": foreign, "X-Forwarded-Host": foreign.partition("//")[2]}
        assert refused(guarded.ws_url, headers=forged) == "origin_not_allowed", foreign
    assert refused(guarded.ws_url, headers=cookie) == "not_allowed", "a cookie without an origin"


def test_limits_count_the_clients_address_not_the_proxys(guarded: ComposeStack) -> None:
    header = {"Authorization": f"Bearer {TOKEN}"}
    with ExitStack() as opened:
        places = 0
        while True:
            client = opened.enter_context(RawClient(guarded.ws_url, headers=header))
            first = client.receive()
            if first["type"] == "busy":
                break
            places += 1
            assert places <= ADDRESS_CONNECTIONS, first
        assert first["code"] == "connections_full" and client.close_code() == 1013
        status, kind, address = json.loads(guarded.exec("fastapi_service", "python", "-c", ELSEWHERE))
        assert (status, kind) == (200, "session"), "another address has places of its own"
    for _ in range(3 * FAILURES_PER_MIN):  # while they are tried, some are allowed again
        status = request(
            guarded.url, headers={"Authorization": f"Bearer {WRONG}"} | {"X-Forwarded-For": address}
        ).status
        if status == 429:
            break
    assert status == 429, "an address that is made up does not help"
    assert request(guarded.url, headers=header).status == 429
    status, kind, _ = json.loads(guarded.exec("fastapi_service", "python", "-c", ELSEWHERE))
    assert (status, kind) == (200, "session"), "one who guesses is no burden to others"
    blamed = set(
        re.findall(r"a wrong access token from (\S+)", guarded.compose("logs", "--no-color", "fastapi_service"))
    )
    networks = guarded.inspect("nginx")["NetworkSettings"]["Networks"].values()
    assert len(blamed) == 1 and not blamed & {network["IPAddress"] for network in networks}


def test_no_container_logs_a_token_or_a_cookie(guarded: ComposeStack) -> None:
    cookie = log_in(guarded.url, OTHER)
    if cookie.status == 429:
        wait_until(lambda: log_in(guarded.url, OTHER).status == 303, 30, "one more guess is allowed")
        cookie = log_in(guarded.url, OTHER)
    with RawClient(guarded.ws_url, token=OTHER, query=f"token={TOKEN}") as client:
        session = client.expect("session")["session"]
    request(guarded.url, f"/?token={TOKEN}", headers={"Cookie": cookie.cookie})
    logs = guarded.logs(20_000)
    assert "wrong access token" in logs and "GET /ws" in logs, "they do log"
    for secret in (TOKEN, OTHER, WRONG, cookie.cookie.split("=")[1], session):
        assert secret not in logs
    assert TOKEN not in docker("inspect", guarded.containers("nginx")[0]), "nginx does not know it"


def test_tokens_can_come_from_a_mounted_file(guarded: ComposeStack) -> None:
    script = f"echo {FROM_FILE} > /secrets/access_tokens && chmod 644 /secrets/access_tokens"
    volume = f"{guarded.project}_secrets:/secrets"
    docker("run", "--rm", "--network", "none", "-v", volume, "--entrypoint", "sh", NGINX_IMAGE, "-c", script)
    with guarded.gateway_with(FROM_FILE, ACCESS_TOKEN="", ACCESS_TOKEN_FILE="/secrets/access_tokens"):
        assert request(guarded.url, headers={"Authorization": f"Bearer {FROM_FILE}"}).status == 200
        assert request(guarded.url, headers={"Authorization": f"Bearer {TOKEN}"}).status == 401
        assert FROM_FILE not in guarded.logs(20_000)


@pytest.mark.parametrize(
    ("password", "answers"),
    [
        ("", ["-NOAUTH", "+OK"]),
        ("wrong", ["-WRONGPASS", "-NOAUTH", "+OK"]),
        ("right", ["+OK", "$-1", "+OK"]),
    ],
)
def test_redis_asks_those_on_its_network_for_the_password(
    containers: ComposeStack, password: str, answers: list[str]
) -> None:
    said = containers.exec("listener_service", "python", "-c", ASK_REDIS, password)
    assert [line.split()[0] for line in said.splitlines() if line.strip()] == answers, said
