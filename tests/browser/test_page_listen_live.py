"""What was said is played again where the visitor has it kept in this tab, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from contract.audio import SAMPLE_RATE_HZ
from contract.speech.segmenter import Cut
from tests.browser.conftest import OpenPage
from tests.browser.fake_gateway import STATIC, FakeGateway, Message, result
from tests.browser.players import WATCHED_PLAYERS, button, expect_playing, held, plays, sound
from tests.browser.settings_dialog import open_settings, prefer
from tests.browser.test_page_capture import UNPROCESSED, start

WAV_HEAD_BYTES = 44
KEPT = prefer(keep_speech=True) + WATCHED_PLAYERS + UNPROCESSED
KEEP = "Keep what I say in this tab"


def said(gateway: FakeGateway, page: Page, count: int = 3) -> None:
    """Wait until so many utterances are shown."""
    gateway.wait_for(lambda: len(gateway.only.cuts) == count, 30)
    expect(page.locator("[data-testid=card][data-state=result]")).to_have_count(count)


def spoken(gateway: FakeGateway, page: Page) -> None:
    """Record all of it, and stop."""
    start(page)
    said(gateway, page)
    page.get_by_test_id("start-button").click()
    expect(page.get_by_test_id("start-button")).to_have_text("Start")


def test_nothing_is_kept_unless_it_is_chosen(gateway: FakeGateway, open_page: OpenPage, speech_wav: Path) -> None:
    fetched: list[str] = []
    page = open_page(gateway.url, wav=speech_wav, init_script=WATCHED_PLAYERS + UNPROCESSED)
    page.on("request", lambda request: fetched.append(request.url))
    spoken(gateway, page)
    expect(page.get_by_test_id("listen")).to_have_count(0)
    box = open_settings(page).get_by_label(KEEP)
    expect(box).not_to_be_checked()
    expect(box).to_have_accessible_description(
        "So that I can hear it again: up to 30 minutes, gone with the tab, never sent anywhere else. What was said "
        "before this was on, or before the page was loaded, cannot be played. Off or “Clear” throws it away at once."
    )
    assert not [url for url in fetched if "live-lines" in url or "kept-speech" in url], "nothing is there to keep it"


def test_each_utterance_is_played_as_it_was_sent(gateway: FakeGateway, open_page: OpenPage, speech_wav: Path) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=KEPT)
    spoken(gateway, page)
    expect(page.get_by_test_id("listen")).to_have_count(3)
    for number in (2, 0, 1):
        button(page, number).click()
        expect_playing(button(page, number))
    expect(page.get_by_test_id("listen-at").nth(1)).to_have_text("0:01")
    expect_playing(button(page, 1), False)
    for index, number in enumerate((2, 0, 1)):
        cut = gateway.only.cuts[number]
        wav = sound(page, index)
        assert abs(len(wav) - WAV_HEAD_BYTES - len(cut.pcm)) <= 64, "the server tells times to the millisecond"
        short = min(len(wav) - WAV_HEAD_BYTES, len(cut.pcm)) - 64
        assert cut.pcm.find(wav[WAV_HEAD_BYTES + 32 :][: short - 64]) in range(65), "the same samples"
    whole_sec = len(gateway.only.cuts[1].pcm) / (2 * SAMPLE_RATE_HZ)
    assert plays(page)[-1].ended_sec == pytest.approx(whole_sec, abs=0.1)
    assert held(page) == 0


def test_the_word_is_marked_where_the_server_tells_when_it_was_said(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    def with_words(cut: Cut, number: int) -> Message:
        begin_sec = cut.start / SAMPLE_RATE_HZ
        places = enumerate(("one", "two", "three"))
        words = [
            {"word": f" {word}", "start_sec": begin_sec + 0.5 * at, "end_sec": begin_sec + 0.5 * at + 0.4}
            for at, word in places
        ]
        return result("one two three", words=words)

    gateway.outcome = with_words
    page = open_page(gateway.url, wav=speech_wav, init_script=KEPT)
    spoken(gateway, page)
    button(page, 1).click()
    expect_playing(button(page, 1))
    expect_playing(button(page, 1), False)
    assert page.evaluate("window.marked") == ["one", "two", "three"]
    assert page.evaluate("CSS.highlights.size") == 0


def test_a_session_that_is_lost_costs_no_sound(gateway: FakeGateway, open_page: OpenPage, speech_wav: Path) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=KEPT)
    start(page)
    said(gateway, page, 1)
    (first,) = gateway.only.cuts
    gateway.close_all()
    gateway.sessions.clear()
    gateway.wait_for(lambda: len(gateway.sessions) == 1 and len(gateway.only.cuts) == 2, 30)
    expect(page.get_by_test_id("listen")).to_have_count(3)
    cuts = [first, *gateway.only.cuts]
    assert cuts[1].start == 0, "numbered anew"
    for number in range(3):
        button(page, number).click()
        expect_playing(button(page, number))
        wav = sound(page, number)
        assert abs(len(wav) - WAV_HEAD_BYTES - len(cuts[number].pcm)) <= 64
        assert cuts[number].pcm.find(wav[WAV_HEAD_BYTES + 32 :][:8_000]) in range(65)


def test_the_microphone_waits_while_it_plays(gateway: FakeGateway, open_page: OpenPage) -> None:
    each_beep = prefer(keep_speech=True, hangover_ms=200) + WATCHED_PLAYERS + UNPROCESSED
    page = open_page(gateway.url, init_script=each_beep)  # twice a second
    start(page)
    said_once = page.get_by_test_id("listen").first
    expect(said_once).to_be_visible()
    dock = page.locator("#dock")
    page.evaluate("window.slowly = true")
    said_once.click()
    expect(dock).to_have_attribute("data-state", "playing")
    expect(page.get_by_test_id("control-state")).to_have_text("Playing: you are not heard.")
    expect(page.get_by_test_id("control-status")).to_have_text("Playing: you are not heard.")
    expect(page.get_by_test_id("live")).to_be_hidden()
    gateway.wait_for(lambda: gateway.frames[-1] == b"")
    frames = len(gateway.frames)
    page.wait_for_timeout(1_500)
    expect_playing(said_once)
    assert len(gateway.frames) == frames, "the beeps are not heard"
    page.keyboard.press("Escape")
    expect_playing(said_once, False)
    expect(dock).not_to_have_attribute("data-state", "playing")
    gateway.wait_for(lambda: len(gateway.frames) > frames)
    said_once.click()
    expect(dock).to_have_attribute("data-state", "playing")
    page.get_by_test_id("start-button").click()
    expect(dock).to_have_attribute("data-state", "off")
    expect_playing(said_once)
    page.get_by_test_id("start-button").click()
    expect_playing(said_once, False)
    expect(dock).not_to_have_attribute("data-state", "playing")


def test_turned_off_it_is_gone_at_once(gateway: FakeGateway, open_page: OpenPage, speech_wav: Path) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=KEPT)
    spoken(gateway, page)
    page.evaluate("window.slowly = true")
    dialog = open_settings(page)
    page.evaluate("document.querySelector('.listen').click()")  # the dialog covers it
    expect_playing(button(page, 0))
    dialog.get_by_label(KEEP).uncheck()
    expect(page.get_by_test_id("listen")).to_have_count(0)
    assert (held(page), len(plays(page))) == (0, 1)
    dialog.get_by_label(KEEP).check()
    page.keyboard.press("Escape")
    page.get_by_test_id("card-text").first.click()
    page.get_by_test_id("card-toggle").first.click()
    expect(page.get_by_test_id("card-details")).to_be_visible()
    assert (page.get_by_test_id("listen").count(), len(plays(page))) == (0, 1)


def test_cleared_it_is_gone_though_the_text_comes_back(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=KEPT)
    spoken(gateway, page)
    expect(page.get_by_test_id("listen")).to_have_count(3)
    page.get_by_test_id("clear").click()
    expect(page.get_by_test_id("card")).to_have_count(0)
    page.get_by_test_id("undo").click()
    expect(page.get_by_test_id("card-text")).to_have_count(3)
    expect(page.get_by_test_id("listen")).to_have_count(0)


def test_the_oldest_goes_where_more_is_said_than_can_be_kept(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    code = (STATIC / "js" / "listen" / "kept-speech.js").read_text(encoding="utf-8")
    for half_an_hour, four_seconds in (
        ("30 * SAMPLE_RATE_HZ", "SAMPLE_RATE_HZ"),
        ("MAX_BLOCKS = 60", "MAX_BLOCKS = 4"),
    ):
        assert half_an_hour in code
        code = code.replace(half_an_hour, four_seconds)
    page = open_page(gateway.url, wav=speech_wav, init_script=KEPT)
    page.route("**/kept-speech.js", lambda route: route.fulfill(body=code, content_type="text/javascript"))
    page.reload()
    start(page)
    said(gateway, page, 1)
    expect(button(page, 0)).to_be_visible()
    said(gateway, page)
    expect(button(page, 2)).to_be_visible()
    expect(button(page, 0)).to_have_count(0)
    page.get_by_test_id("card-text").first.click()
    assert plays(page) == [] and held(page) == 0
    button(page, 2).click()
    expect_playing(button(page, 2))
    wav = sound(page, 0)
    assert abs(len(wav) - WAV_HEAD_BYTES - len(gateway.only.cuts[2].pcm)) <= 64


def test_after_a_reload_there_is_nothing_to_play(gateway: FakeGateway, open_page: OpenPage, speech_wav: Path) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=KEPT)
    spoken(gateway, page)
    expect(page.get_by_test_id("listen")).to_have_count(3)
    page.reload()
    expect(page.get_by_test_id("card-text")).to_have_count(3)
    expect(page.get_by_test_id("listen")).to_have_count(0)
    expect(open_settings(page).get_by_label(KEEP)).to_be_checked()
