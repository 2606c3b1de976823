"""The page and its connection: cut, resumed, refused, taken over, reloaded."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import expect

from contract.audio import SAMPLE_RATE_HZ
from tests.browser.conftest import OpenPage, watch
from tests.browser.fake_gateway import FakeGateway
from tests.browser.test_page_capture import UNPROCESSED, check_heard, start
from tests.browser.test_page_states import at_rest


def cut_in_utterance(gateway: FakeGateway, number: int) -> None:
    """Close the connection in the middle of the utterance of this number, and wait for the next connection."""
    gateway.wait_for(lambda: len(gateway.only.cuts) == number - 1 and gateway.only.stream.pending)
    gateway.wait_for(lambda: gateway.only.stream.position - gateway.only.safe > SAMPLE_RATE_HZ // 2)
    gateway.close_all()
    gateway.wait_for(lambda: len(gateway.openings) == number + 1)


def test_a_connection_that_is_cut_while_speaking_loses_nothing_and_sends_nothing_twice(
    gateway: FakeGateway, open_page: OpenPage, speech: NDArray[np.float64], speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    start(page)
    cut_in_utterance(gateway, 1)
    cut_in_utterance(gateway, 2)
    gateway.wait_for(lambda: len(gateway.only.cuts) == 3, 30)
    check_heard(gateway, speech)
    assert gateway.openings[1]["from"] == "0"
    assert gateway.openings[2]["after"] == "1"
    assert int(gateway.openings[2]["from"]) == gateway.only.cuts[1].start
    expect(page.get_by_test_id("card")).to_have_count(3)
    assert page.get_by_test_id("card-text").all_text_contents() == ["utterance 1", "utterance 2", "utterance 3"]


def test_speech_while_the_server_is_away_arrives_when_it_is_back(
    gateway: FakeGateway, open_page: OpenPage, speech: NDArray[np.float64], speech_wav: Path, complaints: list[str]
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    at_rest(page)
    start(page)
    gateway.wait_for(lambda: gateway.only.stream.pending)
    gateway.stop()
    connection = page.get_by_test_id("connection-state")
    expect(connection).to_have_attribute("data-state", "waiting")
    lost = page.locator("[data-testid=notice][data-kind=connection]")
    expect(lost).to_contain_text("You can go on speaking")
    expect(lost).to_contain_text("Next try in")
    expect(page.get_by_test_id("held")).to_contain_text("s of speech kept here")
    expect(page.get_by_test_id("held")).to_have_text(re.compile(r"\s*([4-9]|\d\d) s of speech"), timeout=20_000)
    gateway.start()
    gateway.wait_for(lambda: len(gateway.only.cuts) == 3, 40)
    check_heard(gateway, speech)
    expect(connection).to_have_attribute("data-state", "open")
    expect(page.locator("[data-testid=notice][data-kind=connection]")).to_have_count(0)
    expect(page.get_by_test_id("held")).to_be_hidden()
    complaints[:] = [text for text in complaints if "WebSocket connection to" not in text]


def test_a_session_that_the_server_forgot_goes_on_as_a_new_one(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    start(page)
    expect(page.get_by_test_id("card-text")).to_have_text(["utterance 1"])
    gateway.wait_for(lambda: gateway.only.stream.pending)
    gateway.close_all()
    gateway.sessions.clear()
    gateway.wait_for(lambda: len(gateway.sessions) == 1 and len(gateway.only.cuts) == 2, 30)
    expect(page.get_by_test_id("card-text")).to_have_text(["utterance 1", "utterance 1", "utterance 2"])
    expect(page.locator("[data-testid=notice][data-kind=session_lost]")).to_contain_text("A new one has begun")


def test_a_reloaded_page_has_its_transcript_and_its_times_back_without_the_microphone(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    start(page)
    spoken = ["utterance 1", "utterance 2", "utterance 3"]  # all that the microphone hears
    expect(page.get_by_test_id("card-text")).to_have_text(spoken, timeout=30_000)
    times = page.locator("[data-testid=card] time").all_text_contents()
    assert len(times) == 3
    page.get_by_test_id("start-button").click()
    page.reload()
    expect(page.get_by_test_id("card-text")).to_have_text(spoken)
    assert page.locator("[data-testid=card] time").all_text_contents() == times
    expect(page.get_by_test_id("stat-utterances")).to_have_text("3")
    expect(page.get_by_test_id("start-button")).to_have_text("Start")
    expect(page.get_by_test_id("captions")).to_be_empty()
    assert gateway.openings[-1]["after"] == "0"
    assert "from" not in gateway.openings[-1]
    assert len(gateway.sessions) == 1


def test_no_secret_is_in_the_address(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url)
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    page.reload()
    gateway.wait_for(lambda: len(gateway.openings) == 2)
    name = gateway.only.name
    assert gateway.openings[1]["offered"] == f"wta.v1 session.{name}"
    assert set(gateway.openings[1]) == {"after", "sentences", "speakers", "speakers_after", "offered"}
    assert name not in page.url


def test_a_busy_server_is_said_in_its_words_and_tried_again(gateway: FakeGateway, open_page: OpenPage) -> None:
    gateway.refusal = ([{"type": "busy", "message": "Too many are waiting.", "retry_after_sec": 1.0}], 1013)
    page = open_page(gateway.url)
    connection = page.get_by_test_id("connection-state")
    expect(connection).to_have_attribute("data-state", "busy")
    expect(connection).to_contain_text("Server is busy")
    busy = page.locator("[data-testid=notice][data-kind=connection]")
    expect(busy).to_contain_text("Too many are waiting.")
    gateway.refusal = None
    expect(connection).to_have_attribute("data-state", "open")
    expect(busy).to_have_count(0)


def test_try_now_does_not_wait(gateway: FakeGateway, open_page: OpenPage) -> None:
    gateway.refusal = ([{"type": "busy", "message": "Later.", "retry_after_sec": 600.0}], 1013)
    page = open_page(gateway.url)
    expect(page.locator("[data-testid=notice][data-kind=connection]")).to_contain_text("Next try in 6")
    gateway.refusal = None
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")


def test_when_no_more_can_be_kept_recording_stops_visibly(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    gateway.silent = True  # nothing is ever safe
    gateway.buffer_sec = 2.0
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    start(page)
    expect(page.locator("[data-testid=notice][data-kind=full]")).to_contain_text("Recording stopped", timeout=15_000)
    expect(page.get_by_test_id("start-button")).to_have_text("Start")
    assert sum(map(len, gateway.frames)) <= 2.0 * SAMPLE_RATE_HZ * 2


def test_a_second_tab_takes_over_and_the_first_says_so(
    gateway: FakeGateway, open_page: OpenPage, complaints: list[str]
) -> None:
    first = open_page(gateway.url)
    expect(first.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    second = watch(first.context.new_page(), complaints)
    second.add_init_script(f"sessionStorage.setItem('wta.session', '{gateway.only.name}')")
    second.goto(gateway.url)
    expect(second.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    expect(first.get_by_test_id("connection-state")).to_have_attribute("data-state", "taken_over")
    expect(first.locator("[data-testid=notice][data-kind=connection]")).to_contain_text("open in another tab")
    first.get_by_role("button", name="Continue here").click()
    expect(first.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    expect(second.get_by_test_id("connection-state")).to_have_attribute("data-state", "taken_over")


def test_a_server_that_lets_nobody_in_is_not_tried_again(gateway: FakeGateway, open_page: OpenPage) -> None:
    gateway.refusal = ([], 1008)
    page = open_page(gateway.url)
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "refused")
    expect(page.get_by_test_id("notice")).to_contain_text("did not let this page in")
    assert len(gateway.openings) == 1
