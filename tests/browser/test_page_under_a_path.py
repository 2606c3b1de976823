"""The page behind other people's proxies: under a path that they strip, one that they keep, in a frame of theirs."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from harness.processes import free_port
from harness.speech import demo_clips
from harness.stack import start_stack
from tests.browser.conftest import watch
from tests.browser.test_page_files_end_to_end import DROP
from tests.support.nginx import start_nginx

TOKEN = "first-token-0123456789"
UNHEEDED = "401"  # Chromium's own words about the login page's status
SIZES = "() => performance.getEntriesByType('resource').map((entry) => [entry.name, entry.transferSize])"
OpenContext = Callable[..., BrowserContext]
PROXY = """
    map $http_upgrade $connection_upgrade {{ default upgrade; "" ""; }}
    map $request_uri $ingress_path {{ default ""; "~^(?<ingress>/api/hassio_ingress/[^/]+)/" $ingress; }}
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 0;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header X-Ingress-Path $ingress_path;
        location = /healthz {{ proxy_pass http://127.0.0.1:{gateway}; }}
        location /kept/ {{ proxy_pass http://127.0.0.1:{gateway}; }}
        location /stripped/ {{ proxy_pass http://127.0.0.1:{gateway}/; }}
        location /api/hassio_ingress/aB-3_x/ {{
            proxy_pass http://127.0.0.1:{gateway}/;
        }}
        location = /panel {{
            default_type text/html;
            return 200 '<link rel=icon href="data:,"><iframe src="/api/hassio_ingress/aB-3_x/" width=900 height=700>';
        }}
    }}
"""


@dataclass(frozen=True)
class Proxied:
    """The whole system behind nginx."""

    url: str


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """With dummy models, a token, and ROOT_PATH for the proxy that keeps it."""
    folder = tmp_path_factory.mktemp("proxied")
    models = {"WHISPER_MODEL": "dummy", "SENTIMENT_MODEL": "dummy"}
    port = free_port()
    with (
        start_stack(folder, ACCESS_TOKEN=TOKEN, ROOT_PATH="/kept", **models) as system,
        start_nginx(folder, PROXY.format(port=port, gateway=system.port), f"http://127.0.0.1:{port}"),
    ):
        yield Proxied(f"http://127.0.0.1:{port}")


def log_in(where: Page | FrameLocator) -> None:
    where.get_by_label("Access token").fill(TOKEN)
    where.get_by_role("button", name="Continue").click()
    expect(where.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")


@pytest.mark.parametrize("path", ["/kept", "/stripped", "/api/hassio_ingress/aB-3_x"])
def test_a_browser_logs_in_speaks_and_sends_a_file(
    proxied: Proxied, open_context: OpenContext, complaints: list[str], path: str
) -> None:
    context = open_context()
    page = watch(context.new_page(), complaints)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws://", "http://")))
    page.goto(f"{proxied.url}{path}")  # without its last slash
    assert page.evaluate("getComputedStyle(document.querySelector('button')).backgroundColor") == "rgb(56, 72, 200)"
    log_in(page)
    assert page.url == f"{proxied.url}{path}/"
    assert [cookie["path"] for cookie in context.cookies()] == [path]
    expect(page.get_by_test_id("clip").first).to_be_visible()
    page.get_by_test_id("settings-open").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_test_id("clip").first.click()
    expect(page.get_by_test_id("card").first).to_be_visible()
    clip = demo_clips()[0]
    page.evaluate(DROP, [clip.path.name, base64.b64encode(clip.path.read_bytes()).decode()])
    expect(page.get_by_test_id("file-state")).to_have_text("Done")
    outside = {url for url in asked if not url.startswith((f"{proxied.url}{path}/", "blob:", "data:"))}
    assert outside <= {f"{proxied.url}{path}"}
    assert any(url.startswith(f"{proxied.url}{path}/ws") for url in asked)
    page.reload()
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    complaints[:] = [text for text in complaints if UNHEEDED not in text]


def test_home_assistant_shows_it_in_a_frame(proxied: Proxied, open_context: OpenContext, complaints: list[str]) -> None:
    context = open_context()
    page = watch(context.new_page(), complaints)
    page.goto(f"{proxied.url}/panel")
    framed = page.frame_locator("iframe")
    log_in(framed)
    framed.get_by_test_id("start-button").click()
    expect(framed.get_by_test_id("start-button")).to_have_text("Stop")
    complaints[:] = [text for text in complaints if UNHEEDED not in text]


def test_a_page_that_was_loaded_once_asks_for_its_document_and_no_file(
    proxied: Proxied, open_context: OpenContext
) -> None:
    page = open_context().new_page()
    page.goto(f"{proxied.url}/stripped/")
    log_in(page)
    page.wait_for_load_state("load")
    page.goto(f"{proxied.url}/stripped/")
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    sizes: list[tuple[str, int]] = page.evaluate(SIZES)
    files = {address: size for address, size in sizes if "/static/" in address}
    assert len(files) > 50
    assert {address for address, size in files.items() if size > 0} == set(), "they came over the network again"
