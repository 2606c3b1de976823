"""The recorder sends a whole file of any format, and shows its segments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.speech import demo_clips, words_of
from harness.stack import Stack
from tests.recorder_service.recorder_process import Recorder, environment
from tests.support.media import damaged, encode, silence


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path)
    yield made
    made.close()


def test_segments_are_shown_as_lines(stack: Stack, recorder: Recorder, tmp_path: Path) -> None:
    clips = demo_clips()
    sound = encode(b"".join(clip.pcm + silence(2.0) for clip in clips), tmp_path / "talk.flac")
    arguments = ["--file", str(sound), "--upload", f"{stack.url}/v1", "--language", "en"]
    status, out, err = recorder.run([*arguments, "--json"], environment(stack.redis_port))
    assert status == 0, err
    told = [json.loads(line) for line in out.splitlines()]
    lines = [line for line in told if line["type"] == "result"]
    assert [words_of(line["text"]) for line in lines] == [words_of(clip.text) for clip in clips]
    assert [line["utterance"] for line in told[len(lines) :] if line["type"] == "turns"] == [
        line["utterance"] for line in lines
    ], "who speaks is told once all was heard"
    assert [line["sentiment"]["zone"] for line in lines] == [clip.sentiment for clip in clips]
    starts = [line["captured_start_sec"] for line in lines]
    assert starts == sorted(starts)
    status, out, err = recorder.run(arguments, environment(stack.redis_port))
    assert status == 0, err
    shown = [line for line in out.splitlines() if not line.startswith(" ")]  # several sentences stand underneath
    assert [line.split("  ")[1].strip() for line in shown] == [line["text"] for line in lines]


@pytest.mark.parametrize(
    ("content", "words"), [(b"no sound", "known format"), (b"", "The file is empty"), (None, "cannot be read")]
)
def test_what_cannot_be_sent_is_said(
    stack: Stack, recorder: Recorder, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "bad.mp3"
    if content is not None:
        path.write_bytes(content)
    status, out, err = recorder.run(["--file", str(path), "--upload", stack.url], environment(stack.redis_port))
    assert (status, out) == (2, "")
    assert words in err


def test_a_server_that_is_not_there_is_said(recorder: Recorder, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"x")
    status, _, err = recorder.run(["--file", str(path), "--upload", "http://127.0.0.1:9"], environment(1))
    assert status == 2
    assert "127.0.0.1:9" in err


def test_what_could_not_be_decoded_is_said(stack: Stack, recorder: Recorder, tmp_path: Path) -> None:
    clips = demo_clips()[:3]
    sound = damaged(b"".join(clip.pcm + silence(2.0) for clip in clips), tmp_path / "damaged.m4a")
    arguments = ["--file", str(sound), "--upload", f"{stack.url}/v1", "--language", "en"]
    _, out, err = recorder.run(arguments, environment(stack.redis_port))
    assert "could not be decoded and are missing" in err
    assert out
