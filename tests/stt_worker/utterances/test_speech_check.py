"""Silence, noise, tones and clicks are no speech; short words are."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from stt_worker.engine.protocol import SpeechFound
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import FRAME_SAMPLES, PAD_MS, SpeechCheck, torch_threads
from tests.stt_worker.conftest import Say, as_floats

RATE = 16_000
SECOND = np.arange(RATE * 2, dtype=np.float32) / RATE


@pytest.fixture(scope="module")
def check() -> SpeechCheck:
    return SpeechCheck(SttSettings())


def silero_model() -> Any:
    """The package's own, as SpeechCheck loads it."""
    with torch_threads(1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.load` is deprecated", DeprecationWarning)
        import silero_vad

        return silero_vad.load_silero_vad()


def noise(level: float) -> NDArray[np.float32]:
    return (np.random.default_rng(3).standard_normal(RATE * 2) * level).astype(np.float32)


def click() -> NDArray[np.float32]:
    audio = np.zeros(RATE * 2, dtype=np.float32)
    audio[RATE : RATE + 40] = 0.9
    return audio


NOT_SPEECH = {
    "silence": np.zeros(RATE * 2, dtype=np.float32),
    "one sample": np.zeros(1, dtype=np.float32),
    "constant": np.full(RATE * 2, 0.5, dtype=np.float32),
    "faint noise": noise(0.003),
    "loud noise": noise(0.3),
    "tone": (0.3 * np.sin(2 * np.pi * 440 * SECOND)).astype(np.float32),
    "hum": (0.3 * np.sign(np.sin(2 * np.pi * 50 * SECOND))).astype(np.float32),
    "full scale": np.sign(np.sin(2 * np.pi * 1000 * SECOND)).astype(np.float32),
    "click": click(),
}


@pytest.mark.parametrize("name", NOT_SPEECH)
def test_not_speech_is_refused_with_a_number(check: SpeechCheck, name: str) -> None:
    found = check.find(NOT_SPEECH[name])
    refusal = check.refusal(found)
    assert refusal is not None, f"{name}: {found}"
    assert refusal.reason == "no_speech"
    assert f"{found.peak:.2f}" in refusal.detail or f"{found.speech_ms} ms" in refusal.detail


@pytest.mark.parametrize("word", ["Yes.", "No.", "Hi.", "Okay.", "Great!"])
def test_one_short_word_is_speech(check: SpeechCheck, say: Say, word: str) -> None:
    found = check.find(as_floats(say(word)))
    assert check.refusal(found) is None, found


def test_span_and_length(check: SpeechCheck, say: Say) -> None:
    spoken = as_floats(say("I love this movie."))
    audio = np.concatenate([np.zeros(RATE, np.float32), spoken, np.zeros(RATE, np.float32)])
    found = check.find(audio)
    assert abs(found.start - RATE) < RATE // 4
    assert RATE + len(spoken) // 2 < found.end < RATE + len(spoken) + RATE // 4
    assert 500 < found.speech_ms <= len(spoken) / 16 + 100
    assert found.peak > 0.9


def test_utterances_do_not_influence_each_other(check: SpeechCheck, say: Say) -> None:
    spoken = as_floats(say("What a day."))
    first = check.probabilities(spoken)
    check.probabilities(noise(0.3))
    assert np.array_equal(first, check.probabilities(spoken))


def test_all_frames_at_once_are_what_silero_finds_one_by_one(check: SpeechCheck, say: Say) -> None:
    model = silero_model()
    rng = np.random.default_rng(4)
    for audio in (
        as_floats(say("I love this movie.")),
        as_floats(say("What a day.")),
        (rng.standard_normal(40_000) * 0.05).astype(np.float32),
        np.zeros(5_000, dtype=np.float32),
        as_floats(say("yes"))[:700],
    ):
        padded = torch.from_numpy(np.pad(audio, (0, -len(audio) % FRAME_SAMPLES)))
        with torch.inference_mode():
            model.reset_states()
            theirs = model.audio_forward(padded[None], 16_000)[0].numpy()
        ours = check.probabilities(audio)
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() < 1e-3
    assert check.probabilities(np.zeros(0, dtype=np.float32)).shape == (0,)


def test_it_can_be_interrupted_before_it_begins(check: SpeechCheck, say: Say) -> None:
    spoken = as_floats(say("What a day."))
    calls: list[int] = []
    assert check.find(spoken, lambda: calls.append(1)) == check.find(spoken)
    assert calls == [1]

    def interrupt() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        check.find(spoken, interrupt)


def test_trimming_keeps_a_margin(check: SpeechCheck) -> None:
    audio = np.arange(RATE * 4, dtype=np.float32)
    pad = PAD_MS * 16
    trimmed = check.trimmed(audio, SpeechFound(1000, 0.9, RATE, 2 * RATE))
    assert (trimmed[0], trimmed[-1]) == (RATE - pad, 2 * RATE + pad - 1)
    assert len(check.trimmed(audio, SpeechFound(1000, 0.9, 100, len(audio)))) == len(audio)
    whole = SpeechCheck(SttSettings(vad_trim=False))
    assert whole.trimmed(audio, SpeechFound(1000, 0.9, RATE, 2 * RATE)) is audio


def test_hysteresis_and_minimum(check: SpeechCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = np.zeros(FRAME_SAMPLES * 8, dtype=np.float32)
    heard = np.array([0.1, 0.6, 0.4, 0.36, 0.3, 0.4, 0.1, 0.1], dtype=np.float32)
    monkeypatch.setattr(check, "probabilities", lambda _audio: heard)
    found = check.find(audio)
    spoken = (FRAME_SAMPLES, 4 * FRAME_SAMPLES)
    assert found == SpeechFound(96, float(heard.max()), *spoken, stretches=(spoken,))
    refusal = check.refusal(found)
    assert refusal is not None
    assert refusal.detail == "96 ms of speech is less than 100 ms"
    assert SpeechCheck(SttSettings(vad_min_speech_ms=90)).refusal(found) is None


@pytest.mark.parametrize(
    ("behind", "frames"),
    [([], 3), ([0.1] * 10, 3), ([0.1] * 9 + [0.6], 3), ([0.1] * 8 + [0.6] * 2, 13), ([0.6] * 5, 8)],
    ids=["nothing", "silence", "one frame of ten", "two of ten", "speech that is not sure"],
)
def test_up_to_where_somebody_speaks(
    check: SpeechCheck, monkeypatch: pytest.MonkeyPatch, behind: list[float], frames: int
) -> None:
    heard = np.array([0.1, 0.95, 0.95, *behind], dtype=np.float32)
    monkeypatch.setattr(check, "probabilities", lambda _audio: heard)
    assert check.find(np.zeros(FRAME_SAMPLES * len(heard), np.float32)).spoken_until == FRAME_SAMPLES * frames


def test_where_nothing_is_sure_nobody_is_said_to_speak_up_to_anywhere(
    check: SpeechCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "probabilities", lambda _audio: np.full(9, 0.7, np.float32))
    assert check.find(np.zeros(FRAME_SAMPLES * 9, np.float32)).spoken_until is None


def test_torch_keeps_its_threads() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        check = SpeechCheck(SttSettings())
        check.find(np.zeros(RATE, dtype=np.float32))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
