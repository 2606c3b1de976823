"""Where an access token is asked for: the login page by keyboard, in both languages, and the page behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from harness.gateway import GatewayProcess
from tests.support.http_requests import request

TOKEN = "first-token-0123456789"


@pytest.fixture
def guarded(redis_port: int, tmp_path: Path) -> Iterator[GatewayProcess]:
    gateway = GatewayProcess(redis_port, tmp_path, ACCESS_TOKEN=TOKEN)
    gateway.start()
    yield gateway
    gateway.service.stop()


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    return open_context().new_page()


def test_a_browser_logs_in_and_stays_in(guarded: GatewayProcess, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(guarded.url)
    field = page.get_by_label("Access token")
    expect(field).to_be_focused()
    background = page.evaluate("getComputedStyle(document.querySelector('button')).backgroundColor")
    assert background == "rgb(56, 72, 200)", "the style sheet is there"
    field.fill("a-wrong-token")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not a valid access token. Check it and try again.")
    expect(page.get_by_label("Access token")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Access token").fill(TOKEN)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    assert TOKEN not in page.url
    assert TOKEN not in page.evaluate("document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
    assert page.evaluate("document.cookie") == "", "scripts do not see the cookie"
    page.reload()
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    assert [text for text in complaints if "401" not in text] == []


def test_the_login_page_is_korean_for_a_korean_browser(
    guarded: GatewayProcess, open_context: Callable[..., BrowserContext]
) -> None:
    page = open_context(locale="ko-KR", viewport={"width": 320, "height": 600}).new_page()
    page.goto(guarded.url)
    expect(page.get_by_label("접근 토큰")).to_be_visible()
    expect(page.get_by_role("button", name="계속")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_link_on_another_site_leads_in(guarded: GatewayProcess, page: Page) -> None:
    """SameSite=Strict holds the cookie back when another site leads here; the login page reloads itself then."""
    page.goto(guarded.url)
    page.get_by_label("Access token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    other_site = "http://other.example/"
    page.route(
        other_site, lambda route: route.fulfill(content_type="text/html", body=f'<a href="{guarded.url}/">go</a>')
    )
    page.goto(other_site)
    page.get_by_text("go").click()
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")


class Other(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<link rel=icon href='data:,'><p>another site")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def other_site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_another_sites_page_does_not_reach_the_websocket(guarded: GatewayProcess, page: Page, other_site: str) -> None:
    page.goto(guarded.url)
    page.get_by_label("Access token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    page.goto(other_site)  # on the same host, so that the browser does send the cookie along
    told = page.evaluate(
        """url => new Promise(resolve => {
            const socket = new WebSocket(url, ['wta.v1']);
            const heard = [];
            socket.onmessage = event => heard.push(JSON.parse(event.data).code ?? 'served');
            socket.onclose = event => resolve([...heard, event.code]);
        })""",
        guarded.ws_url,
    )
    assert told == ["origin_not_allowed", 1008]
    assert request(guarded.url, "/healthz").status == 200
