"""The dock in each of its states, and the waveform that shows where the voice gate opens."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from scipy.io import wavfile

from contract.names import SAMPLE_RATE_HZ
from tests.browser.conftest import UTTERANCES_SEC, OpenPage
from tests.browser.fake_gateway import FakeGateway
from tests.browser.test_page_capture import HANGOVER_SEC, PRE_ROLL_SEC, UNPROCESSED, start

# The question for the microphone stays open until the test answers it; what was given is remembered.
ASKING = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.given = [];
navigator.mediaDevices.getUserMedia = async (constraints) => {
  await new Promise((resolve) => (window.allow = resolve));
  const stream = await ask(constraints);
  window.given.push(...stream.getTracks());
  return stream;
};
"""
REMEMBER = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  const stream = await ask(constraints);
  [window.track] = stream.getTracks();
  return stream;
};
window.AudioContext = class extends AudioContext {
  constructor(options) {
    super(options);
    window.context = this;
  }
  resume() {
    return window.heldBack ? Promise.reject(new DOMException('held', 'InvalidStateError')) : super.resume();
  }
};
"""
# A screen lock that can be looked at; the browser without a screen has none.
WAKE_LOCK = """
window.locks = [];
Object.defineProperty(navigator, 'wakeLock', { value: { request: async (type) => {
  const lock = { type, released: false, release: async () => { lock.released = true; } };
  window.locks.push(lock);
  return lock;
} } });
"""
HIDDEN = """
window.hide = (hidden) => {
  Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
  document.dispatchEvent(new Event('visibilitychange'));
};
"""


def expect_dock(page: Page, state: str, text: str, button: str) -> None:
    """The dock's state, as CSS sees it and as people read it."""
    expect(page.locator("#dock")).to_have_attribute("data-state", state)
    expect(page.get_by_test_id("control-state")).to_have_text(text)
    expect(page.get_by_test_id("start-button")).to_have_text(button)


def connected(page: Page) -> None:
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")


def test_idle_asking_listening_speaking_and_idle_again(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=ASKING)
    connected(page)
    expect_dock(page, "off", "Press Start and speak.", "Start")
    page.get_by_test_id("start-button").click()
    expect_dock(page, "starting", "Asking for the microphone…", "Cancel")
    page.evaluate("window.allow()")
    expect_dock(page, "listening", "Listening…", "Stop")
    expect_dock(page, "speaking", "Hearing you…", "Stop")
    expect(page.get_by_test_id("control-status")).to_have_text("Listening…")
    page.get_by_test_id("start-button").click()
    expect_dock(page, "off", "Press Start and speak.", "Start")


def test_cancelling_the_question_leaves_no_microphone_open(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, init_script=ASKING)
    connected(page)
    page.get_by_test_id("start-button").click()
    page.get_by_role("button", name="Cancel").click()
    expect_dock(page, "off", "Press Start and speak.", "Start")
    page.evaluate("window.allow()")
    gateway.wait_for(lambda: page.evaluate("window.given.length === 1 && window.given[0].readyState === 'ended'"))
    expect_dock(page, "off", "Press Start and speak.", "Start")


def test_recording_without_a_connection_is_reconnecting(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path, complaints: list[str]
) -> None:
    page = open_page(gateway.url, wav=speech_wav)
    start(page)
    gateway.stop()
    expect_dock(page, "reconnecting", "Reconnecting: speak on.", "Stop")
    expect(page.locator("#control-hint")).to_contain_text("kept here until the server is back")
    expect(page.get_by_test_id("control-status")).to_have_text("Reconnecting: speak on.")
    gateway.start()
    expect(page.locator("#dock")).to_have_attribute("data-state", re.compile("listening|speaking"), timeout=20_000)
    complaints[:] = [text for text in complaints if "WebSocket connection to" not in text]


