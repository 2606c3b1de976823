"""`make screenshots`: the README's two pictures, of the real system as it listens to a microphone.

Starts what `make run` starts, with the demo models, opens the page in Chromium with a microphone that plays the demo
clips one after the other, and takes the pictures once their results are there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CLIPS = ROOT / "demo_models" / "clips"
IMAGES = ROOT / "docs" / "images"
SAMPLE_RATE_HZ = 16_000
PAUSE_SEC = 1.2
READY_SEC = 180.0
PICTURES: dict[str, dict[str, Any]] = {
    "desktop.png": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "phone.png": {
        "viewport": {"width": 390, "height": 760},
        "color_scheme": "dark",
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    },
}


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_ready(url: str) -> bool:
    """Whether everything behind `url` is up."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return bool(json.load(answer)["listeners"])
    except (OSError, urllib.error.HTTPError):
        return False


@contextmanager
def running_system(folder: Path) -> Iterator[str]:
    """Everything, on ports of its own and with its data in `folder`; yields the page's address."""
    port = free_port()
    environment = os.environ | {
        "GATEWAY_PORT": str(port),
        "REDIS_PORT": str(free_port()),
        "RUN_DIR": str(folder),
        "WHISPER_MODEL": "demo",
        "SENTIMENT_MODEL": "demo",
    }
    command = [sys.executable, "-m", "tools.run_local"]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        url = f"http://localhost:{port}"
        deadline = time.monotonic() + READY_SEC
        while not is_ready(url):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit("the system did not start; see `make run`")
            time.sleep(0.5)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def speech(path: Path) -> int:
    """Write the clips, with pauses, to `path` as one WAV; returns how many there are."""
    entries = json.loads((CLIPS / "clips.json").read_text(encoding="utf-8"))
    pause = bytes(int(PAUSE_SEC * SAMPLE_RATE_HZ) * 2)
    with wave.open(str(path), "wb") as joined:
        joined.setnchannels(1)
        joined.setsampwidth(2)
        joined.setframerate(SAMPLE_RATE_HZ)
        joined.writeframes(pause)
        for entry in entries:
            with wave.open(str(CLIPS / entry["file"]), "rb") as clip:
                joined.writeframes(clip.readframes(clip.getnframes()) + pause)
    return len(entries)


def take(browser: Browser, url: str, name: str, utterances: int) -> None:
    """Let one page hear all of the microphone, and take its picture while it listens."""
    context = browser.new_context(permissions=["microphone"], locale="en-GB", **PICTURES[name])
    page: Page = context.new_page()
    page.goto(url)
    page.get_by_test_id("start-button").click()
    expect(page.locator('[data-testid="card"][data-state="result"]')).to_have_count(utterances, timeout=120_000)
    expect(page.locator("#dock")).to_have_attribute("data-state", "listening")
    page.screenshot(path=IMAGES / name)
    print(f"docs/images/{name}")
    context.close()


def main() -> None:
    """Take the pictures."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no chromium: tools/install_system.sh installs it")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name_of_folder,
        running_system(folder := Path(name_of_folder)) as url,
        sync_playwright() as playwright,
    ):
        microphone = folder / "microphone.wav"
        utterances = speech(microphone)
        for name in PICTURES:
            browser = playwright.chromium.launch(
                executable_path=chromium,
                args=[
                    "--no-sandbox",
                    "--disable-background-networking",
                    "--use-fake-ui-for-media-stream",
                    "--use-fake-device-for-media-stream",
                    f"--use-file-for-fake-audio-capture={microphone}%noloop",
                ],
            )
            take(browser, url, name, utterances)
            browser.close()


if __name__ == "__main__":
    main()
