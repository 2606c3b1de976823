"""What is chosen for the microphone and the voice gate counts at once, while something is recorded too."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect
from scipy.io import wavfile

from contract.audio import SAMPLE_RATE_HZ
from tests.browser.conftest import UTTERANCES_SEC, OpenPage
from tests.browser.fake_gateway import FakeGateway
from tests.browser.settings_dialog import WATCHED, open_settings, prefer, slide, track_states
from tests.browser.test_page_capture import start

NOTHING = "\N{EN DASH}"
DEFAULT = "The browser\N{RIGHT SINGLE QUOTATION MARK}s choice"
TAB = "The sound of another tab"

# The chosen microphone ends, and is not there when it is asked for.
UNPLUG = """() => {
  const asking = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    if (constraints.audio.deviceId) throw new DOMException('none', 'NotFoundError');
    return asking(constraints);
  };
  window.given[1].dispatchEvent(new Event('ended'));
}"""

MakeWav = Callable[[NDArray[np.float64]], Path]


@pytest.fixture
def make_wav(tmp_path: Path) -> MakeWav:
    """Write samples (full scale 1) to a file for the fake microphone."""

    def write(samples: NDArray[np.float64]) -> Path:
        path = tmp_path / "room.wav"
        wavfile.write(path, SAMPLE_RATE_HZ, np.round(samples * 32767).astype("<i2"))
        return path

    return write


def noise(mean_square: float, seconds: float = 30.0) -> NDArray[np.float64]:
    rng = np.random.default_rng(3)
    return rng.normal(0.0, float(np.sqrt(mean_square)), int(seconds * SAMPLE_RATE_HZ))


# --- the voice gate -------------------------------------------------------------------------------------------------


def test_a_new_threshold_counts_while_recording(gateway: FakeGateway, open_page: OpenPage, make_wav: MakeWav) -> None:
    page = open_page(
        gateway.url, wav=make_wav(noise(0.002)), init_script=WATCHED + prefer(threshold=0.05, follow_noise=False)
    )
    start(page)
    dialog = open_settings(page)
    expect(dialog.get_by_test_id("level-now")).to_have_text("-27 dB")
    expect(page.locator("#dock")).to_have_attribute("data-state", "listening")
    assert gateway.frames == []
    slider = dialog.get_by_label("Counts as speech from")
    expect(slider).to_have_attribute("aria-valuetext", "-13 dB")
    slide(slider, -40)
    expect(slider).to_have_attribute("aria-valuetext", "-40 dB")
    expect(page.locator("#dock")).to_have_attribute("data-state", "speaking")
    gateway.wait_for(lambda: gateway.only.stream.pending)
    slide(slider, -13)
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1)
    expect(page.locator("#dock")).to_have_attribute("data-state", "listening")
    dialog.get_by_role("button", name="Reset").click()
    expect(slider).to_have_attribute("aria-valuetext", "-33 dB")
    expect(page.locator("#dock")).to_have_attribute("data-state", "speaking")
    assert track_states(page) == ["live"], "the same recording all the time"


def test_in_a_loud_room_the_threshold_follows_the_noise_and_says_so(
    gateway: FakeGateway, open_page: OpenPage, make_wav: MakeWav
) -> None:
    page = open_page(gateway.url, wav=make_wav(noise(0.002, 60.0)), init_script=WATCHED)
    start(page)
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1, 30)
    expect(page.locator("#dock")).to_have_attribute("data-state", "listening")
    dialog = open_settings(page)
    follow = dialog.get_by_role("checkbox", name="Follow the room\N{RIGHT SINGLE QUOTATION MARK}s noise")
    said = dialog.get_by_test_id("threshold-in-force")
    expect(follow).to_be_checked()
    expect(said).to_have_text(re.compile(r"^Now -(1[6-9]|2\d) dB, because of noise\.$"))
    expect(follow).to_have_accessible_description(re.compile(r"up to -\d\d dB.* Now -\d\d dB, because of noise\.$"))
    slider = dialog.get_by_label("Counts as speech from")
    expect(slider).to_have_attribute("aria-valuetext", "-33 dB")
    assert slider.evaluate("(input) => getComputedStyle(input.parentElement, '::after').content") == '""', "the mark"
    follow.press("Space")
    expect(said).to_have_text("")
    assert slider.evaluate("(input) => getComputedStyle(input.parentElement, '::after').content") == "none"
    expect(page.locator("#dock")).to_have_attribute("data-state", "speaking")
    follow.press("Space")
    expect(page.locator("#dock")).to_have_attribute("data-state", "listening")
    expect(said).to_have_text(re.compile("because of noise"))
    slide(slider, -12)
    expect(said).to_have_text("")  # the chosen threshold is above the noise
    assert track_states(page) == ["live"], "the same recording all the time"


def test_a_longer_quiet_keeps_what_is_said_together(
    gateway: FakeGateway, open_page: OpenPage, speech: NDArray[np.float64], make_wav: MakeWav
) -> None:
    (first, length), (second, second_length), (third, _) = UTTERANCES_SEC
    more = 1.2  # of quiet before the third
    assert second - (first + length) < 2.0 < third + more - (second + second_length)
    quiet = np.zeros(int(more * SAMPLE_RATE_HZ))
    page = open_page(
        gateway.url, wav=make_wav(np.insert(speech, int(third * SAMPLE_RATE_HZ), quiet)), init_script=WATCHED
    )
    start(page)
    slider = open_settings(page).get_by_label("Quiet that ends an utterance")
    expect(slider).to_have_attribute("aria-valuetext", "0.5 s")
    slide(slider, 2000)
    expect(slider).to_have_attribute("aria-valuetext", "2 s")
    gateway.wait_for(lambda: len(gateway.only.cuts) == 2, 30)
    assert len(gateway.only.cuts[0].pcm) / (2 * SAMPLE_RATE_HZ) > second - first


# --- calibration ----------------------------------------------------------------------------------------------------


def test_the_gate_is_calibrated_to_the_room_by_a_microphone_that_is_opened_for_it(
    gateway: FakeGateway, open_page: OpenPage, make_wav: MakeWav
) -> None:
    page = open_page(gateway.url, wav=make_wav(noise(1e-4)), init_script=WATCHED)
    dialog = open_settings(page)
    dialog.get_by_role("button", name="Calibrate to this room").click()
    said = dialog.get_by_test_id("calibrate-said")
    expect(said).to_have_text("Measuring the room: please be quiet for two seconds…")
    expect(said).to_have_text(re.compile(r"noise is at -(39|40) dB\. Speech now counts from -(30|31) dB\."))
    expect(dialog.get_by_label("Counts as speech from")).to_have_attribute(
        "aria-valuetext", re.compile(r"^-(30|31) dB$")
    )
    assert track_states(page) == ["ended"], "released when it was done"
    assert gateway.frames == []
    assert page.evaluate("JSON.parse(localStorage.getItem('wta.preferences')).threshold") == pytest.approx(
        1e-3, rel=0.3
    )


def test_the_room_is_measured_by_the_recording_where_there_is_one(
    gateway: FakeGateway, open_page: OpenPage, make_wav: MakeWav
) -> None:
    page = open_page(gateway.url, wav=make_wav(noise(2e-3)), init_script=WATCHED)
    start(page)
    expect(page.locator("#dock")).to_have_attribute("data-state", "speaking")
    dialog = open_settings(page)
    expect(dialog.get_by_role("button", name="Show my level")).to_be_hidden()
    dialog.get_by_role("button", name="Calibrate to this room").click()
    expect(dialog.get_by_test_id("calibrate-said")).to_contain_text("Speech now counts from")
    expect(page.locator("#dock")).to_have_attribute("data-state", "listening")
    assert track_states(page) == ["live"]


def test_somebody_who_speaks_meanwhile_changes_nothing(
    gateway: FakeGateway, open_page: OpenPage, speech: NDArray[np.float64], make_wav: MakeWav
) -> None:
    begin, length = UTTERANCES_SEC[0]
    voice = speech[int(begin * SAMPLE_RATE_HZ) : int((begin + length) * SAMPLE_RATE_HZ)]
    page = open_page(gateway.url, wav=make_wav(np.tile(voice, 20)), init_script=WATCHED)
    dialog = open_settings(page)
    dialog.get_by_role("button", name="Calibrate to this room").click()
    expect(dialog.get_by_test_id("calibrate-said")).to_contain_text("so nothing was changed")
    expect(dialog.get_by_label("Counts as speech from")).to_have_attribute("aria-valuetext", "-33 dB")


def test_a_microphone_without_a_sound_is_said_to_be_muted(
    gateway: FakeGateway, open_page: OpenPage, make_wav: MakeWav
) -> None:
    page = open_page(gateway.url, wav=make_wav(np.zeros(30 * SAMPLE_RATE_HZ)), init_script=WATCHED)
    dialog = open_settings(page)
    dialog.get_by_role("button", name="Calibrate to this room").click()
    expect(dialog.get_by_test_id("calibrate-said")).to_contain_text("It may be muted, so nothing was changed.")


def test_a_room_that_may_not_be_heard_is_not_measured(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, grant=False)
    dialog = open_settings(page)
    expect(dialog.locator("#hint-microphone")).to_contain_text("only after you have allowed one")
    dialog.get_by_role("button", name="Calibrate to this room").click()
    said = dialog.get_by_test_id("calibrate-said")
    expect(said).to_have_text("The room could not be measured. The microphone was not allowed.")
    expect(dialog.get_by_role("button", name="Calibrate to this room")).to_be_enabled()


def test_the_level_is_shown_without_sending_anything_until_the_dialog_closes(
    gateway: FakeGateway, open_page: OpenPage, make_wav: MakeWav
) -> None:
    page = open_page(gateway.url, wav=make_wav(noise(0.01)), init_script=WATCHED)
    dialog = open_settings(page)
    expect(dialog.get_by_test_id("level-now")).to_have_text(NOTHING)
    dialog.get_by_role("button", name="Show my level").click()
    expect(dialog.get_by_test_id("level-now")).to_have_text("-20 dB")
    expect(dialog.get_by_test_id("calibrate-said")).to_contain_text("Nothing is sent")
    dialog.get_by_role("button", name="Hide my level").click()
    expect(dialog.get_by_test_id("level-now")).to_have_text(NOTHING)
    gateway.wait_for(lambda: track_states(page) == ["ended"])
    dialog.get_by_role("button", name="Show my level").click()
    expect(dialog.get_by_test_id("level-now")).to_have_text("-20 dB")
    page.keyboard.press("Escape")
    gateway.wait_for(lambda: track_states(page) == ["ended", "ended"])
    assert gateway.frames == []
    expect(page.locator("#dock")).to_have_attribute("data-state", "off")


# --- the microphone -------------------------------------------------------------------------------------------------


def test_another_microphone_is_taken_at_once_and_the_utterance_before_is_whole(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=WATCHED)
    start(page)
    gateway.wait_for(lambda: gateway.only.stream.pending)
    dialog = open_settings(page)
    devices = dialog.get_by_label("Listen with").locator("option")
    expect(devices.first).to_have_text(DEFAULT)
    gateway.wait_for(lambda: devices.count() > 1)
    dialog.get_by_label("Listen with").select_option(index=1)
    chosen = dialog.get_by_label("Listen with").input_value()
    gateway.wait_for(lambda: track_states(page) == ["ended", "live"])
    assert gateway.frames[-1] == b"", "the utterance has ended"
    assert page.evaluate("window.asked[1].deviceId") == {"exact": chosen}
    gateway.wait_for(lambda: len(gateway.only.cuts) >= 2)
    expect(page.get_by_test_id("notice").filter(has_text="another one is heard")).to_have_count(0)


def test_processing_is_asked_of_the_microphone_as_it_is_chosen(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=WATCHED)
    start(page)
    dialog = open_settings(page)
    dialog.get_by_label("Noise suppression").uncheck()
    gateway.wait_for(lambda: track_states(page) == ["ended", "live"])
    dialog.get_by_label("Echo cancellation").uncheck()
    gateway.wait_for(lambda: track_states(page) == ["ended", "ended", "live"])
    asked = page.evaluate("window.asked.map((audio) => [audio.noiseSuppression, audio.echoCancellation])")
    assert asked == [[True, True], [False, True], [False, False]]


def test_a_chosen_microphone_that_is_gone_is_replaced_with_a_word_about_it(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=WATCHED + prefer(microphone="a-microphone-at-home"))
    start(page)
    notice = page.locator("[data-testid=notice][data-kind=microphone]")
    expect(notice).to_contain_text("another one is heard")
    dialog = open_settings(page)
    expect(dialog.get_by_label("Listen with").locator("option:checked")).to_have_text("The chosen one (not connected)")
    expect(dialog.locator("#hint-microphone")).to_contain_text("It is not connected")
    gateway.wait_for(lambda: len(gateway.only.cuts) == 1)
    dialog.get_by_label("Listen with").select_option(label=DEFAULT)
    expect(notice).to_have_count(0)


def test_a_chosen_microphone_that_is_unplugged_is_replaced_without_stopping(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(gateway.url, wav=speech_wav, init_script=WATCHED)
    start(page)
    dialog = open_settings(page)
    gateway.wait_for(lambda: dialog.get_by_label("Listen with").locator("option").count() > 1)
    dialog.get_by_label("Listen with").select_option(index=1)
    gateway.wait_for(lambda: track_states(page) == ["ended", "live"])
    page.keyboard.press("Escape")
    gateway.wait_for(lambda: gateway.only.stream.pending)
    page.evaluate(UNPLUG)
    gateway.wait_for(lambda: track_states(page) == ["ended", "ended", "live"])
    assert "deviceId" not in page.evaluate("window.asked[2]")
    expect(page.locator("[data-testid=notice][data-kind=microphone]")).to_contain_text("another one is heard")
    expect(page.get_by_test_id("start-button")).to_have_text("Stop")


def test_microphones_that_come_and_go_are_listed(gateway: FakeGateway, open_page: OpenPage) -> None:
    listed = """
      const device = (deviceId, label) => ({ kind: 'audioinput', deviceId, label });
      window.devices = [device('default', 'Default - Desk'), device('1', 'Desk')];
      navigator.mediaDevices.enumerateDevices = async () => window.devices;
    """
    page = open_page(gateway.url, init_script=listed)
    options = open_settings(page).get_by_label("Listen with").locator("option")
    expect(options).to_have_text([DEFAULT, "Desk", TAB])
    page.evaluate(
        "window.devices.push({ kind: 'audioinput', deviceId: '2', label: 'Headset' });"
        "navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
    )
    expect(options).to_have_text([DEFAULT, "Desk", "Headset", TAB])
