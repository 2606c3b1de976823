"""The page for those who cannot see it well, cannot hear, or use no mouse: axe-core, the keyboard, reduced motion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from harness.processes import ROOT
from tests.browser.conftest import OpenPage, Tell
from tests.browser.fake_gateway import FakeGateway
from tests.browser.test_page_states import connected, notice, press_start
from tests.browser.test_page_view import EVERY_KIND, LOW_CONTRAST

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 320, "height": 640}
LOCALES = {"en": "en-US", "ko": "ko-KR"}
START = {"en": "Start", "ko": "시작"}
SETTINGS = {"en": "Settings", "ko": "설정"}


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        pytest.skip("no axe-core: npm install")
    return AXE.read_text(encoding="utf-8")


def violations(page: Page, axe: str) -> list[str]:
    """What axe finds: the rule, and each element with what is wrong; and low contrast where axe cannot tell.

    The evaluation passes by the page's policy.
    """
    page.evaluate("() => document.fonts.ready.then(() => undefined)")
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    outcome: dict[str, list[dict[str, Any]]] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert len(outcome["passes"]) > 20, "axe has looked"
    found = outcome["violations"]
    low: list[str] = page.evaluate(LOW_CONTRAST)
    return low + [
        f"{rule['id']}: {json.dumps(node['target'])} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_in_any_state(
    gateway: FakeGateway,
    open_page: OpenPage,
    tell: Tell,
    axe: str,
    language: str,
    scheme: str,
    size: dict[str, int],
) -> None:
    gateway.demo = True
    page = open_page(
        gateway.url,
        grant=False,
        locale=LOCALES[language],
        color_scheme=scheme,
        viewport=size,
        reduced_motion="reduce",  # colours in the middle of a transition are nobody's choice
    )
    connected(page)
    assert violations(page, axe) == [], "empty"
    for number, outcome in enumerate(EVERY_KIND):
        tell(outcome, 3.0 * number)
    tell(None, 30.0)
    expect(page.get_by_test_id("card")).to_have_count(len(EVERY_KIND) + 1)
    page.get_by_test_id("card-toggle").last.click()
    expect(page.get_by_test_id("card-details")).to_be_visible()
    if page.locator(".stats:not([open])").count():
        page.locator(".stats > summary").click()
    assert violations(page, axe) == [], "with cards, one of them open, and the statistics"
    page.get_by_role("button", name=START[language], exact=True).click()
    expect(notice(page, "problem")).to_be_visible()
    gateway.refusal = ([{"type": "busy", "code": "behind", "message": "", "retry_after_sec": 60.0}], 1013)
    gateway.close_all()
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "busy")
    page.get_by_test_id("notices-more").click()
    assert violations(page, axe) == [], "with three notices"
    page.get_by_role("button", name=SETTINGS[language], exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page, axe) == [], "settings"


# What has the focus: its id or words, and whether that can be seen.
FOCUSED = """() => {
  const at = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const { top, bottom, left, right } = at.getBoundingClientRect();
  const inside = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
  const seen = inside && outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  return { name: at.id || at.textContent.trim(), seen };
}"""


def tab_through(page: Page) -> list[str]:
    """Press Tab until the focus comes around; the names of what had it, all of which must show it."""
    names: list[str] = []
    page.evaluate("document.activeElement.blur()")
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused["name"] in names[:1] or page.evaluate("document.activeElement === document.body"):
            return names
        assert focused["seen"], f"the focus cannot be seen on {focused['name']!r}"
        names.append(focused["name"])
    raise AssertionError(f"the focus does not come around: {names}")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_everything_is_reached_by_keyboard_in_the_order_of_reading_and_shows_that_it_is(
    gateway: FakeGateway, open_page: OpenPage, tell: Tell, size: dict[str, int]
) -> None:
    gateway.demo = True
    page = open_page(gateway.url, viewport=size)
    connected(page)
    tell(EVERY_KIND[0], 0.0)
    expect(page.get_by_test_id("card-toggle")).to_be_visible()
    names = tab_through(page)
    wanted = ["settings-open", "copy", "download", "clear", "scroller", "start"]
    assert [name for name in names if name in wanted] == wanted
    assert any("in 0.15 s" in name for name in names), "a card's details"


def test_with_the_keyboard_alone_it_records_downloads_and_is_set(
    gateway: FakeGateway, open_page: OpenPage, tell: Tell
) -> None:
    page = open_page(gateway.url)
    connected(page)
    tell(EVERY_KIND[0], 0.0)
    expect(page.get_by_test_id("card")).to_have_count(1)

    def reach(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate(FOCUSED)["name"] == name:
                return
        raise AssertionError(f"{name} is not reached")

    reach("start")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("start-button")).to_have_text("Stop")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("start-button")).to_have_text("Start")
    reach("download")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("download-txt")).to_be_focused()
    page.keyboard.press("Tab")
    with page.expect_download() as saved:
        page.keyboard.press("Enter")
    assert saved.value.suggested_filename.endswith(".srt")
    expect(page.get_by_test_id("download")).to_be_focused()
    reach("settings-open")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("settings-open")).to_be_focused()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_for_those_who_want_it_still(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path, motion: str
) -> None:
    page = open_page(gateway.url, wav=speech_wav, reduced_motion=motion)
    press_start(page)
    expect(page.get_by_test_id("live")).to_be_visible()
    moving = page.evaluate("document.getAnimations().filter((a) => a.playState === 'running').length")
    assert (moving == 0) == (motion == "reduce")
