"""Connections that die without a word: another network, a machine that slept. Nothing is lost or comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints, OpenPage
from tests.browser.fake_gateway import FakeGateway
from tests.browser.test_page_capture import start
from tests.browser.test_page_states import at_rest, connected, notice
from tests.support.silent_wire import SilentWire

# What the page's worklet takes for speech, sample by sample, and how many utterances have ended.
HEARD = """
window.heard = [];
window.ended = 0;
window.AudioWorkletNode = class extends AudioWorkletNode {
  constructor(...options) {
    super(...options);
    this.port.addEventListener('message', ({ data }) => data.type === 'chunk' && window.heard.push(...data.pcm));
    this.port.addEventListener('message', ({ data }) => data.type === 'end' && (window.ended += 1));
  }
};
"""


OFFLINE = ("ERR_INTERNET_DISCONNECTED",)  # the browser's word for what is asked while a test has taken the network away


@pytest.fixture
def wire(gateway: FakeGateway) -> Iterator[SilentWire]:
    """Between the page and the gateway."""
    with SilentWire(int(gateway.url.rsplit(":", 1)[1])) as running:
        yield running


def speak_until_the_wire_dies(page: Page, gateway: FakeGateway, wire: SilentWire) -> None:
    """In the middle of the second utterance: what follows is sent and never arrives."""
    start(page)
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1 and gateway.only.stream.pending)
    wire.die()
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")


def let_pass(page: Page, seconds: int) -> None:
    """Move the page's time on, in steps in which something is heard, as it is when time passes by itself."""
    for _ in range(seconds):
        page.clock.fast_forward(1_000)
        page.wait_for_timeout(100)


def expect_all(page: Page, gateway: FakeGateway) -> None:
    gateway.wait_for(lambda: len(gateway.only.cuts) == 3, 30)
    assert np.frombuffer(gateway.only.pcm, dtype="<i2").tolist() == page.evaluate("window.heard")
    expect(page.get_by_test_id("card-text")).to_have_text(["utterance 1", "utterance 2", "utterance 3"])
    assert len(gateway.sessions) == 1


def test_a_network_that_comes_back_is_used_at_once(
    gateway: FakeGateway, wire: SilentWire, open_page: OpenPage, speech_wav: Path, complaints: Complaints
) -> None:
    complaints.forgiven += OFFLINE
    page = open_page(wire.url, wav=speech_wav, init_script=HEARD)
    at_rest(page)
    speak_until_the_wire_dies(page, gateway, wire)
    page.context.set_offline(True)
    page.context.set_offline(False)
    gateway.wait_for(lambda: len(gateway.openings) == 2, 25)
    expect_all(page, gateway)


def test_a_machine_that_slept_connects_at_once(
    gateway: FakeGateway, wire: SilentWire, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(wire.url, wav=speech_wav, init_script=HEARD)
    at_rest(page)
    page.clock.install()
    speak_until_the_wire_dies(page, gateway, wire)
    page.clock.fast_forward(600_000)
    gateway.wait_for(lambda: len(gateway.openings) == 2, 25)
    expect_all(page, gateway)


def test_a_tab_that_was_frozen_connects_at_once(gateway: FakeGateway, wire: SilentWire, open_page: OpenPage) -> None:
    page = open_page(wire.url)
    connected(page)
    wire.die()
    page.wait_for_timeout(3_100)  # a younger connection is left alone
    page.evaluate("document.dispatchEvent(new Event('resume'))")  # the browser's own freezing needs a hidden tab
    gateway.wait_for(lambda: len(gateway.openings) == 2)
    connected(page)
    assert len(gateway.sessions) == 1


def test_a_server_that_is_silent_to_an_utterance_is_given_up(
    gateway: FakeGateway, wire: SilentWire, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(wire.url, wav=speech_wav, init_script=HEARD, clock=True)
    speak_until_the_wire_dies(page, gateway, wire)
    gateway.wait_for(lambda: page.evaluate("window.ended") == 2)
    let_pass(page, 20)
    assert len(gateway.openings) == 1, "an answer may take its time"
    let_pass(page, 15)
    gateway.wait_for(lambda: len(gateway.openings) == 2)
    expect_all(page, gateway)


def test_a_device_that_is_offline_is_told_so(gateway: FakeGateway, open_page: OpenPage, complaints: Complaints) -> None:
    complaints.forgiven += OFFLINE
    page = open_page(gateway.url)
    start(page)
    at_rest(page)
    page.context.set_offline(True)
    gateway.stop()
    expect(notice(page, "connection")).to_contain_text("This device is offline. You can go on speaking")
    gateway.start()
    page.context.set_offline(False)
    connected(page)
    expect(notice(page, "connection")).to_have_count(0)
    complaints[:] = [text for text in complaints if "WebSocket connection to" not in text]
