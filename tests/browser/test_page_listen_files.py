"""A line of an uploaded file plays its piece of that file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.fake_files import FakeFiles, done, segment
from tests.browser.fake_gateway import FakeGateway
from tests.browser.players import WATCHED_PLAYERS, button, expect_playing, held, plays
from tests.browser.settings_dialog import prefer
from tests.browser.test_page_accessibility import PHONE, WIDE, axe, violations
from tests.browser.test_page_files import files, upload
from tests.browser.test_page_states import connected
from tests.support.media import encode

__all__ = ["axe", "files"]

LATE_SEC = 0.35  # a busy machine may end a piece this much later


@pytest.fixture
def talk(speech: NDArray[np.float64], tmp_path: Path) -> Path:
    """Ten seconds as a file."""
    return encode(np.round(speech * 32767).astype("<i2").tobytes(), tmp_path / "talk.wav")


def listened(page: Page, gateway: FakeGateway, files: FakeFiles, path: Path, **more: object) -> Page:
    """A page with this file's three segments, of which the second has times of its words."""
    connected(page)
    page.get_by_test_id("files-open").click()
    page.get_by_test_id("files-input").set_input_files(path)
    words = [
        {"word": f" {word}", "start": 3.5 + 0.6 * number, "end": 4.0 + 0.6 * number}
        for number, word in enumerate(("Not", "bad,", "not"))
    ]
    second = segment(1, "Not bad, not good.", "positive", words=words, **more)
    upload(gateway, files).tell(segment(0, "First."), second, segment(2, "Third."), done(10.0))
    expect(page.get_by_test_id("listen")).to_have_count(3)
    return page


@pytest.fixture
def view(gateway: FakeGateway, files: FakeFiles, open_page: OpenPage, talk: Path) -> Page:
    page = open_page(gateway.url, init_script=WATCHED_PLAYERS, viewport={"width": 1100, "height": 760})
    return listened(page, gateway, files, talk)


def test_a_line_plays_its_piece_and_ends_with_it(view: Page) -> None:
    line = button(view, 1)
    expect(line).to_have_accessible_name("Play from 0:03")
    expect_playing(line, False)
    line.click()
    expect_playing(line)
    expect(view.get_by_test_id("listen-at").nth(1)).to_have_text("0:04")
    expect(view.get_by_test_id("card").nth(1)).to_have_attribute("data-heard", "")
    expect_playing(line, False)
    (play,) = plays(view)
    assert play.began_sec == pytest.approx(3.5, abs=0.1)
    assert 5.5 <= play.ended_sec < 5.5 + LATE_SEC
    expect(view.get_by_test_id("listen-at").nth(1)).to_have_text("")
    assert held(view) == 0, "its address is given back"


@pytest.mark.parametrize("kind", ["mp3", "m4a", "opus", "flac", "webm", "mp4", "mkv"])
def test_other_formats_too(
    gateway: FakeGateway, files: FakeFiles, open_page: OpenPage, speech: NDArray[np.float64], tmp_path: Path, kind: str
) -> None:
    path = encode(np.round(speech * 32767).astype("<i2").tobytes(), tmp_path / f"talk.{kind}")
    page = listened(open_page(gateway.url, init_script=WATCHED_PLAYERS), gateway, files, path)
    button(page, 2).click()
    expect_playing(button(page, 2))
    expect(page.get_by_test_id("listen-at").nth(2)).to_have_text("0:07")
    expect_playing(button(page, 2), False)
    (play,) = plays(page)
    assert play.began_sec == pytest.approx(6.5, abs=0.15)
    assert 8.5 <= play.ended_sec < 8.5 + LATE_SEC


def test_the_word_that_is_said_is_marked(view: Page) -> None:
    text = view.get_by_test_id("card-text").nth(1)
    before = text.bounding_box()
    button(view, 1).click()
    expect_playing(button(view, 1))
    expect_playing(button(view, 1), False)
    assert view.evaluate("window.marked") == ["Not", "bad,", "not"]
    assert view.evaluate("CSS.highlights.size") == 0
    assert text.bounding_box() == before
    button(view, 0).click()
    expect_playing(button(view, 0))
    expect_playing(button(view, 0), False)
    assert len(view.evaluate("window.marked")) == 3, "without times of words only the line is marked"


def test_words_are_marked_through_sentence_marks(
    gateway: FakeGateway, files: FakeFiles, open_page: OpenPage, talk: Path
) -> None:
    feeling = {"label": "POSITIVE", "score": 0.93, "scores": {}, "zone": "positive", "neutral_reason": None}
    sentences = [{"text": text, "sentiment": feeling} for text in ("Not bad,", "not good.")]
    page = listened(open_page(gateway.url, init_script=WATCHED_PLAYERS), gateway, files, talk, sentences=sentences)
    expect(page.get_by_test_id("sentence-mark")).to_have_count(2)
    button(page, 1).click()
    expect_playing(button(page, 1))
    expect_playing(button(page, 1), False)
    assert page.evaluate("window.marked") == ["Not", "bad,", "not"]