def test_a_recording_that_ended_by_itself_says_so_and_why_until_the_next_one(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=REMEMBER)
    start(page)
    expect(page.locator("#dock")).to_have_attribute("data-state", "listening")
    page.evaluate("window.track.dispatchEvent(new Event('ended'))")
    expect_dock(page, "stopped", "Recording has stopped.", "Start")
    expect(page.locator("#control-hint")).to_have_text("The microphone was disconnected.")
    expect(page.get_by_test_id("control-status")).to_contain_text("The microphone was disconnected.")
    page.get_by_test_id("start-button").click()
    expect(page.locator("#dock")).to_have_attribute("data-state", re.compile("listening|speaking"))
    page.get_by_test_id("start-button").click()
    expect_dock(page, "off", "Press Start and speak.", "Start")


def test_a_recording_that_could_not_begin_says_so(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, grant=False)
    page.get_by_test_id("start-button").click()
    expect_dock(page, "failed", "Recording could not start.", "Start")
    expect(page.locator("#control-hint")).to_have_text("The microphone was not allowed.")


def test_a_microphone_that_is_muted_by_a_switch(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, init_script=REMEMBER)
    start(page)
    expect(page.locator("#dock")).to_have_attribute("data-state", re.compile("listening|speaking"))
    page.evaluate("window.track.dispatchEvent(new Event('mute'))")
    expect_dock(page, "muted", "The microphone is silent.", "Stop")
    page.evaluate("window.track.dispatchEvent(new Event('unmute'))")
    expect(page.locator("#dock")).to_have_attribute("data-state", re.compile("listening|speaking"))


def test_sound_that_the_system_held_back_goes_on_by_itself_as_a_new_utterance(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=REMEMBER)
    start(page)
    gateway.wait_for(lambda: gateway.only.stream.pending)
    page.evaluate("window.heldBack = true; void window.context.suspend()")
    expect_dock(page, "paused", "Paused by the system.", "Stop")
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1)
    assert gateway.frames[-1] == b"", "the utterance ended with what was heard"
    page.evaluate("window.heldBack = false")
    expect(page.locator("#dock")).to_have_attribute("data-state", re.compile("listening|speaking"))
    gateway.wait_for(lambda: len(gateway.only.cuts) > 1)


def test_sound_that_does_not_come_back_ends_the_recording_in_words(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, init_script=REMEMBER)
    page.clock.install()
    start(page)
    expect(page.locator("#dock")).to_have_attribute("data-state", re.compile("listening|speaking"))
    page.evaluate("window.heldBack = true; void window.context.suspend()")
    expect_dock(page, "paused", "Paused by the system.", "Stop")
    page.clock.run_for(31_000)
    expect_dock(page, "stopped", "Recording has stopped.", "Start")
    expect(page.locator("[data-testid=notice][data-kind=problem]")).to_contain_text("held the sound back")


def test_sound_goes_on_behind_another_tab(gateway: FakeGateway, open_page: OpenPage, speech_wav: Path) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=HIDDEN)
    start(page)
    other = page.context.new_page()
    other.goto("about:blank")
    other.bring_to_front()
    page.evaluate("window.hide(true)")
    gateway.wait_for(lambda: len(gateway.only.cuts) == len(UTTERANCES_SEC), 30)
    page.evaluate("window.hide(false)")
    expect(page.get_by_test_id("card")).to_have_count(len(UTTERANCES_SEC))


def test_the_screen_stays_on_while_the_microphone_is_recorded(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, init_script=WAKE_LOCK + HIDDEN)
    connected(page)
    assert page.evaluate("window.locks.length") == 0
    start(page)
    gateway.wait_for(lambda: page.evaluate("window.locks.length === 1"))
    assert page.evaluate("window.locks[0].type") == "screen"
    page.evaluate("window.locks[0].released = true; window.hide(true)")  # as the system does with a hidden page
    page.evaluate("window.hide(false)")
    gateway.wait_for(lambda: page.evaluate("window.locks.length === 2"))
    page.get_by_test_id("start-button").click()
    gateway.wait_for(lambda: page.evaluate("window.locks[1].released"))
    page.evaluate("window.hide(false)")
    expect_dock(page, "off", "Press Start and speak.", "Start")
    assert page.evaluate("window.locks.length") == 2


