"""A file of which not all could be read: what is missing is said in words, beside its state and above its text."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from harness.speech import demo_clips
from tests.browser.conftest import OpenPage
from tests.browser.fake_files import FakeFiles, done, segment
from tests.browser.fake_gateway import FakeGateway
from tests.browser.test_page_accessibility import PHONE, WIDE, axe, violations
from tests.browser.test_page_end_to_end import RESULT_TIMEOUT_MS
from tests.browser.test_page_files import choose, files, state, upload
from tests.browser.test_page_files_end_to_end import DROP
from tests.browser.test_page_states import connected
from tests.support.media import damaged, silence

__all__ = ["axe", "files"]

DAMAGE = {"code": "damaged", "message": "words", "missing_parts": 3, "first_missing_sec": 64.2, "cut_off_sec": 80.0}
ENGLISH = (
    "Done, but not all of it could be read",
    "This file is damaged: what could not be read is missing in the text. "
    "Missing pieces: 3, the first at 1:04. Nothing could be read beyond 1:20.",
)
KOREAN = (
    "완료, 일부는 읽지 못함",
    "파일이 손상되어, 읽지 못한 부분은 글에서 빠졌습니다. "
    "빠진 부분: 3곳, 첫 위치 1:04. 1:20 이후는 전혀 읽지 못했습니다.",
)


def show(page: Page, gateway: FakeGateway, files: FakeFiles, *warnings: dict[str, Any]) -> None:
    """One file that is done, with these warnings."""
    connected(page)
    choose(page, "a.m4a")
    upload(gateway, files).tell(segment(0, "what could be read"), done(warnings=warnings))
    expect(page.locator(".file[data-state=done]")).to_have_count(1)


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize(("locale", "told"), [("en-US", ENGLISH), ("ko-KR", KOREAN)])
def test_what_is_missing_of_a_damaged_file_is_said(
    gateway: FakeGateway,
    files: FakeFiles,
    open_page: OpenPage,
    axe: str,
    locale: str,
    told: tuple[str, str],
    size: dict[str, int],
) -> None:
    page = open_page(gateway.url, locale=locale, viewport=size)
    show(page, gateway, files, DAMAGE)
    expect(state(page)).to_have_text(told[0])
    expect(page.get_by_test_id("file-warning")).to_be_visible()
    expect(page.get_by_test_id("file-warning")).to_have_text(told[1])
    expect(page.get_by_test_id("files-said")).to_have_text(f"a.m4a: {told[0]}. {told[1]}")
    expect(page.get_by_test_id("card-text")).to_be_visible()
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_whole_file_has_no_warning(gateway: FakeGateway, files: FakeFiles, open_page: OpenPage) -> None:
    page = open_page(gateway.url)
    show(page, gateway, files)
    expect(state(page)).to_have_text("Done")
    expect(page.get_by_test_id("file-warning")).to_be_hidden()


def test_a_warning_that_the_page_does_not_know_is_text(
    gateway: FakeGateway, files: FakeFiles, open_page: OpenPage
) -> None:
    page = open_page(gateway.url)
    show(page, gateway, files, {"code": "new", "message": "<b>Something</b> new."})
    expect(state(page)).to_have_text("Done")
    expect(page.get_by_test_id("file-warning")).to_have_text("<b>Something</b> new.")


def test_a_really_damaged_recording_says_so(stack: Any, open_page: OpenPage, tmp_path: Path) -> None:
    sound = damaged(b"".join(clip.pcm + silence(2.0) for clip in demo_clips()[:3]), tmp_path / "damaged.m4a")
    page = open_page(stack.url)
    connected(page)
    page.evaluate(DROP, ["damaged.m4a", base64.b64encode(sound.read_bytes()).decode()])
    expect(state(page)).to_have_text("Done, but not all of it could be read", timeout=3 * RESULT_TIMEOUT_MS)
    expect(page.get_by_test_id("file-warning")).to_contain_text("Missing pieces: ")
    expect(page.get_by_test_id("card").first).to_be_visible()
