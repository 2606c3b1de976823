"""The waveform shows where the voice gate opens, and the meter says it in words."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import UTTERANCES_SEC, OpenPage
from tests.browser.fake_gateway import FakeGateway
from tests.browser.test_page_capture import HANGOVER_SEC, PRE_ROLL_SEC, UNPROCESSED, start
from tests.browser.test_page_dock import connected, expect_dock

HIDDEN = """
window.hide = (hidden) => {
  Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
  document.dispatchEvent(new Event('visibilitychange'));
};
"""


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
