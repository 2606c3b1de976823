"""Every way in which there can be no microphone, in words and with the next step."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from scipy.io import wavfile

from contract.audio import SAMPLE_RATE_HZ
from tests.browser.conftest import OpenPage
from tests.browser.fake_gateway import FakeGateway

Hear = Callable[[float], Path]

# What the page loads when it is at rest, with all that this imports.
AT_REST = """async (names) => {
  const entry = (name) => (one) => new URL(one.name).pathname.endsWith(name);
  const loaded = (name) => performance.getEntriesByType("resource").find(entry(name));
  const deadline = Date.now() + 60_000;
  while (!names.every(loaded)) {
    if (Date.now() > deadline) throw new Error(`not loaded: ${names}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const name of names) await import(loaded(name).name);
}"""
LOADED_AT_REST = ["/settings/dialog.js", "/dock/microphone-help.js"]


def notice(page: Page, kind: str) -> Locator:
    return page.locator(f"[data-testid=notice][data-kind={kind}]")


def at_rest(page: Page) -> None:
    """Wait until the page has all that it loads by itself: a server that goes away then is missed by none of it.

    Before a clock is installed: that hides what was loaded.
    """
    page.evaluate(AT_REST, LOADED_AT_REST)


def connected(page: Page) -> None:
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")


def press_start(page: Page) -> None:
    connected(page)
    page.get_by_test_id("start-button").click()


def fail_with(name: str, message: str) -> str:
    """A script in whose page the microphone cannot be had for this reason."""
    return f"MediaDevices.prototype.getUserMedia = async () => {{ throw new DOMException('{message}', '{name}') }}"


@pytest.mark.parametrize(
    ("locale", "words", "step"),
    [
        ("en-US", "This page may not use the microphone", "Click the icon to the left of the address."),
        ("ko-KR", "이 페이지는 마이크를 사용할 수 없습니다", "주소 왼쪽의 아이콘을 누릅니다."),
    ],
)
def test_a_refused_microphone_says_how_to_allow_it_here(
    gateway: FakeGateway, open_page: OpenPage, locale: str, words: str, step: str
) -> None:
    page = open_page(gateway.url, grant=False, locale=locale)
    press_start(page)
    problem = notice(page, "problem")
    expect(problem).to_contain_text(words)
    expect(problem.locator("li")).to_have_count(3)
    expect(problem.locator("li").first).to_have_text(step)
    expect(page.locator("#dock")).not_to_have_attribute("data-active", "")


def test_what_was_said_about_it_goes_when_the_microphone_is_allowed_and_start_works(
    gateway: FakeGateway, open_page: OpenPage
) -> None:
    page = open_page(gateway.url, grant=False)
    press_start(page)
    expect(notice(page, "problem")).to_be_visible()
    page.context.grant_permissions(["microphone"])
    expect(notice(page, "problem")).to_have_count(0)
    press_start(page)
    expect(page.get_by_test_id("start-button")).to_have_text("Stop")
    expect(page.get_by_test_id("control-state")).to_have_text(re.compile("Listening…|Hearing you…"))


def test_firefox_and_phones_are_told_their_own_way(gateway: FakeGateway, open_page: OpenPage) -> None:
    agents = {
        "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0": "crossed-out microphone",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Mobile/15E148 Safari/604.1": "page menu",
    }
    for agent, step in agents.items():
        page = open_page(gateway.url, grant=False, user_agent=agent)
        press_start(page)
        expect(notice(page, "problem").locator("li").first).to_contain_text(step)


def test_a_question_that_was_closed_is_asked_again(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, grant=False, init_script=fail_with("NotAllowedError", "Permission dismissed"))
    press_start(page)
    expect(notice(page, "problem")).to_contain_text("closed without an answer")
    page.evaluate(
        "() => { MediaDevices.prototype.getUserMedia = () => { window.again = true; return new Promise(() => {}) } }"
    )
    notice(page, "problem").get_by_role("button", name="Try again").click()
    page.wait_for_function("window.again")
    expect(page.get_by_test_id("control-state")).to_have_text("Asking for the microphone…")
    expect(notice(page, "problem")).to_have_count(0)


def test_a_refusal_of_the_system_has_other_steps(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, init_script=fail_with("NotAllowedError", "Permission denied by system"))
    press_start(page)
    expect(notice(page, "problem")).to_contain_text("The operating system does not let this browser")
    expect(notice(page, "problem").locator("li")).to_have_count(3)


def test_a_policy_that_forbids_the_microphone_is_told_from_a_refusal(
    gateway: FakeGateway, open_page: OpenPage, complaints: list[str]
) -> None:
    gateway.headers = {"Permissions-Policy": "microphone=()"}
    page = open_page(gateway.url)
    press_start(page)
    expect(notice(page, "problem")).to_contain_text("Permissions-Policy")
    expect(notice(page, "problem").get_by_role("link")).to_have_attribute("href", gateway.url + "/")
    complaints.remove("Permissions policy violation: microphone is not allowed in this document.")  # the browser's own


def test_no_microphone_is_said_and_looked_for_again(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, microphone=False)
    press_start(page)
    expect(notice(page, "problem")).to_contain_text("No microphone was found")
    page.get_by_role("button", name="Try again").click()
    expect(notice(page, "problem")).to_contain_text("No microphone was found")
    expect(page.get_by_test_id("start-button")).to_be_focused()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("NotReadableError", "in use by another program"),
        ("SecurityError", "This page may not use the microphone"),
        ("InvalidStateError", "could not start: InvalidStateError"),
    ],
)
def test_a_microphone_that_fails_says_why(gateway: FakeGateway, open_page: OpenPage, error: str, text: str) -> None:
    page = open_page(gateway.url, init_script=fail_with(error, "no"))
    press_start(page)
    expect(notice(page, "problem")).to_contain_text(text)
    expect(notice(page, "problem").get_by_role("button", name="Try again")).to_be_visible()


def test_a_browser_that_cannot_record_names_those_that_can(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, init_script="delete window.AudioWorkletNode")
    press_start(page)
    expect(notice(page, "problem")).to_contain_text("A current version of Chrome, Edge, Firefox or Safari can")


@pytest.mark.parametrize(
    ("locale", "words"), [("en-US", "not secure (http)"), ("ko-KR", "보안 연결(HTTPS)이 아니어서")]
)
def test_an_address_without_tls_says_so_at_once_and_names_the_secure_one(
    gateway: FakeGateway, open_page: OpenPage, locale: str, words: str
) -> None:
    port = gateway.url.rsplit(":", 1)[1]
    plain = ("--host-resolver-rules=MAP plain.test 127.0.0.1",)
    page = open_page(f"http://plain.test:{port}", arguments=plain, locale=locale)
    assert page.evaluate("isSecureContext") is False
    problem = notice(page, "problem")
    expect(problem).to_contain_text(words)
    expect(problem).to_contain_text("http://localhost")
    expect(problem.get_by_role("link")).to_have_attribute("href", "https://plain.test/")
    press_start(page)
    expect(problem).to_contain_text(words)
    expect(page.locator("#dock")).not_to_have_attribute("data-active", "")


@pytest.fixture
def hear(tmp_path: Path) -> Hear:
    """A file of half a minute of noise at this level (full scale is 1)."""

    def write(level: float) -> Path:
        samples = np.random.default_rng(5).normal(0, level * 32767, 30 * SAMPLE_RATE_HZ)
        path = tmp_path / f"noise-{level}.wav"
        wavfile.write(path, SAMPLE_RATE_HZ, np.round(samples).astype("<i2"))
        return path

    return write


@pytest.mark.parametrize(
    ("level", "text"),
    [(0.0, "The microphone delivers complete silence"), (0.003, "Nothing was loud enough to be taken for speech")],
    ids=["dead", "quiet"],
)
def test_a_microphone_that_hears_nothing_is_remarked_upon(
    gateway: FakeGateway, open_page: OpenPage, hear: Hear, level: float, text: str
) -> None:
    page = open_page(gateway.url, wav=hear(level), clock=True)
    press_start(page)
    expect(page.get_by_test_id("control-state")).to_have_text("Listening…")
    page.clock.fast_forward(7_000)
    page.wait_for_timeout(300)  # levels come many times a second
    expect(notice(page, "quiet")).to_have_count(0)
    page.clock.fast_forward(3_000)
    expect(notice(page, "quiet")).to_contain_text(text)
    notice(page, "quiet").get_by_role("button", name="Settings").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_test_id("start-button").click()
    expect(notice(page, "quiet")).to_have_count(0)


def test_help_that_cannot_be_fetched_leaves_the_reason_and_the_way_to_try_again(
    gateway: FakeGateway, open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page(gateway.url, grant=False)
    page.route("**/microphone-help.js", lambda route: route.abort())
    page.reload()
    press_start(page)
    expect(notice(page, "problem")).to_contain_text("could not start: NotAllowedError: Permission denied")
    page.unroute("**/microphone-help.js")
    page.get_by_role("button", name="Try again").click()
    expect(notice(page, "problem").locator("li")).to_have_count(3)
    complaints[:] = [text for text in complaints if "Failed to load resource" not in text]


@pytest.mark.parametrize(("width", "shown"), [(360, 1), (1200, 2)])
def test_notices_do_not_pile_up(gateway: FakeGateway, open_page: OpenPage, width: int, shown: int) -> None:
    gateway.demo = True
    page = open_page(gateway.url, grant=False, viewport={"width": width, "height": 740})
    press_start(page)
    expect(notice(page, "problem")).to_be_visible()
    gateway.refusal = ([{"type": "busy", "code": "behind", "message": "", "retry_after_sec": 60.0}], 1013)
    gateway.close_all()
    expect(page.get_by_test_id("notice")).to_have_count(3)
    kinds = [one.get_attribute("data-kind") for one in page.get_by_test_id("notice").all()]
    assert kinds == ["problem", "connection", "demo"], "the gravest first"
    visible = page.locator("[data-testid=notice]:visible")
    expect(visible).to_have_count(shown)
    more = page.get_by_test_id("notices-more")
    expect(more).to_have_text(f"{3 - shown} more")
    more.click()
    expect(visible).to_have_count(3)
    expect(more).to_have_text("Show fewer")
    more.click()
    expect(visible).to_have_count(shown)
    visible.first.get_by_role("button", name="Dismiss").click()
    expect(visible.first).to_have_attribute("data-kind", "connection")
    assert page.locator("#start").is_visible() and page.locator("#start").is_enabled()
    height = page.locator("#notices").bounding_box()
    assert height is not None and height["height"] < 0.43 * 740
