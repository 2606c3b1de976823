"""The sound of another tab in the place of a microphone, shared as Chromium shares it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import BrowserContext, Page, Playwright, expect
from scipy.io import wavfile

from contract.audio import SAMPLE_RATE_HZ
from tests.browser.conftest import UTTERANCES_SEC, OpenPage, watch
from tests.browser.fake_gateway import FakeGateway
from tests.browser.settings_dialog import open_settings, prefer
from tests.browser.test_page_capture import check_heard
from tests.browser.test_page_dock import connected, expect_dock

TAB = "The sound of another tab"
TITLE = "A tab that speaks"
# The question which tab is answered by its title; Playwright's browsers are mute else, and so is what their tabs share.
SHARE = ("--no-sandbox", f"--auto-select-tab-capture-source-by-title={TITLE}")
LOUD = ("--mute-audio",)
WATCHED = """
const share = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
window.shared = [];
window.asked = 0;
navigator.mediaDevices.getDisplayMedia = async (options) => {
  if (window.refuses) throw new DOMException('Permission denied', 'NotAllowedError');
  const stream = await share(options);
  window.shared.push(...stream.getTracks());
  if (window.withoutSound) for (const track of stream.getAudioTracks()) stream.removeTrack(track);
  return stream;
};
navigator.mediaDevices.getUserMedia = async () => { window.asked++; throw new DOMException('none', 'NotFoundError') };
"""
PLAYER = """async (title) => {
  document.title = title;
  const context = new AudioContext();
  const encoded = await (await fetch('/demo/clips/speech.wav')).arrayBuffer();
  const source = context.createBufferSource();
  source.buffer = await context.decodeAudioData(encoded);
  source.connect(context.destination);
  window.play = () => source.start();
}"""


@pytest.fixture
def sharing(playwright: Playwright, chromium: str) -> Iterator[BrowserContext]:
    """A profile whose tabs can be heard."""
    browser = playwright.chromium.launch(executable_path=chromium, args=SHARE, ignore_default_args=LOUD)
    yield browser.new_context()
    browser.close()


@pytest.fixture
def tab(gateway: FakeGateway, sharing: BrowserContext, speech: NDArray[np.float64], tmp_path: Path) -> Page:
    """Another tab, which plays the speech when its `play` is called."""
    wavfile.write(tmp_path / "speech.wav", SAMPLE_RATE_HZ, np.round(speech * 32767).astype("<i2"))
    gateway.clips = tmp_path
    page = sharing.new_page()
    page.goto(f"{gateway.url}/demo/clips/none")
    page.evaluate(PLAYER, TITLE)
    return page


@pytest.fixture
def page(gateway: FakeGateway, sharing: BrowserContext, tab: Page, complaints: list[str]) -> Page:
    """The page, beside that tab."""
    page = watch(sharing.new_page(), complaints)
    page.add_init_script(WATCHED)
    page.goto(gateway.url)
    connected(page)
    return page


def shared(page: Page) -> dict[str, str]:
    """What was shared, and whether it still is."""
    return dict(page.evaluate("window.shared.map((track) => [track.kind, track.readyState])"))


def choose_tab(page: Page) -> None:
    """In the list of microphones."""
    dialog = open_settings(page)
    dialog.get_by_label("Listen with").select_option(label=TAB)
    expect(dialog.locator("#hint-microphone")).to_contain_text("Also share tab audio")
    page.keyboard.press("Escape")


def test_the_sound_of_a_tab_becomes_words_until_its_sharing_ends(
    gateway: FakeGateway, page: Page, tab: Page, speech: NDArray[np.float64]
) -> None:
    choose_tab(page)
    assert shared(page) == {}, "nothing is asked before Start"
    page.get_by_test_id("start-button").click()
    expect_dock(page, "listening", "Listening…", "Stop")
    assert shared(page) == {"video": "ended", "audio": "live"}, "the picture is stopped at once"
    tab.evaluate("window.play()")
    gateway.wait_for(lambda: len(gateway.only.cuts) == len(UTTERANCES_SEC))
    expect(page.get_by_test_id("card-text").nth(2)).to_have_text("utterance 3")
    check_heard(gateway, speech)  # as it is, not improved
    tab.close()
    expect_dock(page, "stopped", "Recording has stopped.", "Start")
    expect(page.get_by_test_id("control-status")).to_have_text("Recording has stopped. The sharing has ended.")
    expect(page.get_by_test_id("notice")).to_have_count(0)
    assert page.evaluate("window.asked") == 0, "no microphone takes its place unasked"


def test_stop_ends_the_sharing_and_a_tab_without_sound_is_told_from_a_refusal(page: Page) -> None:
    choose_tab(page)
    page.get_by_test_id("start-button").click()
    expect_dock(page, "listening", "Listening…", "Stop")
    page.get_by_test_id("start-button").click()
    expect_dock(page, "off", "Press Start and speak.", "Start")
    assert shared(page) == {"video": "ended", "audio": "ended"}
    page.evaluate("window.shared = []; window.withoutSound = true")
    page.get_by_test_id("start-button").click()
    expect_dock(page, "failed", "Recording could not start.", "Start")
    problem = page.locator("[data-testid=notice][data-kind=problem]")
    expect(problem).to_contain_text("No sound was shared")
    assert shared(page)["video"] == "ended", "nothing is shared in vain"
    page.evaluate("window.refuses = true")
    problem.get_by_role("button", name="Try again").click()
    expect(problem).to_contain_text("Nothing was shared")
    expect(page.get_by_test_id("control-status")).to_have_text("Recording could not start. Nothing was shared.")


def test_browsers_that_share_no_sound_do_not_offer_it(gateway: FakeGateway, open_page: OpenPage) -> None:
    as_firefox = "MediaDevices.prototype.getSupportedConstraints = () => ({});"
    page = open_page(gateway.url, init_script=as_firefox + prefer(microphone="tab"))
    listed = open_settings(page).get_by_label("Listen with")
    expect(listed.locator("option:checked")).to_have_text("The browser\N{RIGHT SINGLE QUOTATION MARK}s choice")
    expect(listed.locator("option", has_text=TAB)).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_test_id("start-button").click()
    expect(page.get_by_test_id("start-button")).to_have_text("Stop")
