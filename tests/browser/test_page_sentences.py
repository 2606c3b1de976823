"""Sentences stay together where the server looks for their ends, and the page is as it always was where it does not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import utterance_id
from tests.browser.conftest import UTTERANCES_SEC, OpenPage
from tests.browser.fake_gateway import FakeGateway
from tests.browser.settings_dialog import open_settings
from tests.browser.test_page_capture import PRE_ROLL_SEC, UNPROCESSED, check_heard, start

PAUSE_SEC = 0.2
WAIT_SEC = 2.5  # longer than it is quiet between two utterances


def empty_runs(gateway: FakeGateway) -> list[int]:
    """How many empty frames came in a row, each time that any did."""
    shape = "".join("-" if frame else "." for frame in gateway.frames)
    return [len(run) for run in re.findall(r"\.+", shape)]


def test_a_pause_does_not_end_an_utterance_and_a_longer_quiet_does(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    gateway.sentence_wait_sec = WAIT_SEC
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    start(page)
    gateway.wait_for(lambda: gateway.only.paused)
    expect(page.locator("#dock")).to_have_attribute("data-state", "listening")
    expect(page.get_by_test_id("live")).to_be_visible()
    gateway.send({"type": "partial", "utterance": utterance_id(gateway.only.name, 0), "text": "half a sentence"})
    expect(page.get_by_test_id("card")).to_contain_text("half a sentence")
    gateway.wait_for(lambda: gateway.only.pauses == 3, 30)
    expect(page.get_by_test_id("card")).to_contain_text("half a sentence")
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1)
    assert gateway.openings[0]["sentences"] == "1"
    assert empty_runs(gateway) == [1, 1, 2]
    spoken_sec = sum(length for _, length in UTTERANCES_SEC)
    let_through_sec = spoken_sec + len(UTTERANCES_SEC) * (PRE_ROLL_SEC + PAUSE_SEC)
    assert len(gateway.only.pcm) / (2 * SAMPLE_RATE_HZ) == pytest.approx(let_through_sec, abs=0.3)
    expect(page.get_by_test_id("live")).to_be_hidden()


def test_a_sentence_that_ends_at_a_pause_is_there_before_the_quiet_is_over(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    gateway.sentence_wait_sec = 60.0
    gateway.sentences_end_at = {1, 3}
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    start(page)
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1)
    expect(page.get_by_test_id("live")).to_be_hidden()
    expect(page.get_by_test_id("stat-felt-p50")).to_have_text(re.compile(r"^(0\.[2-9]|[1-9]\.)\d* s$"))
    gateway.wait_for(lambda: len(gateway.only.cuts) == 2, 30)
    expect(page.get_by_test_id("card-text")).to_have_text(["utterance 1", "utterance 2"])
    assert empty_runs(gateway) == [1, 1, 1]
    page.get_by_test_id("start-button").click()
    expect(page.get_by_test_id("start-button")).to_have_text("Start")
    assert empty_runs(gateway) == [1, 1, 1], "there was nothing left to end"


def test_stop_ends_what_is_being_said_at_once(gateway: FakeGateway, open_page: OpenPage, speech_wav: Path) -> None:
    gateway.sentence_wait_sec = 60.0
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    start(page)
    gateway.wait_for(lambda: gateway.only.stream.position > SAMPLE_RATE_HZ // 2)
    page.get_by_test_id("start-button").click()
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1)
    assert empty_runs(gateway) == [2]
    expect(page.get_by_test_id("card-text")).to_have_text("utterance 1")


def test_a_connection_that_is_cut_in_a_pause_brings_pause_and_end_again(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    gateway.sentence_wait_sec = WAIT_SEC
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    start(page)
    gateway.wait_for(lambda: gateway.only.pauses == 3, 30)
    gateway.frames.clear()
    gateway.close_all()
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1)
    assert gateway.openings[1]["from"] == "0"
    assert empty_runs(gateway) == [1, 1, 2]


def test_without_the_setting_every_pause_of_the_chosen_length_ends_an_utterance(
    gateway: FakeGateway, open_page: OpenPage, speech: NDArray[np.float64], speech_wav: Path
) -> None:
    gateway.sentence_wait_sec = WAIT_SEC
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    dialog = open_settings(page)
    quiet = dialog.get_by_label("Quiet that ends an utterance")
    expect(quiet).to_be_disabled()
    expect(quiet).to_have_accessible_description("Not in use while sentences are kept together.")
    dialog.get_by_label("Keep sentences together").uncheck()
    expect(quiet).to_be_enabled()
    expect(quiet).to_have_accessible_description(re.compile("^Shorter brings the text sooner"))
    gateway.wait_for(lambda: len(gateway.openings) == 2)
    assert "sentences" not in gateway.openings[1]
    page.keyboard.press("Escape")
    start(page)
    gateway.wait_for(lambda: len(gateway.only.cuts) == 3, 30)
    check_heard(gateway, speech)
    assert empty_runs(gateway) == [1, 1, 1]
    page.reload()
    dialog = open_settings(page)
    expect(dialog.get_by_label("Keep sentences together")).not_to_be_checked()
    dialog.get_by_label("Keep sentences together").check()
    gateway.wait_for(lambda: gateway.openings[-1].get("sentences") == "1")


def test_a_server_that_does_not_look_for_sentences_has_no_setting_for_it(
    gateway: FakeGateway, open_page: OpenPage
) -> None:
    page = open_page(gateway.url)
    dialog = open_settings(page)
    expect(dialog.get_by_label("Quiet that ends an utterance")).to_be_enabled()
    expect(dialog.get_by_label("Keep sentences together")).to_be_hidden()
    gateway.sentence_wait_sec = WAIT_SEC
    gateway.close_all()
    expect(dialog.get_by_label("Keep sentences together")).to_be_visible()
    expect(dialog.get_by_label("Quiet that ends an utterance")).to_be_disabled()
