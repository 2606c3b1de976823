"""Who speaks in a file: told once all was heard, named in this tab, filtered, and in the files that are saved."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.fake_files import FakeFiles, done, segment, who
from tests.browser.fake_gateway import FakeGateway
from tests.browser.settings_dialog import prefer
from tests.browser.test_page_accessibility import axe, violations
from tests.browser.test_page_files import choose, files, state, upload, view
from tests.browser.test_page_states import connected

__all__ = ["axe", "files", "view"]

TEXT = "Do you like it? No, not at all."
TURNS = who(1, (2, 0, 15), (1, 15, 31))


def test_speakers_of_a_file_are_shown_named_filtered_and_saved(
    view: Page, gateway: FakeGateway, files: FakeFiles, axe: str
) -> None:
    choose(view, "talk.wav")
    got = upload(gateway, files)
    assert got.fields["speakers"] == "true"
    detail = view.get_by_test_id("file-detail")
    got.tell(segment(0, "Good morning.", speaker=""), segment(1, TEXT, speaker=""), segment(2, "Hm.", speaker=""))
    expect(detail.get_by_test_id("card")).to_have_count(3)
    expect(detail.get_by_test_id("speaker")).to_have_count(0)
    got.tell(who(0, (1, 0, 13)), TURNS, who(2, (None, 0, 3)), done())
    expect(detail.get_by_test_id("speaker")).to_have_count(4)
    rows = detail.get_by_test_id("card-part")
    expect(rows.get_by_test_id("part-text")).to_have_text(["Do you like it?", "No, not at all."])
    detail.get_by_test_id("speaker").first.press("Enter")
    view.keyboard.type("Anna")
    view.keyboard.press("Enter")
    expect(rows.nth(1).get_by_test_id("speaker")).to_contain_text("Anna")
    expect(detail.get_by_test_id("speaker").first).to_be_focused()
    assert violations(view, axe) == []
    detail.get_by_test_id("speaker-choice").filter(has_text="Anna").click()
    expect(detail.get_by_test_id("card")).to_have_count(2)
    expect(detail.get_by_test_id("speaker-count")).to_have_text("2 of 3")
    with view.expect_download() as caught:
        detail.get_by_test_id("file-txt").click()
    lines = Path(caught.value.path()).read_text(encoding="utf-8").splitlines()
    assert [line.split(" (")[0] for line in lines] == [
        "[0:00] Anna: Good morning.",
        "[0:03] Speaker 2: Do you like it?",
        "[0:04] Anna: No, not at all.",
        "[0:06] Speaker ?: Hm.",
    ]
    with view.expect_download() as caught:
        detail.get_by_test_id("file-vtt").click()
    assert "<v Speaker 2>Do you like it?\n\n" in Path(caught.value.path()).read_text(encoding="utf-8")


def test_a_file_whose_speakers_cannot_be_told_says_so(view: Page, gateway: FakeGateway, files: FakeFiles) -> None:
    choose(view, "talk.wav")
    got = upload(gateway, files)
    got.tell(segment(0, "Good morning.", speaker=""), done(warnings=({"code": "no_speakers", "message": "why"},)))
    expect(state(view)).to_have_text("Done")
    expect(view.get_by_test_id("file-warning")).to_have_text("It could not be told who speaks in this file.")
    expect(view.get_by_test_id("speaker")).to_have_count(0)


def test_a_file_is_not_asked_for_speakers_where_the_visitor_does_not_want_them(
    gateway: FakeGateway, files: FakeFiles, open_page: OpenPage
) -> None:
    page = open_page(gateway.url, init_script=prefer(speakers=False))
    connected(page)
    choose(page, "a.wav")
    assert "speakers" not in upload(gateway, files).fields
