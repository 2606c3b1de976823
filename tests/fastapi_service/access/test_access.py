"""Where ACCESS_TOKEN is set, nobody gets past the door without it; where it is not, nothing is asked for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from fastapi_service.access.guard import PUBLIC_PATHS
from harness.gateway import GatewayProcess
from harness.processes import ROOT
from tests.support.fake_pipeline import FakePipeline
from tests.support.http_requests import log_in, request
from tests.support.raw_client import RawClient

Start = Callable[..., GatewayProcess]
TOKEN = "first-token-0123456789"
OTHER = "other-token-9876543210"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SECOND = bytes(32_000)


@pytest.fixture(scope="module")
def guarded(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway that asks for a token, and believes what 127.0.0.1 says about clients, as behind nginx."""
    gateway = GatewayProcess(
        redis_port, tmp_path_factory.mktemp("guarded"), ACCESS_TOKEN=f"{TOKEN}, {OTHER}", LOGIN_FAILURES_PER_MIN="3"
    )
    gateway.start()
    yield gateway
    gateway.service.stop()


def from_address(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


LIST_ROUTES = """
import json
from fastapi_service import app
def walk(routes):
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from walk(inner.routes)
        else:
            yield [route.path, sorted(getattr(route, "methods", None) or []), type(route).__name__]
print(json.dumps(list(walk(app.routes))))
"""


def routes_of_the_app() -> list[tuple[str, str]]:
    """Every route as (method or WS, a path that it takes). In a process of its own: the import sets logging up."""
    listed = subprocess.run(
        [sys.executable, "-c", LIST_ROUTES],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        timeout=60,
    )
    found = []
    for pattern, methods, kind in json.loads(listed.stdout):
        path = re.sub(r"\{.*?\}", "x", pattern)
        if "WebSocket" in kind:
            found.append(("WS", path))
        elif kind == "Mount":
            found.append(("GET", f"{path}/some-file"))
        else:
            found += [(method, path) for method in methods]
    return found


def test_every_route_asks_for_the_token_but_those_that_are_named(guarded: GatewayProcess) -> None:
    routes = routes_of_the_app()
    assert {("GET", "/"), ("WS", "/ws"), ("GET", "/static/some-file"), ("POST", "/login")} <= set(routes)
    for method, path in routes:
        if path in PUBLIC_PATHS:
            continue
        if method == "WS":
            with RawClient(guarded.url.replace("http", "ws") + path) as client:
                refused = client.expect("error")
                assert refused.get("code") == "not_allowed" or refused["error"]["code"] == "invalid_api_key", path
                assert client.close_code() == 1008
        else:
            answer = request(guarded.url, path, method)
            assert answer.status == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert method == "HEAD" or answer.json["error"]["code"] == "not_allowed"
    assert request(guarded.url, "/no/such/path").status == 401, "nobody learns what is there"
    assert request(guarded.url, "/static/js/app.js").status == 401
    assert request(guarded.url, "/openapi.json").status == 401


def test_liveness_is_open_and_readiness_tells_the_state_alone(guarded: GatewayProcess) -> None:
    assert request(guarded.url, "/healthz").json == {"status": "alive"}
    outside = request(guarded.url, "/readyz")
    assert (outside.status, outside.json) == (503, {"ready": False})
    inside = request(guarded.url, "/readyz", headers={"Authorization": f"Bearer {OTHER}"})
    assert "stt_workers" in inside.json


@pytest.mark.parametrize("token", [TOKEN, OTHER])
def test_a_bearer_token_lets_in(guarded: GatewayProcess, token: str) -> None:
    assert request(guarded.url, "/", headers={"Authorization": f"Bearer {token}"}).status == 200
    assert request(guarded.url, "/static/js/app.js", headers={"Authorization": f"bearer  {token}"}).status == 200


def test_a_browser_gets_a_login_page_and_then_the_page(guarded: GatewayProcess, pipeline: FakePipeline) -> None:
    asked = request(guarded.url, "/", headers=HTML | from_address("192.0.2.1"))
    assert asked.status == 401
    assert '<label for="token">' in asked.text and 'action="./login"' in asked.text
    assert "default-src 'self'" in asked.headers["content-security-policy"]
    assert asked.headers["cache-control"] == "no-store"
    assert request(guarded.url, "/static/login.css").status == 200
    wrong = log_in(guarded.url, "not-the-token", **from_address("192.0.2.1"))
    assert wrong.status == 401 and "not a valid access token" in wrong.text and "set-cookie" not in wrong.headers
    right = log_in(guarded.url, TOKEN, **from_address("192.0.2.1"))
    assert (right.status, right.headers["location"]) == (303, "./")
    attributes = {part.strip().lower() for part in right.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "max-age=604800"} <= attributes
    assert "secure" not in attributes
    cookie = {"Cookie": right.cookie}
    assert TOKEN not in right.headers["set-cookie"]
    assert "<main>" in request(guarded.url, "/", headers=HTML | cookie).text
    assert request(guarded.url, "/login", headers=HTML | cookie).headers["location"] == "./"
    with RawClient(guarded.ws_url, headers=cookie | {"Origin": guarded.url}) as client:
        client.expect("session")
        assert client.speak(SECOND)["text"] == "16000 samples"


def test_the_cookie_is_for_https_alone_where_the_page_came_by_it(guarded: GatewayProcess) -> None:
    answer = log_in(guarded.url, TOKEN, **{"X-Forwarded-Proto": "https"})
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_client_without_an_origin_needs_the_token_itself(guarded: GatewayProcess) -> None:
    cookie = {"Cookie": log_in(guarded.url, TOKEN).cookie}
    with RawClient(guarded.ws_url, headers=cookie) as client:
        assert client.expect("error")["code"] == "not_allowed"
        assert client.close_code() == 1008


def test_the_websocket_takes_the_token_as_a_subprotocol_and_never_says_it(guarded: GatewayProcess) -> None:
    with RawClient(guarded.ws_url, token=OTHER) as client:
        assert client.socket.subprotocol == "wta.v1"
        session = client.expect("session")["session"]
    with RawClient(guarded.ws_url, session, token=TOKEN) as client:
        assert client.expect("session")["session"] == session
        assert client.socket.response is not None
        assert "token." not in str(client.socket.response.headers)


@pytest.mark.parametrize("offered", ["token.", "token.@@@", "token.Zmlyc3Q", "token.//79", "Token." + "a" * 40])
def test_a_wrong_or_unreadable_token_is_refused_in_words(guarded: GatewayProcess, offered: str) -> None:
    headers = from_address(f"198.51.100.{len(offered)}{offered.count('@')}"[:15])
    try:
        with RawClient(guarded.ws_url, protocols=[offered], headers=headers) as client:
            error = client.expect("error")
            assert error["code"] == "not_allowed" and error["message"]
            assert client.close_code() == 1008
    except ValueError:  # the client itself does not send what is no sub-protocol
        assert "@" in offered or "/" in offered


@pytest.mark.parametrize("forged", ["1.2", "99999999999." + "0" * 64, "", "x" * 5000, "99999999999." + "é" * 64])
def test_a_forged_cookie_does_not_let_in(guarded: GatewayProcess, forged: str) -> None:
    cookie = {"Cookie": f"wta_access={forged}".encode().decode("latin-1")}
    assert request(guarded.url, "/", headers=cookie).status == 401
    genuine = log_in(guarded.url, TOKEN).cookie
    ends, seal = genuine.split("=")[1].split(".")
    later = f"wta_access={int(ends) + 1}.{seal}"
    assert request(guarded.url, "/", headers={"Cookie": later}).status == 401
    assert request(guarded.url, "/", headers={"Cookie": genuine}).status == 200


def test_a_cookie_holds_over_a_restart_and_ends_with_its_token(start_gateway: Start) -> None:
    first = start_gateway(ACCESS_TOKEN=f"{TOKEN},{OTHER}")
    cookie = {"Cookie": log_in(first.url, TOKEN).cookie}
    again = start_gateway(ACCESS_TOKEN=f"{OTHER},{TOKEN}")
    assert request(again.url, "/", headers=cookie).status == 200
    without = start_gateway(ACCESS_TOKEN=OTHER)
    assert request(without.url, "/", headers=cookie).status == 401


def test_guessing_is_slowed_per_address_and_those_inside_do_not_notice(guarded: GatewayProcess) -> None:
    guesser, neighbour = from_address("203.0.113.7"), from_address("203.0.113.8")
    cookie = {"Cookie": log_in(guarded.url, TOKEN, **guesser).cookie}
    for _ in range(3):
        assert log_in(guarded.url, "wrong", **guesser).status == 401
    slowed = log_in(guarded.url, TOKEN, **guesser)
    assert slowed.status == 429 and "set-cookie" not in slowed.headers
    assert 1 <= int(slowed.headers["retry-after"]) <= 20
    assert "Too many wrong tokens" in slowed.text
    api = request(guarded.url, "/", headers={"Authorization": f"Bearer {TOKEN}"} | guesser)
    assert (api.status, api.json["error"]["code"]) == (429, "too_many_attempts")
    with RawClient(guarded.ws_url, token=TOKEN, headers=guesser) as client:
        busy = client.expect("busy")
        assert busy["code"] == "too_many_attempts" and busy["retry_after_sec"] >= 1
        assert client.close_code() == 1013
    assert request(guarded.url, "/", headers=cookie | guesser).status == 200
    assert log_in(guarded.url, TOKEN, **neighbour).status == 303


def test_a_login_form_that_is_too_big_is_not_read(guarded: GatewayProcess) -> None:
    form = b"token=" + b"a" * 4_090
    address = from_address("192.0.2.77")
    assert request(guarded.url, "/login", "POST", form, address).status == 401
    assert request(guarded.url, "/login", "POST", form + b"a", address).status == 413


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("en,ko;q=0.5", "en"), ("fr", "en"), ("ko;q=x, ,;", "en"), ("", "en")],
)
def test_the_login_page_speaks_the_browsers_language(guarded: GatewayProcess, accepted: str, language: str) -> None:
    page = request(guarded.url, "/login", headers={"Accept-Language": accepted}).text
    assert f'<html lang="{language}">' in page
    assert ("접근 토큰" if language == "ko" else "Access token") in page


