"""The recording while nobody looks: behind another tab, in a call, after sleep; and the screen that stays on."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import UTTERANCES_SEC, OpenPage
from tests.browser.fake_gateway import FakeGateway
from tests.browser.test_page_capture import start
from tests.browser.test_page_dock import REMEMBER, connected, expect_dock

HIDDEN_TAB = Path(__file__).with_name("hidden_tab.mjs")

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


def test_sound_goes_on_behind_another_tab(gateway: FakeGateway, chromium: str, speech_wav: Path) -> None:
    command = ["node", str(HIDDEN_TAB), chromium, str(speech_wav.resolve()), gateway.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tab:
        gateway.wait_for(lambda: gateway.sessions != {} and len(gateway.only.cuts) == len(UTTERANCES_SEC), 60)
        seen, _ = tab.communicate("\n", timeout=30)
    assert json.loads(seen)["behind"] is True, "it was hidden when the last utterance had come"
    assert json.loads(seen)["state"] in ("listening", "speaking")


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
