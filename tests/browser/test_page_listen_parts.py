"""Where several people speak in one utterance, each part plays its own piece of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from contract.audio import SAMPLE_RATE_HZ
from contract.speech.segmenter import Cut
from tests.browser.conftest import OpenPage
from tests.browser.fake_gateway import FakeGateway, Message, result
from tests.browser.fake_speakers import turns
from tests.browser.players import expect_playing, sound
from tests.browser.test_page_listen_live import KEPT, WAV_HEAD_BYTES, spoken

TEXT = "Well, yes. Or no?"


def two_speakers(cut: Cut, number: int) -> Message:
    """Half of each utterance is the other's, with a word said in each."""
    begin_sec, length_sec = cut.start / SAMPLE_RATE_HZ, (cut.end - cut.start) / SAMPLE_RATE_HZ
    words = [
        {"word": word, "start_sec": begin_sec + at * length_sec, "end_sec": begin_sec + (at + 0.2) * length_sec}
        for word, at in (("Well,", 0.0), (" yes.", 0.3), (" Or", 0.6), (" no?", 0.8))
    ]
    parts = turns(TEXT, begin_sec, length_sec, (1, "Well, yes."), (2, "Or no?"))
    return result(TEXT, words=words, turns=parts)


def test_each_part_plays_its_own_piece(gateway: FakeGateway, open_page: OpenPage, speech_wav: Path) -> None:
    gateway.outcome = two_speakers
    page = open_page(gateway.url, wav=speech_wav, init_script=KEPT)
    spoken(gateway, page)
    parts = page.get_by_test_id("card").nth(1).get_by_test_id("card-part")
    expect(parts).to_have_count(2)
    expect(page.get_by_test_id("listen")).to_have_count(6)
    line = parts.nth(1).get_by_test_id("listen")
    line.click()
    expect_playing(line)
    expect(parts.nth(1)).to_have_attribute("data-heard", "")
    expect_playing(line, False)
    assert page.evaluate("window.marked") == ["Or", "no?"]
    cut = gateway.only.cuts[1]
    share = TEXT.index("Or") / len(TEXT)
    wav = sound(page, 0)
    assert len(wav) - WAV_HEAD_BYTES == pytest.approx(len(cut.pcm) * (1 - share), abs=64)
    assert cut.pcm.find(wav[WAV_HEAD_BYTES:][:8_000]) == pytest.approx(len(cut.pcm) * share, abs=64)
