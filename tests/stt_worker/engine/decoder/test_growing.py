"""Of an utterance that has grown the encoder hears only the end anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import whisper as openai_whisper
from whisper.audio import HOP_LENGTH, N_FRAMES

from contract.audio import SAMPLE_RATE_HZ
from harness.human_voices import HumanClips, normalised, word_errors
from stt_worker.engine.decoder.decoding import WhisperDecoding
from stt_worker.engine.decoder.encoder import POSITION_SAMPLES, encode, spectrogram
from stt_worker.engine.decoder.growing import LEAD_SEC, TAIL_SEC, EncodedBefore, tail_start
from stt_worker.engine.load import load_engine
from stt_worker.engine.protocol import Draft, Utterance
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings

SETTINGS = SttSettings()
NOISE = (np.random.default_rng(5).standard_normal(29 * SAMPLE_RATE_HZ) * 0.1).astype(np.float32)
TAIL, LEAD = (round(seconds * SAMPLE_RATE_HZ / POSITION_SAMPLES) for seconds in (TAIL_SEC, LEAD_SEC))


def noise(seconds: float) -> Utterance:
    return Utterance(NOISE[: int(seconds * SAMPLE_RATE_HZ)], "en")


def engine_of(checkpoint: Path, settings: SttSettings = SETTINGS, demo: bool = False) -> WhisperEngine:
    return WhisperEngine(openai_whisper.load_model(str(checkpoint), device="cpu"), "random", demo, settings)


@pytest.fixture(autouse=True)
def nothing_is_doubtful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though a random model says it."""
    monkeypatch.setattr(WhisperDecoding, "is_doubtful", lambda *_: False)


@pytest.fixture
def engine(multilingual_checkpoint: Path) -> WhisperEngine:
    return engine_of(multilingual_checkpoint)


@contextmanager
def frames_encoded(engine: WhisperEngine) -> Iterator[list[int]]:
    """How many frames of a spectrogram each run of the encoder sees."""
    frames: list[int] = []
    first = engine.model.encoder.conv1
    hook = first.register_forward_pre_hook(lambda _, given: frames.append(given[0].shape[-1]))
    try:
        yield frames
    finally:
        hook.remove()


def known(seconds: float) -> EncodedBefore:
    samples = int(seconds * SAMPLE_RATE_HZ)
    return EncodedBefore(torch.zeros(samples // POSITION_SAMPLES, 64), samples)


@pytest.mark.parametrize(
    ("seconds", "before", "first"),
    [
        (10.0, 9.0, None),  # all of it is the end
        (11.0, 10.0, 50),
        (14.0, 13.0, 200),
        (14.0, 11.5, 200),
        (14.0, 11.4, None),  # its last 1.5 s are not known well enough
    ],
)
def test_the_end_is_of_one_length(seconds: float, before: float, first: int | None) -> None:
    assert tail_start(int(seconds * SAMPLE_RATE_HZ), known(before)) == first


def test_the_end_has_the_positions_that_it_has_in_the_whole(engine: WhisperEngine) -> None:
    encoder, audio = engine.model.encoder, NOISE[: 4 * SAMPLE_RATE_HZ]
    mel = spectrogram(audio, 80, 400, torch.device("cpu"))[None]
    with torch.inference_mode():
        found = encode(encoder, mel, first=100)
        moved = encoder.positional_embedding.clone()
        encoder.positional_embedding[:200] = moved[100:300]
        assert torch.equal(found, encode(encoder, mel))


def test_what_is_known_and_the_end_make_the_whole(engine: WhisperEngine) -> None:
    said, grown = noise(11), noise(12)
    before = engine.partial(said, lambda: None).encoded
    assert isinstance(before, EncodedBefore)
    with frames_encoded(engine) as frames:
        after = engine.partial(grown, lambda: None, Draft(encoded=before)).encoded
    assert isinstance(after, EncodedBefore)
    first = tail_start(len(grown.audio), before)
    assert first is not None
    window = 1200  # 10 s and a margin of 2
    assert frames == [window]
    assert after.samples == len(grown.audio)
    assert len(after.features) == first + window // 2, "as long as the whole and its margin"
    assert torch.equal(after.features[: first + LEAD], before.features[: first + LEAD])
    assert not torch.equal(after.features[first + LEAD :][:50], before.features[first + LEAD :][:50])


def test_long_speech_costs_no_more_than_short(engine: WhisperEngine) -> None:
    before: object | None = None
    with frames_encoded(engine) as frames:
        for seconds in range(4, 30):
            before = engine.partial(noise(seconds), lambda: None, Draft(encoded=before)).encoded
    assert frames[:7] == [1000, 1000, 1000, 1000, 1000, 1100, 1200]
    assert frames[7:25] == [1200] * 18
    # at the end of the encoder's 30 s there is less room for the margin
    assert frames[25:] == [int(N_FRAMES) - 2 * (29 * SAMPLE_RATE_HZ // POSITION_SAMPLES - TAIL)]
    assert frames[25] * HOP_LENGTH >= TAIL_SEC * SAMPLE_RATE_HZ


@pytest.mark.parametrize("change", [{"whisper_window": "full"}, {"demo": True}])
def test_who_hears_all_anew(multilingual_checkpoint: Path, change: dict[str, Any]) -> None:
    demo = bool(change.pop("demo", False))
    engine = engine_of(multilingual_checkpoint, SETTINGS.model_copy(update=change), demo)
    before = engine.partial(noise(11), lambda: None).encoded
    with frames_encoded(engine) as frames:
        engine.partial(noise(12), lambda: None, Draft(encoded=before))
    assert frames == [1400 if demo else int(N_FRAMES)]


def test_what_is_doubtful_is_heard_whole(engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = engine.partial(noise(11), lambda: None).encoded
    monkeypatch.setattr(WhisperDecoding, "is_doubtful", lambda *_: True)
    with frames_encoded(engine) as frames:
        found = engine.partial(noise(12), lambda: None, Draft(encoded=before))
    assert frames == [1200, 1400]
    assert found == engine.partial(noise(12), lambda: None)


def test_a_voice_says_the_same(base_checkpoint: Path, human_clips: HumanClips) -> None:
    """Prompts one after the other, a partial each second: what is heard at the end is what the whole says."""
    engine = load_engine(SttSettings(whisper_model=str(base_checkpoint)))
    spoken, apart, words = human_clips("en", 24), 0, 0
    for first in range(0, 24, 6):
        audio = (np.concatenate([one.samples for one in spoken[first : first + 6]]) / 32_768).astype(np.float32)
        whole = Utterance(audio[: 14 * SAMPLE_RATE_HZ], "en")
        before: object | None = None
        for end in range(4 * SAMPLE_RATE_HZ, len(whole.audio), SAMPLE_RATE_HZ):
            before = engine.partial(Utterance(audio[:end], "en"), lambda: None, Draft(encoded=before)).encoded
        assert isinstance(before, EncodedBefore)
        assert tail_start(len(whole.audio), before) is not None, "long enough"
        found = " ".join(normalised("en", engine.partial(whole, lambda: None, Draft(encoded=before)).text))
        errors = word_errors("en", engine.partial(whole, lambda: None).text, found)
        apart, words = apart + errors.errors, words + errors.words
    assert words > 100
    assert apart <= 0.03 * words