def test_the_space_bar_is_the_button(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url)
    connected(page)
    page.keyboard.press("Space")
    expect(page.get_by_test_id("start-button")).to_have_text("Stop")
    page.keyboard.press("Control+Space")
    expect(page.get_by_test_id("start-button")).to_have_text("Stop")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("start-button")).to_have_text("Start")
    page.get_by_test_id("start-button").focus()
    page.keyboard.press("Space")
    expect(page.get_by_test_id("start-button")).to_have_text("Stop")
    assert page.evaluate("document.activeElement.matches(':focus-visible')")
    outline = (
        "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth"
    )
    assert page.evaluate(outline) == "solid3px"


def test_a_clip_is_stopped_by_its_own_button_and_its_state_is_on_it(
    gateway: FakeGateway, open_page: OpenPage, speech: NDArray[np.float64], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        wavfile.write(tmp_path / f"{name}.wav", SAMPLE_RATE_HZ, (speech * 32767).astype("<i2"))
    listed = [{"file": f"{name}.wav", "text": f"clip {name}", "sentiment": "positive"} for name in ("one", "two")]
    (tmp_path / "clips.json").write_text(json.dumps(listed))
    gateway.clips = tmp_path
    page = open_page(gateway.url)
    connected(page)
    one, two = page.get_by_test_id("clip").nth(0), page.get_by_test_id("clip").nth(1)
    one.click()
    expect_dock(page, "clip", "Playing a clip…", "Stop")
    expect(one).to_have_accessible_name("Stop the clip “clip one”")
    expect(one).to_have_attribute("data-playing", "")
    expect(one.locator("use")).to_have_attribute("href", "#icon-stop")
    two.click()
    expect(two).to_have_accessible_name("Stop the clip “clip two”")
    expect(one).to_have_accessible_name("Play the clip “clip one”")
    two.click()
    expect_dock(page, "off", "Press Start and speak.", "Start")
    expect(two).not_to_have_attribute("data-playing", "")
    expect(two.locator("use")).to_have_attribute("href", "#icon-play")


def test_a_clip_that_is_not_there(gateway: FakeGateway, open_page: OpenPage, tmp_path: Path) -> None:
    (tmp_path / "clips.json").write_text(json.dumps([{"file": "gone.wav", "text": "gone"}]))
    gateway.clips = tmp_path
    page = open_page(gateway.url)
    page.get_by_test_id("clip").click()
    expect_dock(page, "failed", "Recording could not start.", "Start")
    expect(page.locator("#control-hint")).to_have_text("The clip could not be played.")


# --- the waveform ---------------------------------------------------------------------------------------------------

# The waveform's pixels, by a copy, for reading a canvas changes how it is drawn.
PIXELS = """
window.pixels = () => {
  const canvas = document.getElementById('waveform');
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  return copy.getImageData(0, 0, canvas.width, canvas.height);
};
"""
# Widths, in seconds, of the runs of columns that have a colour near their top: what was let through.
PASSAGES = """() => {
  const { width, height, data } = window.pixels();
  const row = Math.round(height / 8);
  const runs = [];
  let length = 0;
  for (let x = 0; x <= width; x++) {
    if (x < width && data[4 * (row * width + x) + 3] > 128) length++;
    else { if (length > 2) runs.push((length / width) * 8); length = 0; }
  }
  return runs;
}"""
COLOURS = """() => {
  const { data } = window.pixels();
  const found = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 0) found.add(data.slice(i, i + 3).join());
  return [...found];
}"""


@pytest.mark.parametrize("ratio", [1, 2])
def test_the_waveform_shows_what_was_let_through_with_pre_roll_and_hangover(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path, ratio: int
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED + PIXELS, device_scale_factor=ratio)
    canvas = page.locator("#waveform")
    connected(page)
    assert page.evaluate(PASSAGES) == []
    start(page)
    gateway.wait_for(lambda: len(gateway.only.cuts) == 2)
    widths = page.evaluate(PASSAGES)
    # Not more than the last eight seconds: the first utterance may be leaving on the left.
    assert widths[-1] == pytest.approx(PRE_ROLL_SEC + UTTERANCES_SEC[1][1] + HANGOVER_SEC, abs=0.3)
    assert len(widths) == 2
    box = canvas.evaluate("(canvas) => [canvas.width / canvas.clientWidth, canvas.height / canvas.clientHeight]")
    assert box == [pytest.approx(ratio, abs=0.01)] * 2
    assert canvas.get_attribute("aria-hidden") == "true"


DRAWS = """
window.draws = [];
const clear = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...area) {
  window.draws.push(performance.now());
  return clear.apply(this, area);
};
window.nextFrames = (count) => new Promise((resolve) => {
  const frame = () => (count-- > 0 ? requestAnimationFrame(frame) : resolve(window.draws.length));
  frame();
});
"""


def test_the_waveform_is_drawn_only_while_something_is_recorded_and_seen(
    gateway: FakeGateway, open_page: OpenPage
) -> None:
    page = open_page(gateway.url, init_script=DRAWS + HIDDEN)
    connected(page)
    page.evaluate("window.nextFrames(3)")
    resting = page.evaluate("window.draws.length")
    assert page.evaluate("window.nextFrames(5)") == resting
    start(page)
    gateway.wait_for(lambda: page.evaluate("window.draws.length") > resting + 5)
    page.evaluate("window.hide(true)")
    page.evaluate("window.nextFrames(2)")
    hidden = page.evaluate("window.draws.length")
    assert page.evaluate("window.nextFrames(5)") == hidden
    page.evaluate("window.hide(false)")
    gateway.wait_for(lambda: page.evaluate("window.draws.length") > hidden + 5)
    page.get_by_test_id("start-button").click()
    expect_dock(page, "off", "Press Start and speak.", "Start")
    page.evaluate("window.nextFrames(2)")
    stopped = page.evaluate("window.draws.length")
    assert page.evaluate("window.nextFrames(5)") == stopped


def test_with_reduced_motion_the_waveform_moves_a_few_times_a_second(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, init_script=DRAWS, reduced_motion="reduce")
    start(page)
    expect(page.locator("#dock")).to_have_attribute("data-state", re.compile("listening|speaking"))
    page.evaluate("window.draws.length = 0")
    gateway.wait_for(lambda: page.evaluate("window.draws.length >= 5"))
    draws = page.evaluate("window.draws")
    assert min(late - early for early, late in itertools.pairwise(draws)) > 250


def test_the_waveform_takes_its_colours_from_the_theme(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, color_scheme="light", init_script=PIXELS)
    connected(page)
    neutral_fill = {"light": "164,173,184", "dark": "109,120,133"}  # --neutral-fill in css/base.css
    assert neutral_fill["light"] in page.evaluate(COLOURS)
    page.emulate_media(color_scheme="dark")
    gateway.wait_for(lambda: neutral_fill["dark"] in page.evaluate(COLOURS))
    assert neutral_fill["light"] not in page.evaluate(COLOURS)


def test_the_meter_says_in_words_what_is_heard(gateway: FakeGateway, open_page: OpenPage, speech_wav: Path) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    meter = page.get_by_role("meter", name="Input level")
    start(page)
    for words in ("no sound", "speech", "pause"):
        expect(meter).to_have_attribute("aria-valuetext", words)
    page.get_by_test_id("start-button").click()
    expect(meter).to_have_attribute("aria-valuenow", "0")
    expect(meter).to_have_attribute("aria-valuetext", "no sound")
