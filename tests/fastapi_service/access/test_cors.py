"""Pages of listed origins use /v1 as a browser lets them, and no others; the WebSocket is test_origins' matter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from harness.gateway import GatewayProcess
from tests.support.fake_file_worker import FakeFileWorker
from tests.support.http_requests import Answer, request
from tests.support.multipart import FORM, PATH, body, upload

TOKEN = "first-token-0123456789"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
FRIENDS = ["http://notes.example", "chrome-extension://abcdefghijklmnop", "app://obsidian.md", "null"]
EVIL = "https://evil.example"


@pytest.fixture(scope="module")
def guarded(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    settings = {"ACCESS_TOKEN": TOKEN, "ALLOWED_ORIGINS": ",".join(FRIENDS)}
    gateway = GatewayProcess(redis_port, tmp_path_factory.mktemp("cors"), **settings)
    gateway.start()
    yield gateway
    gateway.service.stop()


def preflight(gateway: GatewayProcess, origin: str, path: str = PATH, **more: str) -> Answer:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    return request(gateway.url, path, "OPTIONS", headers={"Origin": origin, **asked, **more})


@pytest.mark.parametrize("origin", FRIENDS)
@pytest.mark.parametrize("path", [PATH, f"{PATH}/some-id", "/v1/models", "/v1/audio/translations"])
def test_a_preflight_needs_no_token(guarded: GatewayProcess, origin: str, path: str) -> None:
    answer = preflight(guarded, origin, path)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == origin
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert {"GET", "POST", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers


def test_a_public_page_may_reach_a_service_at_home(guarded: GatewayProcess) -> None:
    told = preflight(guarded, FRIENDS[0], **{"Access-Control-Request-Private-Network": "true"}).headers
    assert told["access-control-allow-private-network"] == "true"
    assert "access-control-allow-private-network" not in preflight(guarded, FRIENDS[0]).headers


def test_another_site_is_told_why(guarded: GatewayProcess) -> None:
    answer = preflight(guarded, EVIL)
    assert (answer.status, answer.json["error"]["code"]) == (403, "origin_not_allowed")
    assert "ALLOWED_ORIGINS" in answer.json["error"]["message"]
    assert "access-control-allow-origin" not in answer.headers
    asked = request(guarded.url, "/v1/models", headers={"Origin": EVIL} | BEARER)
    assert "access-control-allow-origin" not in asked.headers
    assert "Origin" in asked.headers["vary"]


def test_answers_and_refusals_can_be_read(guarded: GatewayProcess, redis_client: redis.Redis, redis_port: int) -> None:
    origin = {"Origin": FRIENDS[0]}
    with FakeFileWorker(redis_port, guarded):
        answers = [
            upload(guarded.url, b"sound", origin | BEARER),
            upload(guarded.url, b"sound", origin | BEARER, stream="true"),
            upload(guarded.url, b"sound", origin),  # no token
            upload(guarded.url, b"", origin | BEARER),
            request(guarded.url, "/v1/models", headers=origin | BEARER),
            request(guarded.url, "/v1/nothing", headers=origin | BEARER),
        ]
    assert [answer.status for answer in answers] == [200, 200, 401, 400, 200, 404]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == FRIENDS[0]
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"X-Transcription-Id", "Retry-After", "Location"} <= set(exposed)
    redis_client.flushall()
    busy = upload(guarded.url, b"sound", origin | BEARER)
    assert (busy.status, busy.headers["access-control-allow-origin"]) == (503, FRIENDS[0])


def test_the_rest_of_the_service_is_its_own_pages_alone(guarded: GatewayProcess) -> None:
    asked = request(guarded.url, "/readyz", headers={"Origin": FRIENDS[0]} | BEARER)
    assert "access-control-allow-origin" not in asked.headers
    assert preflight(guarded, FRIENDS[0], "/metrics").status == 401


def test_a_question_that_is_no_preflight_is_guarded(guarded: GatewayProcess) -> None:
    assert request(guarded.url, PATH, "OPTIONS", headers={"Origin": FRIENDS[0]}).status == 401
    assert request(guarded.url, PATH, "OPTIONS", headers=BEARER).status == 405


def test_a_browser_without_a_token_is_told_as_programs_are(guarded: GatewayProcess) -> None:
    answer = request(guarded.url, "/v1/models", headers={"Accept": "text/html"})
    assert (answer.status, answer.json["error"]["code"]) == (401, "not_allowed")
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}


def test_by_default_no_other_site_may(gateway: GatewayProcess) -> None:
    assert preflight(gateway, FRIENDS[0]).status == 403


def test_a_star_is_everybody(redis_port: int, redis_client: redis.Redis, start_gateway: object) -> None:
    assert callable(start_gateway)
    gateway: GatewayProcess = start_gateway(ALLOWED_ORIGINS="*")
    for origin in (EVIL, "null", "moz-extension://0a1b2c3d-0000-1111-2222-333344445555"):
        assert preflight(gateway, origin).headers["access-control-allow-origin"] == "*"
        asked = request(gateway.url, PATH, "POST", body(b"x"), {"Origin": origin, **FORM})
        assert asked.headers["access-control-allow-origin"] == "*"
