"""The dock in each of its states."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from scipy.io import wavfile

from contract.audio import SAMPLE_RATE_HZ
from tests.browser.conftest import OpenPage
from tests.browser.fake_gateway import FakeGateway
from tests.browser.test_page_capture import start
from tests.browser.test_page_states import at_rest

# The question for the microphone stays open until the test answers it; what was given is remembered.
ASKING = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.given = [];
const allowed = new Promise((resolve) => (window.allow = resolve));
navigator.mediaDevices.getUserMedia = async (constraints) => {
  window.asked = true;
  await allowed;
  const stream = await ask(constraints);
  window.given.push(...stream.getTracks());
  return stream;
};
"""
REMEMBER = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  if (window.unplugged) throw new DOMException('none', 'NotFoundError');
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
    gateway.wait_for(lambda: bool(page.evaluate("window.asked")))
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
    at_rest(page)
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
    page.evaluate("window.unplugged = true; window.track.dispatchEvent(new Event('ended'))")
    expect_dock(page, "stopped", "Recording has stopped.", "Start")
    expect(page.locator("#control-hint")).to_have_text("The microphone was disconnected.")
    expect(page.get_by_test_id("control-status")).to_contain_text("The microphone was disconnected.")
    page.evaluate("window.unplugged = false")
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
