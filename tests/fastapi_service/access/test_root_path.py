"""The gateway under a path, behind a proxy that strips it and behind one that does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
from pydantic import ValidationError

from fastapi_service.access.root_path import checked_root_path, prefix_of
from fastapi_service.settings import GatewaySettings
from harness.gateway import GatewayProcess
from tests.support.http_requests import log_in, request
from tests.support.raw_client import RawClient

TOKEN = "first-token-0123456789"
HEADER = {"Authorization": f"Bearer {TOKEN}"}
HTML = {"Accept": "text/html"}
WAYS = pytest.mark.parametrize("sent", ["", "/stt"], ids=["stripped", "kept"])  # what the proxy leaves of the prefix


@pytest.fixture(scope="module")
def placed(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway at /stt that asks for a token."""
    gateway = GatewayProcess(redis_port, tmp_path_factory.mktemp("placed"), ROOT_PATH="/stt", ACCESS_TOKEN=TOKEN)
    gateway.start()
    yield gateway
    gateway.service.stop()


@WAYS
def test_page_files_health_and_description_are_there(placed: GatewayProcess, sent: str) -> None:
    page = request(placed.url, f"{sent}/", headers=HEADER)
    assert page.status == 200
    addresses = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
    assert len(addresses) > 10
    for address in addresses:
        assert not re.match(r"/|\w+:", address), "an absolute address"
        assert request(placed.url, f"{sent}/{address}", headers=HEADER).status == 200, address
    assert request(placed.url, f"{sent}/healthz").status == 200
    described = request(placed.url, f"{sent}/openapi.json", headers=HEADER).json
    assert described["servers"] == [{"url": "/stt"}]
    assert request(placed.url, f"{sent}/no-such-thing", headers=HEADER).status == 404


@WAYS
def test_the_guard_sees_the_path_behind_the_prefix(placed: GatewayProcess, sent: str) -> None:
    assert request(placed.url, f"{sent}/login").status == 200
    assert request(placed.url, f"{sent}/static/login.css").status == 200
    for path in ("/", "/static/js/app.js", "/v1/audio/transcriptions", "/stt/login", "/login/x"):
        assert request(placed.url, f"{sent}{path}").status == (200 if sent + path == "/stt/login" else 401), path
    with RawClient(placed.url.replace("http", "ws") + f"{sent}/ws") as client:
        assert client.expect("error")["code"] == "not_allowed"
    with RawClient(placed.url.replace("http", "ws") + f"{sent}/ws", token=TOKEN) as client:
        client.expect("session")


@WAYS
def test_the_login_page_leads_back_from_any_depth(placed: GatewayProcess, sent: str) -> None:
    for path in ("/", "/some/where/deep?x=/a/b", "/a%2Fb/"):
        seen = f"https://host/stt{path}"
        page = request(placed.url, f"{sent}{path}", headers=HTML).text
        links = re.findall(r'(?:action|href|src)="([^"]+)"', page)
        there = {urljoin(seen, link) for link in links}
        assert there == {f"https://host/stt/{name}" for name in ("login", "static/login.css", "static/icon.svg")}, path


@WAYS
def test_a_login_ends_at_the_page_with_a_cookie_for_its_path(placed: GatewayProcess, sent: str) -> None:
    answer = log_in(f"{placed.url}", TOKEN, path=f"{sent}/login")
    assert (answer.status, urljoin("https://host/stt/login", answer.headers["location"])) == (303, "https://host/stt/")
    assert "path=" not in answer.headers["set-cookie"].lower(), "browsers take the folder of the address that they see"
    assert request(placed.url, f"{sent}/", headers={"Cookie": answer.cookie}).status == 200


def test_the_cookie_of_another_service_of_ours_on_the_same_host_does_no_harm(placed: GatewayProcess) -> None:
    own = log_in(placed.url, TOKEN).cookie
    for cookies in (f"{own}; wta_access=1.foreign", f"wta_access=1.foreign; {own}"):
        assert request(placed.url, "/", headers={"Cookie": cookies}).status == 200
        with RawClient(placed.ws_url, headers={"Cookie": cookies, "Origin": placed.url}) as client:
            client.expect("session")


def test_the_path_without_its_last_slash_leads_to_the_page(placed: GatewayProcess) -> None:
    answer = request(placed.url, "/stt?session=1")
    assert (answer.status, urljoin("https://host/stt?x", answer.headers["location"])) == (
        308,
        "https://host/stt/?session=1",
    )


@WAYS
def test_a_slash_too_many_leads_to_the_same_host_and_path(placed: GatewayProcess, sent: str) -> None:
    answer = request(placed.url, f"{sent}/v1/audio/transcriptions/?x=1", "POST", headers=HEADER)
    assert answer.status == 307
    there = urljoin("https://host/stt/v1/audio/transcriptions/?x=1", answer.headers["location"])
    assert there == "https://host/stt/v1/audio/transcriptions?x=1"


@pytest.mark.parametrize("name", ["X-Forwarded-Prefix", "X-Ingress-Path"])
def test_a_trusted_proxy_may_name_the_path(placed: GatewayProcess, name: str) -> None:
    told = {**HEADER, name: "/api/hassio_ingress/abc-DEF_123"}
    assert request(placed.url, "/openapi.json", headers=told).json["servers"] == [
        {"url": "/api/hassio_ingress/abc-DEF_123"}
    ]
    assert request(placed.url, "/", headers=told).status == 200
    for wrong in ("//evil.example", "/a/../b", "https://evil.example", "/static", "/a b", "/" + "a" * 300):
        answer = request(placed.url, "/openapi.json", headers={**HEADER, name: wrong})
        assert answer.json["servers"] == [{"url": "/stt"}], wrong


def test_the_first_name_counts_and_nothing_else() -> None:
    assert prefix_of([(b"host", b"x"), (b"x-forwarded-prefix", b"/a/, /b")]) == "/a"
    assert prefix_of([(b"x-forwarded-prefix", b"/")]) == ""
    assert prefix_of([]) == ""


@pytest.mark.parametrize("given", ["", "/stt", "/tools/stt", "/~me/speech.v2", "/statics"])
def test_a_path_is_taken(given: str) -> None:
    assert checked_root_path(given) == given


@pytest.mark.parametrize("given", ["stt", "/", "/stt/", "//stt", "/a//b", "/a/..", "/a b", "/a?b", "/static", "/v1/x"])
def test_what_is_no_path_stops_the_start_in_words(given: str) -> None:
    with pytest.raises(ValidationError, match="root_path"):
        GatewaySettings(root_path=given)