def test_a_link_on_another_site_leads_in_all_the_same(guarded: GatewayProcess) -> None:
    """The browser holds the cookie back then; our own page's reload brings it."""
    headers = HTML | {"Sec-Fetch-Site": "cross-site"}
    assert request(guarded.url, "/", headers=headers).headers["refresh"] == "0"
    assert "refresh" not in request(guarded.url, "/", headers=HTML | {"Sec-Fetch-Site": "same-origin"}).headers


def test_without_a_token_nothing_is_asked_for(gateway: GatewayProcess) -> None:
    assert request(gateway.url, "/", headers=HTML).status == 200
    assert request(gateway.url, "/login").headers["location"] == "./"
    assert log_in(gateway.url, "anything").headers["location"] == "./"
    assert "stt_workers" in request(gateway.url, "/readyz").json


def test_tokens_can_come_from_a_file(start_gateway: Start, tmp_path: Path) -> None:
    secret = tmp_path / "tokens"
    secret.write_text(f"{TOKEN}\n{OTHER}\n", encoding="utf-8")
    gateway = start_gateway(ACCESS_TOKEN_FILE=str(secret))
    assert request(gateway.url, "/").status == 401
    assert request(gateway.url, "/", headers={"Authorization": f"Bearer {OTHER}"}).status == 200


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ACCESS_TOKEN": "short-one-123"}, "token 1 is too short: 16 characters"),
        ({"ACCESS_TOKEN": f"{TOKEN},has a space in the middle"}, "token 2 has a character"),
        ({"ACCESS_TOKEN": " , "}, "ACCESS_TOKEN holds no token"),
        ({"ACCESS_TOKEN_FILE": "/no/such/file"}, "ACCESS_TOKEN_FILE cannot be read"),
        ({"ALLOWED_ORIGINS": "example.org"}, "'example.org' is no origin"),
    ],
)
def test_a_bad_setting_ends_the_start_in_words(
    redis_port: int, tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    gateway = GatewayProcess(redis_port, tmp_path, **settings)
    gateway.service.start()
    assert gateway.service.process is not None
    assert gateway.service.process.wait(20) == 1
    log = gateway.service.tail()
    assert words in log
    assert "Traceback" not in log
    for secret in ("short-one-123", "has a space", TOKEN):
        assert secret not in log


def test_no_token_cookie_or_session_is_in_the_log(start_gateway: Start, pipeline: FakePipeline) -> None:
    gateway = start_gateway(ACCESS_TOKEN=TOKEN, LOG_LEVEL="DEBUG")
    cookie = log_in(gateway.url, TOKEN).cookie
    log_in(gateway.url, "a-wrong-token-xyz")
    request(gateway.url, "/?token=in-the-url-by-mistake", headers={"Cookie": cookie})
    with RawClient(gateway.ws_url, token=TOKEN, query="token=in-the-url-by-mistake") as client:
        session = client.expect("session")["session"]
        client.speak(SECOND)
    with RawClient(gateway.ws_url, session, token="a-wrong-token-xyz") as client:
        client.close_code()
    gateway.service.stop()
    log = gateway.service.log.read_text(errors="replace")
    assert "accepted" in log and "wrong access token" in log, "it did log"
    for secret in (TOKEN, cookie.split("=")[1], session, "in-the-url-by-mistake", "a-wrong-token-xyz"):
        assert secret not in log


def test_secrets_are_not_in_redis_either(start_gateway: Start, redis_client: redis.Redis) -> None:
    gateway = start_gateway(ACCESS_TOKEN=TOKEN)
    with RawClient(gateway.ws_url, token=TOKEN) as client:
        client.expect("session")
    keys = list(redis_client.scan_iter())
    assert keys
    assert all(TOKEN.encode() not in redis_client.dump(key) for key in keys)  # type: ignore[operator]
