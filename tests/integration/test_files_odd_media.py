"""Files as people bring them, through the whole system: each gives its words, or says in words what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.speech import words_of
from harness.stack import Stack
from tests.support.media import (
    channels_wav,
    damaged,
    inverted_stereo,
    joined_transport_stream,
    quieter,
    silence,
    two_tracks,
)
from tests.support.multipart import upload
from tests.support.uploads import clip

WORDS = words_of("I love this movie.")
PCM = clip("love_movie").pcm


def sixty_channels(folder: Path) -> Path:
    return channels_wav(np.repeat(np.frombuffer(PCM, dtype="<i2")[None], 60, axis=0), folder / "many.wav")


def answer(stack: Stack, path: Path) -> dict[str, Any]:
    found = upload(stack.url, path.read_bytes(), response_format="verbose_json")
    assert found.status == 200, found.text
    body: dict[str, Any] = found.json
    return body


MAKERS: dict[str, Callable[[Path], Path]] = {
    "sixty channels": sixty_channels,
    "an inverted channel": lambda folder: inverted_stereo(PCM, folder / "inverted.wav"),
    "a silent first track": lambda folder: two_tracks(silence(3.0), PCM, folder / "two.mkv"),
    "a quiet recording": lambda folder: quieter(PCM, 50, folder / "quiet.wav"),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_its_words_are_heard(stack: Stack, tmp_path: Path, kind: str) -> None:
    body = answer(stack, MAKERS[kind](tmp_path))
    assert words_of(body["text"]) == WORDS
    assert body["warnings"] == []


def test_a_jump_of_time_is_no_part_of_the_duration(stack: Stack, tmp_path: Path) -> None:
    pause = silence(2.0)
    path = joined_transport_stream(PCM + pause, clip("food_terrible").pcm, 20_000, tmp_path / "joined.ts")
    body = answer(stack, path)
    assert words_of(body["text"]) == WORDS + words_of("The food was terrible.")
    assert body["duration"] == pytest.approx(len(PCM + pause + clip("food_terrible").pcm) / 32_000, abs=0.3)


def test_what_could_not_be_decoded_is_told(stack: Stack, tmp_path: Path) -> None:
    path = damaged(PCM + silence(2.0) + clip("food_terrible").pcm, tmp_path / "damaged.m4a")
    (warning,) = answer(stack, path)["warnings"]
    assert warning["code"] == "damaged"
    assert "could not be decoded" in warning["message"]
    assert warning["missing_parts"] >= 1
    assert warning["first_missing_sec"] > 0
    assert warning["cut_off_sec"] is None