def test_one_at_a_time_and_a_second_press_or_escape_stops(view: Page) -> None:
    button(view, 0).click()
    expect_playing(button(view, 0))
    button(view, 2).click()
    expect_playing(button(view, 2))
    expect_playing(button(view, 0), False)
    assert held(view) == 1
    button(view, 2).click()
    expect_playing(button(view, 2), False)
    button(view, 1).click()
    expect_playing(button(view, 1))
    view.keyboard.press("Escape")
    expect_playing(button(view, 1), False)
    expect(view.get_by_test_id("files")).to_be_visible()
    assert [play.ended_sec < 8.5 for play in plays(view)] == [True] * 3, "none came to its end by itself"
    view.keyboard.press("Escape")
    expect(view.get_by_test_id("files")).to_be_hidden()
    assert held(view) == 0


def test_by_keyboard_alone(view: Page) -> None:
    view.get_by_test_id("file-json").focus()
    for _ in range(5):
        view.keyboard.press("Tab")
        if view.evaluate("document.activeElement.dataset.testid") == "listen":
            break
    expect(button(view, 0)).to_be_focused()
    view.keyboard.press("Enter")
    expect_playing(button(view, 0))
    view.keyboard.press(" ")
    expect_playing(button(view, 0), False)
    expect(view.get_by_test_id("start-button")).to_have_text("Start")


def test_a_click_on_the_text_plays_it_and_selecting_text_does_not(view: Page) -> None:
    text = view.get_by_test_id("card-text").nth(1)
    text.click()
    expect_playing(button(view, 1))
    text.click()
    expect_playing(button(view, 1), False)
    box = text.bounding_box()
    assert box is not None
    view.mouse.move(box["x"] + 2, box["y"] + 10)
    view.mouse.down()
    view.mouse.move(box["x"] + 90, box["y"] + 10, steps=4)
    view.mouse.up()
    assert view.evaluate("getSelection().toString()") != ""
    assert view.evaluate("window.plays.length") == 1
    text.dblclick()
    expect_playing(button(view, 1), False)


def test_a_format_that_the_browser_does_not_know_is_said_to_be_one(
    gateway: FakeGateway, files: FakeFiles, open_page: OpenPage, tmp_path: Path, complaints: list[str]
) -> None:
    path = tmp_path / "talk.amr"
    path.write_bytes(b"#!AMR\n" + bytes(range(256)) * 40)
    page = listened(open_page(gateway.url, init_script=WATCHED_PLAYERS), gateway, files, path)
    button(page, 1).click()
    expect(page.get_by_test_id("listen-problem")).to_have_text(re.compile("cannot play the format of this file"))
    expect_playing(button(page, 1), False)
    assert held(page) == 0
    assert complaints == []


def test_a_file_that_is_no_longer_there_is_asked_for_again(view: Page, talk: Path, complaints: list[str]) -> None:
    talk.unlink()
    button(view, 1).click()
    expect(view.get_by_test_id("listen-problem")).to_have_text(re.compile("can no longer read this file"))
    expect_playing(button(view, 1), False)
    assert held(view) == 0
    assert complaints == ["Failed to load resource: net::ERR_FILE_NOT_FOUND"], "which the browser itself says"
    complaints.clear()


def test_a_file_that_is_removed_or_left_is_not_heard(view: Page) -> None:
    button(view, 0).click()
    expect_playing(button(view, 0))
    view.get_by_test_id("files-back").click()
    assert held(view) == 0
    view.get_by_test_id("files-open").click()
    expect_playing(button(view, 0), False)
    button(view, 0).click()
    expect_playing(button(view, 0))
    view.get_by_test_id("file-remove").click()
    assert held(view) == 0
    assert len(plays(view)) == 2


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_named_in_korean_and_nothing_jumps(
    gateway: FakeGateway, files: FakeFiles, open_page: OpenPage, talk: Path, axe: str, size: dict[str, int]
) -> None:
    script = prefer(language="ko") + WATCHED_PLAYERS
    page = open_page(gateway.url, init_script=script, viewport=size, reduced_motion="reduce")
    listened(page, gateway, files, talk)
    expect(button(page, 1)).to_have_accessible_name("0:03부터 재생")
    cards = page.get_by_test_id("card")
    before = [cards.nth(number).bounding_box() for number in range(3)]
    button(page, 1).click()
    expect(page.get_by_test_id("listen-at").nth(1)).to_have_text("0:04")
    assert [cards.nth(number).bounding_box() for number in range(3)] == before
    assert violations(page, axe) == []
