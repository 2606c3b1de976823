"""A video above the limit: its sound alone is sent, and what is heard of it is what is heard of the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from contract.audio import SAMPLE_RATE_HZ
from file_worker.media.decoder import SoundFile
from harness.speech import demo_clips
from runtime.wav import write_wav
from tests.browser.conftest import OpenPage
from tests.browser.fake_files import FakeFiles, done, segment
from tests.browser.fake_gateway import FakeGateway
from tests.browser.test_page_files import files, state, upload
from tests.browser.test_page_states import connected
from tests.support.media import ffmpeg

__all__ = ["files"]

LIMIT_BYTES = 500_000
LATE_SEC = 0.5  # the sound begins after the picture
CODECS = {
    "mp4": ["-c:v", "mpeg4", "-b:v", "8M", "-c:a", "aac"],
    "webm": ["-c:v", "libvpx", "-b:v", "8M", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
}


def film(kind: str, folder: Path) -> Path:
    """A clip with a picture that is larger than the limit."""
    sound, path = folder / "sound.wav", folder / f"holiday.{kind}"
    write_wav(sound, demo_clips()[0].pcm)
    picture = "testsrc2=size=640x360:rate=15:duration=4,noise=alls=80:allf=t"
    late = ["-itsoffset", str(LATE_SEC)] if kind == "mp4" else []
    ffmpeg("-f", "lavfi", "-i", picture, *late, "-i", sound, *CODECS[kind], path)
    assert path.stat().st_size > LIMIT_BYTES
    return path


def heard(path: Path) -> np.ndarray:
    """Its sound, as the file worker decodes it."""
    sound = SoundFile(path, 600.0)
    try:
        return np.frombuffer(b"".join(sound.blocks()), dtype="<i2").astype(np.float64)
    finally:
        sound.close()


def levels(samples: np.ndarray) -> np.ndarray:
    """Of each tenth of its first two seconds."""
    tenths = samples[: 2 * SAMPLE_RATE_HZ].reshape(20, -1)
    return np.asarray(np.sqrt(np.mean(np.square(tenths), axis=1)))


def chosen(gateway: FakeGateway, files: FakeFiles, open_page: OpenPage, path: Path) -> Page:
    files.upload_bytes = LIMIT_BYTES
    page = open_page(gateway.url)
    connected(page)
    page.get_by_test_id("files-open").click()
    page.get_by_test_id("files-input").set_input_files(path)
    return page


@pytest.mark.parametrize("kind", CODECS)
def test_the_sound_of_a_video_that_is_too_large_becomes_text(
    gateway: FakeGateway, files: FakeFiles, open_page: OpenPage, tmp_path: Path, kind: str
) -> None:
    video = film(kind, tmp_path)
    page = chosen(gateway, files, open_page, video)
    sent = upload(gateway, files)
    assert sent.name == {"mp4": "holiday.m4a", "webm": "holiday.wav"}[kind]
    assert len(sent.content) < LIMIT_BYTES
    sent.tell(segment(0, "It was a fine day."), done())
    expect(state(page)).to_have_text("Done")
    expect(page.get_by_test_id("card-text")).to_have_text("It was a fine day.")
    sound = tmp_path / "sent"
    sound.write_bytes(sent.content)
    alone, whole = heard(sound), heard(video)
    if kind == "mp4":
        assert np.array_equal(alone, whole), "copied, with its place in time"
        return
    assert abs(len(alone) - len(whole)) < 1_600
    assert np.corrcoef(levels(alone), levels(whole))[0, 1] > 0.9


def test_a_video_whose_sound_cannot_be_taken_out_is_refused_in_words(
    gateway: FakeGateway, files: FakeFiles, open_page: OpenPage, tmp_path: Path
) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(bytes(LIMIT_BYTES + 1))
    page = chosen(gateway, files, open_page, path)
    expect(state(page)).to_have_text(
        "Too large: this server takes files up to 488 kB. "
        "The sound of this video cannot be taken out in this browser, or is too large as well."
    )
    assert files.uploads == []
