"""A page of which a file does not come: it says so, loads again, and works when the file is there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.fake_gateway import FakeGateway
from tests.browser.test_page_states import connected

FAILED = "Failed to load resource"


def miss(page: Page, name: str, times: int) -> list[str]:
    """Let the next `times` requests of the file `name` fail as when the network changes; those that did."""
    missed: list[str] = []

    def answer(route: Route) -> None:
        if len(missed) < times:
            missed.append(route.request.url)
            route.abort("internetdisconnected")
        else:
            route.continue_()

    page.route(f"**/{name}", answer)
    return missed


def forgive(complaints: list[str]) -> None:
    """Chromium's own words about the requests that failed."""
    complaints[:] = [text for text in complaints if FAILED not in text]


@pytest.mark.parametrize("name", ["app.js", "backoff.js", "text/en.js"])
def test_a_page_of_which_a_file_does_not_come_says_so_and_loads_again(
    gateway: FakeGateway, open_page: OpenPage, complaints: list[str], name: str
) -> None:
    page = open_page("about:blank")
    missed = miss(page, name, 2)
    page.goto(gateway.url)
    expect(page.get_by_text("The page did not load completely.")).to_be_visible()
    connected(page)
    page.wait_for_load_state("load")
    assert len(missed) == 2
    assert page.evaluate("sessionStorage.getItem('wta.loads_failed')") == "0", "the next failure is a first one"
    forgive(complaints)


def test_a_page_whose_files_are_of_two_versions_loads_again(
    gateway: FakeGateway, open_page: OpenPage, complaints: list[str]
) -> None:
    """The server was updated between two of them: a module lacks what another wants of it."""
    page = open_page("about:blank")
    odd = 0

    def answer(route: Route) -> None:
        nonlocal odd
        odd += 1
        if odd <= 2:
            route.fulfill(content_type="text/javascript", body="export const renamed = 1;")
        else:
            route.continue_()

    page.route("**/backoff.js", answer)
    page.goto(gateway.url)
    expect(page.get_by_text("The page did not load completely.")).to_be_visible()
    connected(page)
    assert odd == 3
    complaints[:] = [text for text in complaints if "does not provide an export" not in text]


def test_a_page_without_one_of_its_styles_loads_again(
    gateway: FakeGateway, open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page("about:blank")
    missed = miss(page, "dock.css", 2)
    page.goto(gateway.url)
    expect(page.locator("#dock")).to_have_css("border-top-style", "solid")
    connected(page)
    assert len(missed) == 2
    forgive(complaints)


def test_it_says_so_in_korean_and_tries_ever_less_often(
    gateway: FakeGateway, open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page("about:blank", locale="ko-KR")
    missed = miss(page, "app.js", 100)
    page.clock.install()
    page.goto(gateway.url)
    for failed, wait_sec in enumerate((1, 2, 4, 8, 16, 30, 30), 1):
        expect(page.get_by_text("페이지를 다 불러오지 못했습니다.")).to_be_visible()
        page.clock.run_for(wait_sec * 1000 - 50)
        assert len(missed) == failed
        with page.expect_navigation(wait_until="load"):
            page.clock.run_for(100)
    forgive(complaints)


def test_a_page_that_runs_is_not_loaded_again_for_what_comes_later(
    gateway: FakeGateway, open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page("about:blank")
    missed = miss(page, "settings/dialog.js", 1)
    absent = miss(page, "none.js", 1)
    page.goto(gateway.url)
    connected(page)
    page.wait_for_load_state("load")
    page.evaluate("window.same = true")
    page.evaluate("document.head.append(Object.assign(document.createElement('script'), { src: '/static/none.js' }))")
    page.wait_for_timeout(2_500)  # a reload would have come by now
    assert page.evaluate("window.same")
    assert (len(missed), len(absent)) == (1, 1)
    forgive(complaints)
