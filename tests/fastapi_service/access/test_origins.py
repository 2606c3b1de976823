"""Another site's page does not get in through a visitor's browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fastapi_service.access.origins import Origins
from harness.gateway import GatewayProcess
from tests.support.http_requests import log_in, request
from tests.support.raw_client import RawClient

Start = Callable[..., GatewayProcess]
TOKEN = "first-token-0123456789"


@pytest.mark.parametrize(
    ("origin", "host", "encrypted", "allowed"),
    [
        ("http://localhost:8000", "localhost:8000", False, True),
        ("https://example.org", "example.org", True, True),
        ("https://example.org", "EXAMPLE.org:443", True, True),
        ("https://example.org:8443", "example.org:8443", True, True),
        ("http://[::1]:8000", "[::1]:8000", False, True),
        ("https://example.org", "example.org", False, True),  # a proxy that ends TLS and does not say so
        ("http://example.org", "example.org", True, False),
        ("https://evil.org", "example.org", True, False),
        ("https://example.org.evil.org", "example.org", True, False),
        ("https://example.org@evil.org", "example.org", True, False),
        ("https://evilexample.org", "example.org", True, False),
        ("https://example.org:444", "example.org", True, False),
        ("http://localhost:9000", "localhost:8000", False, False),
        ("null", "example.org", True, False),
        ("", "", True, False),
        ("https://", "", True, False),
        ("file://example.org", "example.org", False, False),
        ("https://example.org/path", "example.org", True, False),
        ("https://example.org:99999", "example.org:99999", True, False),
    ],
)
def test_the_services_own_page_alone_by_default(origin: str, host: str, encrypted: bool, allowed: bool) -> None:
    assert Origins("").allow(origin, host, encrypted) is allowed


def test_listed_origins_come_in_beside_the_own() -> None:
    origins = Origins(" https://a.example , http://10.0.0.5:8080,")
    assert origins.allow("https://a.example", "service.example", True)
    assert origins.allow("https://a.example:443", "service.example", True)
    assert origins.allow("http://10.0.0.5:8080", "service.example", True)
    assert origins.allow("https://service.example", "service.example", True)
    assert not origins.allow("http://a.example", "service.example", True)
    assert not origins.allow("https://b.example", "service.example", True)
    assert Origins("*").allow("https://anything.example", "service.example", True)


@pytest.mark.parametrize(
    ("listed", "comes"),
    [
        ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
        ("moz-extension://*", "moz-extension://0a1b2c3d-0000-1111-2222-333344445555"),
        ("safari-web-extension://E4B6-00", "safari-web-extension://e4b6-00"),
        ("app://obsidian.md", "app://obsidian.md"),
        ("tauri://localhost/", "tauri://localhost"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("http://tauri.localhost", "http://tauri.localhost"),
        ("file://", "file://"),
        ("null", "null"),
    ],
)
def test_extensions_and_packaged_apps_can_be_listed(listed: str, comes: str) -> None:
    assert Origins(f"https://a.example, {listed}").allow(comes, "service.example", True)
    assert not Origins("https://a.example").allow(comes, "service.example", True)


def test_one_app_listed_lets_in_no_other() -> None:
    origins = Origins("chrome-extension://abc,moz-extension://*,app://obsidian.md")
    for other in ("chrome-extension://abd", "app://obsidian.md.evil", "app://localhost", "null", "file://", "moz://x"):
        assert not origins.allow(other, "localhost", False), other
    assert not origins.allow("app://service.example", "service.example", False), "its host is not ours"


@pytest.mark.parametrize(
    "entry",
    [
        "example.org",
        "https://",
        "https://a.example/path",
        "ws://a.example",
        "https://a b",
        "https://*.example.org",
        "https://*",
        "chrome-extension://",
        "chrome-extension://ab*",
        "chrome-extension://id/page.html",
        "nul",
    ],
)
def test_what_is_no_origin_is_not_taken_as_one(entry: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        Origins(entry)


def refused(gateway: GatewayProcess, headers: dict[str, str]) -> bool:
    with RawClient(gateway.ws_url, headers=headers) as client:
        first = client.receive()
        if first["type"] == "session":
            return False
        assert first["code"] == "origin_not_allowed" and "ALLOWED_ORIGINS" in first["message"]
        assert client.close_code() == 1008
    return True


def test_the_websocket_refuses_another_site_in_words(gateway: GatewayProcess) -> None:
    assert refused(gateway, {"Origin": "https://evil.example"})
    assert refused(gateway, {"Origin": "null"})
    assert not refused(gateway, {"Origin": gateway.url})
    assert not refused(gateway, {})


def test_another_site_cannot_use_a_visitors_cookie(start_gateway: Start) -> None:
    gateway = start_gateway(ACCESS_TOKEN=TOKEN)
    cookie = {"Cookie": log_in(gateway.url, TOKEN).cookie}
    assert refused(gateway, {"Origin": "https://evil.example"} | cookie)
    assert not refused(gateway, {"Origin": gateway.url} | cookie)
    posted = request(gateway.url, "/healthz", "POST", headers={"Origin": "https://evil.example"} | cookie)
    assert (posted.status, posted.json["error"]["code"]) == (403, "origin_not_allowed")


def test_a_listed_site_comes_in(start_gateway: Start) -> None:
    gateway = start_gateway(ALLOWED_ORIGINS="https://friend.example")
    assert not refused(gateway, {"Origin": "https://friend.example"})
    assert refused(gateway, {"Origin": "https://evil.example"})


def test_an_extension_opens_the_websocket(start_gateway: Start) -> None:
    gateway = start_gateway(ALLOWED_ORIGINS="chrome-extension://abcdefghijklmnop, null")
    assert not refused(gateway, {"Origin": "chrome-extension://abcdefghijklmnop"})
    assert not refused(gateway, {"Origin": "null"})
    assert refused(gateway, {"Origin": "chrome-extension://another"})


def test_a_forwarded_host_counts_from_a_trusted_proxy_alone(start_gateway: Start) -> None:
    told = {"Origin": "https://public.example", "X-Forwarded-Host": "public.example", "X-Forwarded-Proto": "https"}
    assert not refused(start_gateway(FORWARDED_ALLOW_IPS="127.0.0.1"), told)
    assert refused(start_gateway(FORWARDED_ALLOW_IPS="192.0.2.1"), told)
