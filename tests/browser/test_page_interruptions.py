"""What phones and headsets do to a recording: calls, Siri, standing clocks, other rates. Whoever speaks on is heard."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from contract.audio import SAMPLE_RATE_HZ
from tests.browser.conftest import OpenPage
from tests.browser.fake_gateway import FakeGateway
from tests.browser.settings_dialog import WATCHED, prefer, track_states
from tests.browser.test_page_background import HIDDEN
from tests.browser.test_page_capture import NO_16_KHZ, start
from tests.browser.test_page_dock import expect_dock

# A context whose state the test may tell, as `says`, whatever it really is, and what the page has asked of it.
CONTEXTS = """
window.contexts = [];
window.resumed = [];
const told = Object.getOwnPropertyDescriptor(BaseAudioContext.prototype, 'state');
const resume = AudioContext.prototype.resume;
window.AudioContext = class extends AudioContext {
  constructor(options) {
    super(options);
    window.contexts.push(this);
  }
  get state() {
    return this.says ?? told.get.call(this);
  }
  resume() {
    window.resumed.push(this.state);
    return resume.call(this);
  }
};
window.stop = async (context, says) => {
  await context.suspend();
  context.says = says;
  context.dispatchEvent(new Event('statechange'));
};
window.letGo = async (context) => {
  await resume.call(context);
  delete context.says;
  context.dispatchEvent(new Event('statechange'));
};
"""
HEARD = re.compile("listening|speaking")


def dock(page: Page) -> Locator:
    return page.locator("#dock")


def speak_on(gateway: FakeGateway, page: Page) -> None:
    """The file that the microphone plays begins anew with each stream: what it says is heard, in the same session."""
    before = len(gateway.only.cuts)
    gateway.wait_for(lambda: len(gateway.only.cuts) > before)
    expect(page.get_by_test_id("card-text").nth(before)).to_have_text(f"utterance {before + 1}")
    expect(dock(page)).to_have_attribute("data-state", HEARD)
    expect(page.get_by_test_id("start-button")).to_have_text("Stop")


def silence(page: Page) -> None:
    """Mute the track, as the system does, and have it stay so."""
    page.evaluate("window.given[0].enabled = false; window.given[0].dispatchEvent(new Event('mute'))")
    expect_dock(page, "muted", "The microphone is silent.", "Stop")
    expect(page.get_by_test_id("control-status")).to_have_text("The microphone is silent.")


def test_after_a_call_the_microphone_is_asked_for_again_when_the_page_is_seen(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=WATCHED + HIDDEN)
    start(page)
    gateway.wait_for(lambda: gateway.only.stream.pending)
    page.evaluate("window.hide(true)")
    silence(page)
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1)
    assert track_states(page) == ["live"], "nothing is asked for while nobody looks"
    page.evaluate("window.hide(false)")
    gateway.wait_for(lambda: track_states(page) == ["ended", "live"])
    assert page.evaluate("JSON.stringify(window.asked[0]) === JSON.stringify(window.asked[1])"), "the same device"
    speak_on(gateway, page)
    expect(page.get_by_test_id("notice")).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "words", "button"),
    [("en-US", "No sound comes from the microphone", "Listen again"), ("ko-KR", "마이크에서 소리가", "다시 듣기")],
)
def test_a_microphone_that_takes_a_press_says_so(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path, locale: str, words: str, button: str
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=WATCHED, locale=locale)
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    page.get_by_test_id("start-button").click()
    expect(dock(page)).to_have_attribute("data-state", HEARD)
    page.evaluate(
        """() => {
          window.allowed = navigator.mediaDevices.getUserMedia;
          navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no gesture', 'NotAllowedError') };
          window.given[0].enabled = false;
          window.given[0].dispatchEvent(new Event('mute'));
          window.dispatchEvent(new Event('focus'));
        }"""
    )
    notice = page.locator("[data-testid=notice][data-kind=stuck]")
    expect(notice).to_contain_text(words)
    expect(notice).to_have_role("status")
    page.evaluate("void (navigator.mediaDevices.getUserMedia = window.allowed)")
    before = len(gateway.only.cuts)
    notice.get_by_role("button", name=button).click()
    gateway.wait_for(lambda: len(gateway.only.cuts) > before)
    expect(notice).to_have_count(0)
    expect(dock(page)).to_have_attribute("data-state", HEARD)


def test_a_context_that_is_interrupted_is_left_to_the_system(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=CONTEXTS + WATCHED)
    start(page)
    gateway.wait_for(lambda: gateway.only.stream.pending)
    page.evaluate("window.resumed = []; void window.stop(window.contexts[0], 'interrupted')")
    expect_dock(page, "paused", "Paused by the system.", "Stop")
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1)
    page.wait_for_timeout(2_500)  # two of the page's looks at it
    assert page.evaluate("window.resumed") == []
    page.evaluate("void window.letGo(window.contexts[0])")
    expect(dock(page)).to_have_attribute("data-state", HEARD)
    gateway.wait_for(lambda: len(gateway.only.cuts) > 1)
    assert page.evaluate("window.contexts.length") == 1
    assert track_states(page) == ["live"], "the same recording all the time"


def test_a_standing_clock_is_replaced_and_the_times_go_on(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=CONTEXTS + WATCHED)
    start(page)
    gateway.wait_for(lambda: gateway.only.stream.position > SAMPLE_RATE_HZ // 2)
    page.evaluate("window.resumed = []")
    stopped_ms: float = page.evaluate("window.stop(window.contexts[0], 'running').then(() => Date.now())")
    expect_dock(page, "paused", "Paused by the system.", "Stop")
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1)
    assert gateway.frames[-1] == b"", "the utterance has ended"
    assert len(gateway.frames[-2]) < 80 * 16 * 2, "with what the standing worklet held, too"
    gateway.wait_for(lambda: page.evaluate("window.contexts.length") == 2)
    speak_on(gateway, page)
    assert page.evaluate("window.contexts[0].says = undefined, window.contexts[0].state") == "closed"
    clock: list[tuple[int, float]] = json.loads(page.evaluate("sessionStorage.getItem('wta.clock')"))
    first, second = gateway.only.cuts[:2]
    first_end_ms = clock[0][1] + (first.end - first.start) * 1000 / SAMPLE_RATE_HZ
    assert abs(first_end_ms - stopped_ms) < 400, "what came late was not spoken late"
    assert [position for position, _ in clock][:2] == [first.start, second.start]
    assert clock[1][1] > stopped_ms + 3_000, "the gap is between them"


def test_a_headset_of_another_rate_is_heard_through_a_resampler_of_its_own(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=NO_16_KHZ + WATCHED)
    start(page)
    gateway.wait_for(lambda: gateway.only.stream.pending)
    page.evaluate(
        """() => {
          window.given[0].getSettings = () => ({ sampleRate: 8000 });
          navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
        }"""
    )
    gateway.wait_for(lambda: track_states(page) == ["ended", "live"])
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1)
    assert len(page.evaluate("window.rates")) == 2
    speak_on(gateway, page)


def test_an_unplugged_microphone_is_followed_by_the_one_that_is_left(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=WATCHED + prefer(sentences=False))
    start(page)
    gateway.wait_for(lambda: gateway.only.stream.pending)
    page.evaluate("window.given[0].dispatchEvent(new Event('ended'))")
    gateway.wait_for(lambda: track_states(page) == ["ended", "live"])
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1)
    speak_on(gateway, page)
