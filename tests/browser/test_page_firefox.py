"""The page in Firefox, whose contexts take no microphone of another rate than their own in many versions."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.audio import SAMPLE_RATE_HZ
from tests.browser.fake_gateway import FakeGateway
from tests.browser.test_page_capture import NO_16_KHZ_MICROPHONE
from tests.support.sound_server import RATE_HZ, sound_server

SCRIPT = Path(__file__).with_name("firefox.mjs")
TONE_HZ = 1000.0  # of Firefox's pretended microphone
FAKE_MICROPHONE = {"media.navigator.streams.fake": True, "media.navigator.permission.disabled": True}
REFUSED = {"media.navigator.streams.fake": True, "permissions.default.microphone": 2}
END_SEC = 60.0


@dataclass
class Firefox:
    """A page in Firefox that is recording, or should be."""

    process: subprocess.Popen[str]

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What the page shows once that fulfils `condition`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            shown: dict[str, Any] = json.loads(line)
            if condition(shown):
                return shown
        raise AssertionError(f"Firefox ended: {self.process.wait()}")

    def stop(self) -> dict[str, Any]:
        """Stop the recording; what the page shows when its text is there."""
        output, _ = self.process.communicate(timeout=END_SEC)
        assert self.process.returncode == 0
        last: dict[str, Any] = json.loads(output.splitlines()[-1])
        return last


@pytest.fixture
def firefox(gateway: FakeGateway, tmp_path: Path) -> Iterator[Callable[..., Firefox]]:
    """Press Start in Firefox: `firefox(preferences, script="")`."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    for needed, found in {"firefox": program, "pulseaudio": shutil.which("pulseaudio")}.items():
        if found is None:
            pytest.skip(f"no {needed} on this machine")
    with ExitStack() as stack:
        sound = stack.enter_context(sound_server(tmp_path))

        def start(preferences: dict[str, Any], script: str = "") -> Firefox:
            node = shutil.which("node") or "node"
            command = [node, str(SCRIPT), str(program), gateway.url, json.dumps(preferences), script]
            environment = {**os.environ, **sound, "HOME": str(tmp_path)}
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            stack.callback(end, process)
            return Firefox(process)

        yield start


def end(process: subprocess.Popen[str]) -> None:
    """Let it close its browser, or end both."""
    if process.returncode is not None:
        return
    try:
        process.communicate(timeout=END_SEC)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def loudest_hz(pcm: bytes) -> tuple[float, float]:
    """Frequency of the strongest tone, and its share of all energy."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    peak = int(np.argmax(power))
    return peak * SAMPLE_RATE_HZ / len(samples), float(power[peak - 4 : peak + 5].sum() / power.sum())


@pytest.mark.parametrize(
    ("script", "rate"), [("", None), (NO_16_KHZ_MICROPHONE, RATE_HZ)], ids=["as it is", "native rate"]
)
def test_firefox_captures_and_the_sound_keeps_its_pitch(
    gateway: FakeGateway, firefox: Callable[..., Firefox], script: str, rate: int | None
) -> None:
    running = firefox(FAKE_MICROPHONE, script)
    running.until(lambda shown: shown["state"] == "speaking")
    gateway.wait_for(lambda: gateway.only.stream.position > 4 * SAMPLE_RATE_HZ, 60)
    shown = running.stop()
    assert shown["complaints"] == []
    assert shown["notices"] == []
    assert shown["cards"] == ["utterance 1"]
    if rate is not None:
        assert shown["rates"] == [rate], "the test must run the resampler"
    middle = gateway.only.pcm[SAMPLE_RATE_HZ * 2 : 3 * SAMPLE_RATE_HZ * 2]
    frequency, share = loudest_hz(middle)
    assert frequency == pytest.approx(TONE_HZ, abs=2.0)
    assert share > 0.99


def test_firefox_says_how_to_allow_the_microphone_in_firefox(
    gateway: FakeGateway, firefox: Callable[..., Firefox]
) -> None:
    shown = firefox(REFUSED).until(lambda shown: shown["notices"])
    assert "crossed-out microphone" in shown["notices"][0]
    assert shown["complaints"] == []
