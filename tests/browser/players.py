"""What the page plays: a script that writes it down, and what it wrote."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

# Each playback with where it began, where it was when it ended, and its sound; the words that were marked; and the
# addresses of sounds that are held.
WATCHED_PLAYERS = """
window.plays = [];
window.marked = [];
window.urls = new Map();
const create = URL.createObjectURL;
const revoke = URL.revokeObjectURL;
URL.createObjectURL = (blob) => {
  const url = create.call(URL, blob);
  window.urls.set(url, blob);
  return url;
};
URL.revokeObjectURL = (url) => {
  window.urls.delete(url);
  revoke.call(URL, url);
};
const { play, pause } = HTMLMediaElement.prototype;
HTMLMediaElement.prototype.play = function () {
  const told = { began: NaN, ended: NaN, blob: window.urls.get(this.src) };
  this.told = told;
  if (window.slowly) this.playbackRate = 0.2;
  this.addEventListener('playing', () => (told.began = this.currentTime), { once: true });
  window.plays.push(told);
  return play.call(this);
};
HTMLMediaElement.prototype.pause = function () {
  this.told.ended = this.currentTime;
  pause.call(this);
};
const { set } = HighlightRegistry.prototype;
HighlightRegistry.prototype.set = function (name, highlight) {
  window.marked.push([...highlight].map(String).join('|'));
  return set.call(this, name, highlight);
};
"""
SOUND = """async (index) => {
  const bytes = new Uint8Array(await window.plays[index].blob.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}"""


@dataclass(frozen=True)
class Play:
    """Where it began and ended, in seconds of its sound."""

    began_sec: float
    ended_sec: float


def plays(page: Page) -> list[Play]:
    """Of all that was played so far and has ended."""
    told = page.evaluate("window.plays.map(({ began, ended }) => [began, ended]).filter(([, ended]) => ended >= 0)")
    return [Play(*one) for one in told]


def sound(page: Page, index: int) -> bytes:
    """What was given to the browser to play."""
    return base64.b64decode(page.evaluate(SOUND, index))


def held(page: Page) -> int:
    """How many sounds the page holds by an address."""
    return int(page.evaluate("window.urls.size"))


def button(page: Page, number: int) -> Locator:
    """The play button of this card of those in sight, from 0."""
    return page.get_by_test_id("card").locator("visible=true").nth(number).get_by_test_id("listen")


def expect_playing(line: Locator, plays_now: bool = True) -> None:
    """Whether its button is pressed."""
    expect(line).to_have_attribute("aria-pressed", "true" if plays_now else "false")
