"""The page records what was spoken: at the right rate, the right level, and nothing of the silence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from scipy.io import wavfile

from contract.audio import SAMPLE_RATE_HZ
from tests.browser.conftest import UTTERANCES_SEC, OpenPage, synthetic_voice
from tests.browser.fake_gateway import FakeGateway
from tests.browser.hearing import follow, locate

PRE_ROLL_SEC = 0.3
HANGOVER_SEC = 0.5

# What the page asks of the microphone is written down, and granted without Chromium's own processing: noise suppression
# and gain control change the sound from run to run, and it is the page's path that is measured here.
UNPROCESSED = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.asked = [];
navigator.mediaDevices.getUserMedia = (constraints) => {
  window.asked.push(constraints.audio);
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  return ask({ ...constraints, audio: { ...constraints.audio, ...plain } });
};
"""
# Chromium's context refuses 16 kHz altogether, or (as in Firefox) refuses to connect a microphone to it.
NO_16_KHZ = """
const Native = AudioContext;
window.rates = [];
window.AudioContext = class extends Native {
  constructor(options) {
    if (options?.sampleRate === 16000) throw new DOMException('refused', 'NotSupportedError');
    super(options);
    window.rates.push(this.sampleRate);
  }
};
"""
NO_16_KHZ_MICROPHONE = """
const Native = AudioContext;
window.rates = [];
window.AudioContext = class extends Native {
  createMediaStreamSource(stream) {
    if (this.sampleRate === 16000) throw new DOMException('refused', 'NotSupportedError');
    window.rates.push(this.sampleRate);
    return super.createMediaStreamSource(stream);
  }
};
"""


def start(page: Page) -> None:
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    page.get_by_test_id("start-button").click()
    expect(page.get_by_test_id("start-button")).to_have_text("Stop")


def check_heard(gateway: FakeGateway, speech: NDArray[np.float64]) -> None:
    """Each utterance was received whole and once, and no silence beyond pre-roll and hangover."""
    assert [cut.reason for cut in gateway.only.cuts] == ["end"] * len(UTTERANCES_SEC)
    for cut, (begin_sec, length_sec) in zip(gateway.only.cuts, UTTERANCES_SEC, strict=True):
        place = follow(cut.pcm, speech)
        assert place.windows >= 8 and place.broken <= 2, "what the machine was late for, and no more"
        assert place.gain == pytest.approx(1.0, abs=0.05)
        assert begin_sec - PRE_ROLL_SEC - 0.1 < place.begin_sec <= begin_sec
        assert begin_sec + length_sec <= place.end_sec < begin_sec + length_sec + HANGOVER_SEC + 0.1


@pytest.mark.parametrize("refusal", ["", NO_16_KHZ, NO_16_KHZ_MICROPHONE], ids=["16k", "native", "firefox"])
def test_the_microphone_is_heard(
    gateway: FakeGateway, open_page: OpenPage, speech: NDArray[np.float64], speech_wav: Path, refusal: str
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED + refusal)
    start(page)
    expect(page.get_by_test_id("control-state")).to_have_text("Hearing you…")
    expect(page.get_by_test_id("live")).to_contain_text("Speech…")
    gateway.wait_for(lambda: len(gateway.sessions) == 1 and len(gateway.only.cuts) == 3, 30)
    check_heard(gateway, speech)
    (asked,) = page.evaluate("window.asked")
    assert asked["echoCancellation"] and asked["noiseSuppression"] and asked["autoGainControl"]
    if refusal:
        (rate,) = page.evaluate("window.rates")
        assert rate in (44_100, 48_000), "the test must run the resampler"
    expect(page.get_by_test_id("card")).to_have_count(3)
    expect(page.get_by_test_id("card-text").nth(2)).to_have_text("utterance 3")
    chunks = {len(frame) for frame in gateway.frames if frame}
    assert max(chunks) == 80 * 16 * 2, "chunks of 80 ms"


