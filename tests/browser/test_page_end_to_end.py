"""The whole running system through the page: what a microphone hears appears as words with their sentiment."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from scipy.io import wavfile

from contract.audio import SAMPLE_RATE_HZ
from runtime.wav import read_wav
from tests.browser.conftest import OpenPage

CLIPS = Path(__file__).parents[2] / "demo_models" / "clips"
SILENCE_SEC = 2.0  # the file plays from the moment the microphone is asked for, the recording begins a little later
RESULT_TIMEOUT_MS = 60_000


@dataclass(frozen=True)
class Clip:
    """A demo clip, and a file that plays it after a silence."""

    text: str
    sentiment: str
    played: Path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Clip]:
    """One clip of each sentiment that there is."""
    folder = tmp_path_factory.mktemp("clips")
    found: dict[str, Clip] = {}
    for entry in json.loads((CLIPS / "clips.json").read_text(encoding="utf-8")):
        if entry["sentiment"] in found:
            continue
        samples = np.frombuffer(read_wav(CLIPS / entry["file"]), dtype="<i2")
        silence = np.zeros(int(SILENCE_SEC * SAMPLE_RATE_HZ), dtype="<i2")
        path = folder / f"{entry['sentiment']}.wav"
        wavfile.write(path, SAMPLE_RATE_HZ, np.concatenate((silence, samples, silence)))
        found[entry["sentiment"]] = Clip(entry["text"], entry["sentiment"], path)
    return found


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def likeness(heard: str, spoken: str) -> float:
    """1 for the same words in the same order, 0 for none of them."""
    return SequenceMatcher(None, words(heard), words(spoken), autojunk=False).ratio()


def shown(page: Page) -> list[str]:
    """A card's time, text and sentiment. Not its latency: what is sent again has not been relayed a first time."""
    return [page.locator(f"[data-testid=card] {part}").inner_text() for part in ("time", ".card-text", ".chip")]


def speak(page: Page) -> None:
    """Press Start as soon as the page is connected."""
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open", timeout=30_000)
    page.get_by_test_id("start-button").click()


def expect_one_result(page: Page, clip: Clip) -> None:
    """Exactly one card, with the clip's words (browsers alter the sound of a microphone) and its sentiment."""
    expect(page.get_by_test_id("card-text")).to_have_count(1, timeout=RESULT_TIMEOUT_MS)
    expect(page.get_by_test_id("card")).to_have_count(1)
    heard = page.get_by_test_id("card-text").inner_text()
    assert likeness(heard, clip.text) >= 0.75, f"heard {heard!r}, spoken was {clip.text!r}"
    expect(page.get_by_test_id("card")).to_have_attribute("data-zone", clip.sentiment)
    expect(page.get_by_test_id("card-sentiment")).to_contain_text(clip.sentiment.capitalize())


@pytest.mark.parametrize("sentiment", ["positive", "negative"])
def test_what_the_microphone_hears_appears_with_its_sentiment(
    stack: Any, open_page: OpenPage, clips: dict[str, Clip], sentiment: str
) -> None:
    page = open_page(stack.url, wav=clips[sentiment].played)
    speak(page)
    expect_one_result(page, clips[sentiment])
    expect(page.get_by_test_id("stat-utterances")).to_have_text("1")
    expect(page.get_by_test_id(f"stat-{sentiment}")).to_contain_text("100%")
    expect(page.get_by_test_id("stat-latency-p50")).to_contain_text(" s")
    expect(page.locator("[data-testid=notice][data-kind=demo]")).to_contain_text("Demo model in use")


def test_two_pages_at_once_see_only_their_own(stack: Any, open_page: OpenPage, clips: dict[str, Clip]) -> None:
    one = open_page(stack.url, wav=clips["positive"].played)
    other = open_page(stack.url, wav=clips["negative"].played)
    speak(one)
    speak(other)
    expect_one_result(one, clips["positive"])
    expect_one_result(other, clips["negative"])
    utterances = {page.get_by_test_id("card").get_attribute("data-utterance") for page in (one, other)}
    assert len(utterances) == 2
    # Once more, so that each has had the time to get what is not its own.
    for page, clip in ((one, clips["positive"]), (other, clips["negative"])):
        expect(page.get_by_test_id("stat-utterances")).to_have_text("1")
        expect_one_result(page, clip)


def test_a_reload_brings_the_transcript_back(stack: Any, open_page: OpenPage, clips: dict[str, Clip]) -> None:
    page = open_page(stack.url, wav=clips["positive"].played)
    speak(page)
    expect_one_result(page, clips["positive"])
    before = shown(page)
    page.reload()
    expect_one_result(page, clips["positive"])
    assert shown(page) == before
    expect(page.get_by_test_id("start-button")).to_have_text("Start")


def test_each_clip_can_be_tried_and_is_understood(stack: Any, open_page: OpenPage) -> None:
    page = open_page(stack.url)
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open", timeout=30_000)
    listed = json.loads((CLIPS / "clips.json").read_text(encoding="utf-8"))
    expect(page.get_by_test_id("clip")).to_have_count(len(listed))
    before = 0
    for number, entry in enumerate(listed):
        page.get_by_test_id("clip").nth(number).click()
        expect(page.get_by_test_id("control-state")).to_have_text("Playing a clip…")
        expect(page.get_by_test_id("start-button")).to_have_text("Start", timeout=30_000)
        heard = wait_for_words(page, before, len(words(entry["text"])))
        assert heard == words(entry["text"])
        cards = page.get_by_test_id("card").all()
        for card in cards[before:]:  # a pause inside a clip makes two utterances of it
            expect(card).to_have_attribute("data-zone", entry["sentiment"])
        before = len(cards)


def wait_for_words(page: Page, before: int, count: int) -> list[str]:
    """The words of the cards after the first `before`, once they are `count` and no card waits; or what there is."""
    deadline = time.monotonic() + RESULT_TIMEOUT_MS / 1000
    while True:
        pending = page.locator("[data-testid=card][data-state=pending]").count()
        heard = words(" ".join(page.get_by_test_id("card-text").all_inner_texts()[before:]))
        if (pending == 0 and len(heard) >= count) or time.monotonic() > deadline:
            return heard
        page.wait_for_timeout(100)
