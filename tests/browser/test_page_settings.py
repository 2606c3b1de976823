"""The settings dialog, and what is chosen in it for the page and for the recognition."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.fake_gateway import FakeGateway
from tests.browser.settings_dialog import open_settings, prefer
from tests.browser.test_page_capture import start


def test_the_dialog_opens_and_closes_by_keyboard_and_gives_the_focus_back(
    gateway: FakeGateway, open_page: OpenPage
) -> None:
    page = open_page(gateway.url)
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    gear = page.get_by_role("button", name="Settings")
    dialog = page.get_by_role("dialog", name="Settings")
    for leave in ("Escape", "Enter"):
        gear.focus()
        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()
        expect(dialog.get_by_role("button", name="Close")).to_be_focused()
        page.keyboard.press(leave)
        expect(dialog).to_have_count(0)
        expect(gear).to_be_focused()


def test_every_field_has_its_name_and_is_reached_by_tab(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url)
    dialog = open_settings(page)
    names = [
        "Close",
        "Listen with",
        "Echo cancellation",
        "Noise suppression",
        "Counts as speech from",
        "Calibrate to this room",
        "Show my level",
        "Reset",
        "Follow the room\u2019s noise",
        "Quiet that ends an utterance",
        "Spoken language",
        "Names and words that may come",
        "Show words while I am still speaking",
        "Times of single words",
        "Tell speakers apart",
        "Forget voices",
        "Keep what I say in this tab",
        "Language",
        "Appearance",
    ]
    for number, name in enumerate(names):
        if number:
            page.keyboard.press("Tab")
        expect(dialog.locator(":focus")).to_have_accessible_name(name)


def test_the_space_bar_does_not_record_behind_the_dialog(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url)
    dialog = open_settings(page)
    dialog.locator("h2").click()
    page.keyboard.press("Space")
    dialog.get_by_label("Echo cancellation").focus()
    page.keyboard.press("Space")
    expect(dialog.get_by_label("Echo cancellation")).not_to_be_checked()
    expect(page.locator("#dock")).to_have_attribute("data-state", "off")
    page.keyboard.press("Escape")
    page.locator("body").click(position={"x": 5, "y": 5})
    page.keyboard.press("Space")
    expect(page.locator("#dock")).not_to_have_attribute("data-state", "off")


def test_what_is_chosen_is_there_again_after_a_reload(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url)
    dialog = open_settings(page)
    dialog.get_by_label("Noise suppression").uncheck()
    dialog.get_by_label("Spoken language").select_option(label="German")
    dialog.get_by_label("Appearance").select_option(label="Dark")
    page.reload()
    dialog = open_settings(page)
    expect(dialog.get_by_label("Noise suppression")).not_to_be_checked()
    expect(dialog.get_by_label("Echo cancellation")).to_be_checked()
    expect(dialog.get_by_label("Spoken language")).to_have_value("de")
    expect(dialog.get_by_label("Appearance")).to_have_value("dark")


def test_the_spoken_language_and_partials_go_to_the_server_at_once(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url)
    dialog = open_settings(page)
    assert not {"language", "partials"} & set(gateway.openings[0])
    dialog.get_by_label("Spoken language").select_option(label="Korean")
    gateway.wait_for(lambda: len(gateway.openings) == 2)
    assert gateway.openings[1]["language"] == "ko"
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    dialog.get_by_label("Show words while I am still speaking").uncheck()
    gateway.wait_for(lambda: len(gateway.openings) == 3)
    assert gateway.openings[2]["language"] == "ko"
    assert gateway.openings[2]["partials"] == "0"
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    dialog.get_by_label("Spoken language").select_option(label="Detect it")
    gateway.wait_for(lambda: len(gateway.openings) == 4)
    assert "language" not in gateway.openings[3]
    assert len(gateway.sessions) == 1


def test_hints_and_word_times_go_to_the_server_and_stay(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url)
    dialog = open_settings(page)
    assert not {"hints", "words"} & set(gateway.openings[0])
    field = dialog.get_by_label("Names and words that may come")
    field.fill("  김민준, O'Brien & <b>Ada</b>  ")
    assert len(gateway.openings) == 1, "what is still being typed is not sent"
    field.press("Tab")
    gateway.wait_for(lambda: len(gateway.openings) == 2)
    assert gateway.openings[1]["hints"] == "김민준, O'Brien & <b>Ada</b>"
    assert "words" not in gateway.openings[1]
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    dialog.get_by_label("Times of single words").check()
    gateway.wait_for(lambda: len(gateway.openings) == 3)
    assert gateway.openings[2]["words"] == "1"
    page.reload()
    gateway.wait_for(lambda: len(gateway.openings) == 4)
    assert gateway.openings[3]["hints"] == "김민준, O'Brien & <b>Ada</b>"
    expect(open_settings(page).get_by_label("Names and words that may come")).to_have_value(
        "김민준, O'Brien & <b>Ada</b>"
    )


def test_the_theme_is_seen_at_once_and_before_the_page_is_loaded_the_next_time(
    gateway: FakeGateway, open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page(gateway.url, color_scheme="light")
    dialog = open_settings(page)
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    dialog.get_by_label("Appearance").select_option(label="Dark")
    dark = page.evaluate(paper)
    assert dark != light
    bar = "[...document.querySelectorAll('meta[name=theme-color]')].map((bar) => bar.content)"
    assert page.evaluate(bar) == [dark, dark]
    page.route("**/app.js", lambda route: route.abort())
    page.reload()
    assert page.evaluate(paper) == dark, "no module was needed for it"
    page.unroute("**/app.js")
    complaints[:] = [text for text in complaints if "ERR_FAILED" not in text]
    page.reload()
    open_settings(page).get_by_label("Appearance").select_option(label="As the system")
    assert page.evaluate(paper) == light
    assert page.evaluate(bar) == ["#f5f5f2", "#14161a"]


def test_a_broken_storage_is_no_reason_not_to_start(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, init_script="localStorage.setItem('wta.preferences', '{oh')")
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")


def test_the_language_of_the_interface_is_changed_by_a_reload_that_keeps_the_transcript(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav)
    start(page)
    expect(page.get_by_test_id("card-text").first).to_have_text("utterance 1")
    gateway.wait_for(lambda: gateway.only.stream.pending)
    dialog = open_settings(page)
    dialog.get_by_label("Language", exact=True).select_option(label="한국어")
    expect(page.get_by_test_id("start-button")).to_have_text("시작")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.get_by_test_id("card-text").first).to_have_text("utterance 1")
    assert gateway.frames[-1] == b"", "what was being said was ended first"
    page.get_by_test_id("settings-open").click()
    dialog = page.get_by_role("dialog", name="설정")
    for name in ("한국어", "영어", "일본어"):
        expect(dialog.get_by_label("말하는 언어").locator("option", has_text=re.compile(f"^{name}$"))).to_have_count(1)


def test_settings_that_cannot_be_fetched_are_said_to_be_so(
    gateway: FakeGateway, open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page("about:blank")
    page.route("**/settings/dialog.js", lambda route: route.abort())
    page.goto(gateway.url)
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    page.get_by_test_id("settings-open").click()
    expect(page.locator("[data-testid=notice][data-kind=settings]")).to_contain_text("could not be fetched")
    complaints[:] = [text for text in complaints if "ERR_FAILED" not in text]


def test_the_picked_language_is_that_of_the_page_whatever_the_browser_says(
    gateway: FakeGateway, open_page: OpenPage
) -> None:
    page = open_page(gateway.url, init_script=prefer(language="en"), locale="ko-KR")
    expect(page.get_by_test_id("start-button")).to_have_text("Start")
    page = open_page(gateway.url, locale="ko-KR")
    expect(page.get_by_test_id("start-button")).to_have_text(re.compile("시작"))