def test_no_microphone_is_open_before_start_and_after_stop(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    remember = """
      const ask = MediaDevices.prototype.getUserMedia;
      window.asked = [];
      MediaDevices.prototype.getUserMedia = async function (constraints) {
        const stream = await ask.call(this, constraints);
        window.asked.push({ constraints, tracks: stream.getTracks() });
        return stream;
      };
    """
    page = open_page(gateway.url, wav=speech_wav, init_script=remember)
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    assert page.evaluate("window.asked.length") == 0
    start(page)
    expect(page.get_by_test_id("control-state")).to_have_text("Listening…")
    assert page.evaluate("window.asked[0].tracks.map((track) => track.readyState)") == ["live"]
    assert page.evaluate("window.asked[0].constraints") == {
        "audio": {"channelCount": 1, "echoCancellation": True, "noiseSuppression": True, "autoGainControl": True}
    }
    page.get_by_test_id("start-button").click()
    expect(page.get_by_test_id("start-button")).to_have_text("Start")
    assert page.evaluate("window.asked[0].tracks.map((track) => track.readyState)") == ["ended"]


def test_stop_in_the_middle_of_a_word_sends_the_rest_and_ends_the_utterance(
    gateway: FakeGateway, open_page: OpenPage, tmp_path: Path
) -> None:
    """One that goes on for so long that a late press is in the middle, too."""
    begin_sec, length_sec = 1.5, 10.0
    voice = synthetic_voice(int(length_sec * SAMPLE_RATE_HZ), np.random.default_rng(8))
    speech = np.concatenate([np.zeros(int(begin_sec * SAMPLE_RATE_HZ)), voice, np.zeros(SAMPLE_RATE_HZ)])
    wavfile.write(tmp_path / "long.wav", SAMPLE_RATE_HZ, (speech * 32767).astype("<i2"))
    page = open_page(gateway.url, wav=tmp_path / "long.wav", init_script=UNPROCESSED)
    for number in range(1, 5):  # one in ten ends with a chunk that happens to be full
        start(page)
        began = gateway.only.stream.position if gateway.sessions else 0
        gateway.wait_for(lambda began=began: gateway.only.stream.position > began + 0.8 * SAMPLE_RATE_HZ)  # type: ignore[misc]
        page.get_by_test_id("start-button").click()
        gateway.wait_for(lambda number=number: len(gateway.only.cuts) == number)  # type: ignore[misc]
        assert gateway.frames[-1] == b""
        assert begin_sec < locate(gateway.only.cuts[-1].pcm, speech).end_sec < begin_sec + length_sec
        expect(page.get_by_test_id("live")).to_be_hidden()
        expect(page.get_by_test_id("card-text").last).to_have_text(f"utterance {number}")
        if len(gateway.frames[-2]) < 80 * 16 * 2:
            return
    pytest.fail("the chunk that was not full never came")


def test_a_clip_goes_through_the_same_path_unchanged(
    gateway: FakeGateway, open_page: OpenPage, speech: NDArray[np.float64], tmp_path: Path
) -> None:
    (first_sec, _), (second_sec, length_sec), _ = UTTERANCES_SEC
    clip = speech[int((first_sec - 0.2) * SAMPLE_RATE_HZ) : int((second_sec + length_sec + 0.5) * SAMPLE_RATE_HZ)]
    wavfile.write(tmp_path / "good.wav", SAMPLE_RATE_HZ, np.round(clip * 32767).astype("<i2"))
    described = {"file": "good.wav", "text": "a good <b>day</b>", "sentiment": "positive", "voice": {"name": "nobody"}}
    (tmp_path / "clips.json").write_text(json.dumps([described]))
    gateway.clips = tmp_path
    page = open_page(gateway.url)
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    expect(page.get_by_test_id("clip")).to_have_text("a good <b>day</b>")
    page.get_by_test_id("clip").click()
    expect(page.get_by_test_id("control-state")).to_have_text("Playing a clip…")
    gateway.wait_for(lambda: len(gateway.only.cuts) == 2)
    for cut in gateway.only.cuts:
        place = locate(cut.pcm, speech)
        assert place.likeness > 0.9999
        assert place.gain == pytest.approx(1.0, abs=0.001)
    expect(page.get_by_test_id("start-button")).to_have_text("Start")


def test_without_clips_there_is_no_row_of_them(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url)
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    expect(page.locator("#clips")).to_be_hidden()


def test_an_unplugged_microphone_without_another_ends_the_recording_in_words_and_keeps_what_was_said(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    remember = """
      const ask = MediaDevices.prototype.getUserMedia;
      MediaDevices.prototype.getUserMedia = async function (constraints) {
        if (window.stream) throw new DOMException('none', 'NotFoundError');
        return (window.stream = await ask.call(this, constraints));
      };
    """
    page = open_page(gateway.url, wav=speech_wav, init_script=remember)
    start(page)
    gateway.wait_for(lambda: gateway.only.stream.position > SAMPLE_RATE_HZ // 2)
    page.evaluate("window.stream.getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.get_by_test_id("card-text")).to_have_text("utterance 1")
    expect(page.get_by_test_id("control-state")).to_have_text("Opening the microphone again…")
    expect(page.locator("[data-testid=notice][data-kind=problem]")).to_contain_text("was disconnected")


def test_a_failing_worklet_ends_the_recording_and_the_utterance(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    healthy = "if (this.#stopped) return false;"
    gateway.worklet_fault = (healthy, f"{healthy} if (this.#gate.open && currentTime > 2) throw new Error('broken');")
    page = open_page(gateway.url, wav=speech_wav)
    start(page)
    expect(page.locator("[data-testid=notice][data-kind=problem]")).to_contain_text("stopped unexpectedly")
    expect(page.get_by_test_id("start-button")).to_have_text("Start")
    expect(page.get_by_test_id("card-text")).to_have_text("utterance 1")
    gateway.worklet_fault = None
