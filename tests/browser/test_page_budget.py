"""How much the page costs before it can be used, from a real gateway and an empty cache."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage, Serve
from tests.browser.test_page_states import at_rest, connected

TO_LOAD_BYTES = 150_000  # over the network, headers and all, until everything that the page starts with is there
IN_ALL_BYTES = 200_000  # with what it fetches at leisure for later
TO_LOAD_REQUESTS = 70
TO_FIRST_PAINT_BYTES = 75_000  # uncompressed: the document and what holds its painting back

# The document and what blocks the first paint: each file's name and its size, uncompressed.
BLOCKING = """() => [
  ...performance.getEntriesByType('navigation'),
  ...performance.getEntriesByType('resource').filter((entry) => entry.renderBlockingStatus === 'blocking'),
].map((entry) => [new URL(entry.name).pathname, entry.decodedBodySize])"""


@dataclass
class Traffic:
    """What has come so far."""

    bytes: int = 0
    urls: list[str] = field(default_factory=list)


def reload_empty(page: Page) -> tuple[Traffic, Traffic]:
    """Load the page again with nothing cached: what came until it was loaded, and until two seconds after it rests."""
    at_rest(page)  # else what it still asks for would be counted with the next time
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send("Page.enable")
    traffic, loaded, asked = Traffic(), Traffic(), set[str]()

    def load(_: dict[str, Any]) -> None:
        loaded.bytes, loaded.urls = traffic.bytes, [url for url in traffic.urls if url not in asked]

    def request(event: dict[str, Any]) -> None:
        traffic.urls.append(event["request"]["url"])
        if event.get("type") == "Fetch":  # what scripts ask for holds nothing back
            asked.add(event["request"]["url"])

    def count(event: dict[str, Any]) -> None:
        traffic.bytes += int(event["encodedDataLength"])

    session.on("Network.loadingFinished", count)
    session.on("Network.requestWillBeSent", request)
    session.on("Page.loadEventFired", load)
    page.reload(wait_until="load")
    connected(page)
    at_rest(page)
    page.wait_for_timeout(2_000)
    return loaded, traffic


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_the_page_stays_within_its_budget_and_fetches_nothing_from_elsewhere(
    serve: Serve, open_page: OpenPage, locale: str
) -> None:
    gateway = serve()
    page = open_page(gateway.url, locale=locale)
    connected(page)
    loaded, later = reload_empty(page)
    told = f"{loaded.bytes} bytes in {len(loaded.urls)} requests, {later.bytes} in all"
    assert loaded.bytes > 20_000, "it was measured"
    assert loaded.bytes <= TO_LOAD_BYTES, told
    assert len(loaded.urls) <= TO_LOAD_REQUESTS, told
    assert later.bytes <= IN_ALL_BYTES, told
    assert len(later.urls) == len(set(later.urls)), "each once"
    assert {urlsplit(url).netloc for url in later.urls} == {urlsplit(gateway.url).netloc}


@pytest.mark.usefixtures("workers")
def test_little_holds_the_first_paint_back(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve().url)
    connected(page)
    files: list[tuple[str, int]] = page.evaluate(BLOCKING)
    assert len(files) > 3
    early = (".css", "/early-theme.js", "/reload-broken-page.js")
    assert all(name == "/" or name.endswith(early) for name, _ in files)
    assert sum(size for _, size in files) <= TO_FIRST_PAINT_BYTES, files
    assert page.evaluate("performance.getEntriesByName('first-contentful-paint').length") == 1
