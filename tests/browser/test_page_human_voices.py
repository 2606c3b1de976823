"""Human voices through the page's microphone on the weights that `auto` finds: right words, whatever the language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect
from scipy.io import wavfile

from contract.audio import SAMPLE_RATE_HZ
from harness.human_voices import HumanClips, word_errors
from harness.stack import Stack, start_stack
from tests.browser.conftest import OpenPage
from tests.browser.test_page_capture import UNPROCESSED
from tests.browser.test_page_end_to_end import RESULT_TIMEOUT_MS, SILENCE_SEC, speak

WRONG_AT_MOST = 0.25  # of a prompt's words; `base` has some 4 % in English and 15 % in French and Italian
SHORTEST_SEC, LONGEST_SEC = 2.5, 8.0
WORDS_ALONE = re.compile(r"[^\W\d_]+([ ,.'?-]+[^\W\d_]+){5,}[.?!]?")  # `#` and `2` can be written in several ways


@pytest.fixture(scope="module")
def real_stack(
    base_checkpoint: Path, offline_base_zip: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The whole system on the real weights, as a machine has it that reaches a package index and no hub."""
    chosen = {
        "WHISPER_MODEL": "auto",
        "SENTIMENT_MODEL": "auto",
        "MODEL_SOURCES": "index",
        "HF_HUB_OFFLINE": "1",
        "WHISPER_DOWNLOAD_DIR": str(base_checkpoint.parent),
        "SENTIMENT_DOWNLOAD_DIR": str(offline_base_zip.parent),
        "HF_HOME": str(tmp_path_factory.mktemp("hub")),
    }
    with start_stack(tmp_path_factory.mktemp("real"), **chosen) as running:
        yield running


@pytest.mark.parametrize("language", ["en", "fr", "it"])
def test_a_human_voice_gives_its_words_and_a_sentiment(
    real_stack: Stack, open_page: OpenPage, human_clips: HumanClips, tmp_path: Path, language: str
) -> None:
    prompt = next(
        one
        for one in human_clips(language, 60)
        if SHORTEST_SEC <= one.sec <= LONGEST_SEC and WORDS_ALONE.fullmatch(one.text)
    )
    silence = np.zeros(int(SILENCE_SEC * SAMPLE_RATE_HZ), np.int16)
    path = tmp_path / "prompt.wav"
    wavfile.write(path, SAMPLE_RATE_HZ, np.concatenate((silence, prompt.samples, silence)))
    page = open_page(real_stack.url, wav=path, init_script=UNPROCESSED)
    speak(page)
    cards = page.get_by_test_id("card-text")
    expect(cards.first).to_be_visible(timeout=RESULT_TIMEOUT_MS)
    expect(page.get_by_test_id("stat-speech-model")).to_have_text("base")
    expect(page.get_by_test_id("stat-sentiment-model")).to_have_text("offline")
    expect(page.get_by_test_id("stat-demo")).to_be_hidden()

    def wrong() -> float:
        return word_errors(language, prompt.text, " ".join(cards.all_inner_texts())).rate

    waited = 0
    while wrong() > WRONG_AT_MOST and waited < RESULT_TIMEOUT_MS:  # a prompt with a pause in it comes in two cards
        page.wait_for_timeout(500)
        waited += 500
    assert wrong() <= WRONG_AT_MOST, f"heard {cards.all_inner_texts()}, spoken was {prompt.text!r}"
    expect(page.get_by_test_id("card-sentiment").first).to_be_visible()
    if language == "en":
        expect(page.get_by_test_id("card-translation")).to_have_count(0)
