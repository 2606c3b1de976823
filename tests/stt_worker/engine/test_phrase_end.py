"""Whether a phrase has ended, by its sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import whisper as openai_whisper

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from contract.speech.segmenter import quietest_place
from harness.human_voices import Clip, HumanClips
from stt_worker.engine.load import load_engine
from stt_worker.engine.phrase_end import (
    BEHIND,
    FRAME_SAMPLES,
    STRETCHES,
    PhraseEnd,
    features_around,
    last_loud_position,
)
from stt_worker.engine.protocol import Utterance
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings
from tests.stt_worker.conftest import save_random_model


def test_the_last_loud_frame_is_told_beside_the_loudest() -> None:
    audio = np.zeros(20 * FRAME_SAMPLES, np.float32)
    audio[2 * FRAME_SAMPLES : 5 * FRAME_SAMPLES] = 0.5
    audio[5 * FRAME_SAMPLES : 7 * FRAME_SAMPLES] = 0.02  # 28 dB below
    audio[7 * FRAME_SAMPLES :] = 0.01
    assert last_loud_position(audio) == 7
    assert last_loud_position(audio * np.float32(0.001)) == 7
    assert last_loud_position(np.zeros(1600, np.float32)) == 0
    assert last_loud_position(np.zeros(0, np.float32)) == 0


def test_features_are_means_of_stretches_around_a_position() -> None:
    features = torch.arange(100.0)[:, None].repeat(1, 3)
    found = features_around(features, 80).reshape(-1, 3)[:, 0]
    means = [80 - (near + far + 1) / 2 for near, far in STRETCHES]
    assert found.tolist() == pytest.approx([*means, 80 + (BEHIND - 1) / 2])
    assert features_around(features, 10).reshape(-1, 3)[:, 0].tolist() == pytest.approx([7, 2, 0, 0, 11.5])
    assert features_around(features, 100)[-3:].tolist() == [0, 0, 0], "nothing is behind it"


def test_another_model_tells_nothing(tmp_path: Path) -> None:
    path = save_random_model(tmp_path / "random.pt", 51865)
    assert PhraseEnd.of(openai_whisper.load_model(str(path), device="cpu")) is None
    engine = load_engine(SttSettings(whisper_model=str(path)))
    heard = engine.transcribe(Utterance(np.random.default_rng(1).normal(size=16_000).astype(np.float32) * 0.1, "en"))
    assert heard.phrase_end is None


@pytest.fixture(scope="module")
def engine(base_checkpoint: Path) -> WhisperEngine:
    found = load_engine(SttSettings(whisper_model=str(base_checkpoint)))
    assert isinstance(found, WhisperEngine)
    return found


def up_to(clip: Clip, place: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    audio = clip.samples[:place].astype(np.float32) / np.float32(FULL_SCALE)
    spoken = audio[: last_loud_position(audio) * FRAME_SAMPLES]
    return np.concatenate([spoken, np.zeros(SAMPLE_RATE_HZ // 12, np.float32)])


def test_a_voice_that_was_never_heard_falls_at_the_end(engine: WhisperEngine, human_clips: HumanClips) -> None:
    listener = PhraseEnd.of(engine.model)
    assert listener is not None
    ends: list[float] = []
    breaks: list[float] = []
    for clip in human_clips("en", 74)[60:]:
        third = len(clip.samples) // 3
        broken = up_to(clip, third + quietest_place(clip.pcm, third, third))
        for audio, given in ((up_to(clip, len(clip.samples)), ends), (broken, breaks)):
            if len(audio) <= 13 * SAMPLE_RATE_HZ:
                given.append(listener.probability(engine.encoded(audio), audio))
    above = np.mean(np.array(ends)[:, None] > np.array(breaks)[None])
    assert above > 0.8, (ends, breaks)
