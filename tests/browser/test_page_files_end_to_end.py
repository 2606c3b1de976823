"""A real file through the page: demo clips in one WAV, dropped, come back as cards with their words and sentiment."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import expect
from scipy.io import wavfile

from contract.audio import SAMPLE_RATE_HZ
from runtime.wav import read_wav
from tests.browser.conftest import OpenPage
from tests.browser.test_page_end_to_end import CLIPS, RESULT_TIMEOUT_MS, words
from tests.browser.test_page_states import connected

PAUSE_SEC = 2.0  # longer than a long pause of file_worker.segments: a segment ends there

DROP = """([name, content]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name));
  document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: carried, bubbles: true, cancelable: true }));
}"""


def test_a_dropped_recording_is_transcribed_and_judged(stack: Any, open_page: OpenPage, tmp_path: Path) -> None:
    listed = json.loads((CLIPS / "clips.json").read_text(encoding="utf-8"))
    pause = np.zeros(int(PAUSE_SEC * SAMPLE_RATE_HZ), dtype="<i2")
    parts = [pause]
    for entry in listed:
        parts += [np.frombuffer(read_wav(CLIPS / entry["file"]), dtype="<i2"), pause]
    path = tmp_path / "talk.wav"
    wavfile.write(path, SAMPLE_RATE_HZ, np.concatenate(parts))
    page = open_page(stack.url)
    connected(page)
    expect(page.get_by_test_id("files-open")).to_be_visible()
    page.evaluate(DROP, ["talk.wav", base64.b64encode(path.read_bytes()).decode()])
    expect(page.get_by_test_id("file-state")).to_have_text("Done", timeout=3 * RESULT_TIMEOUT_MS)
    heard = words(" ".join(page.get_by_test_id("card-text").all_inner_texts()))
    assert heard == words(" ".join(entry["text"] for entry in listed))
    zones = {card.get_attribute("data-zone") for card in page.get_by_test_id("card").all()}
    assert zones == {entry["sentiment"] for entry in listed}
    with page.expect_download() as saved:
        page.get_by_test_id("file-srt").click()
    subtitles = Path(saved.value.path()).read_text(encoding="utf-8")
    assert subtitles.startswith("1\n00:00:0")
    assert words(listed[0]["text"])[0] in subtitles.lower()
    # The same file again: the server knows it, and its text is there at once.
    page.reload()
    connected(page)
    page.evaluate(DROP, ["again.wav", base64.b64encode(path.read_bytes()).decode()])
    expect(page.get_by_test_id("file-state")).to_have_text("Done", timeout=RESULT_TIMEOUT_MS)
    assert words(" ".join(page.get_by_test_id("card-text").all_inner_texts())) == heard
