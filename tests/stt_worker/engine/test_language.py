"""A language that is only assumed: kept while the utterance does well, and left where it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import whisper as openai_whisper

from contract.jobs import UtteranceJob
from stt_worker.engine.decoder.decoding import Attempt, WhisperDecoding
from stt_worker.engine.protocol import Utterance
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings
from stt_worker.utterances.job import utterance_of

AUDIO = (np.random.default_rng(5).standard_normal(16_000) * 0.1).astype(np.float32)
SURE, UNSURE = -0.2, -1.8
Detected = tuple[str, float]


def attempt(text: str, logprob: float, own: float, likeliest: Detected) -> Attempt:
    return Attempt(text, logprob, 0.0, language_probability=own, likeliest=likeliest)


@pytest.fixture
def engine(multilingual_checkpoint: Path) -> WhisperEngine:
    model = openai_whisper.load_model(str(multilingual_checkpoint), device="cpu")
    settings = SttSettings(whisper_precision="fp32", whisper_temperatures=(0.0,), whisper_window="full")
    return WhisperEngine(model, "random", False, settings)


def answers(monkeypatch: pytest.MonkeyPatch, by_language: dict[str, Attempt], detected: Detected) -> list[str]:
    """Have each language decode to what is said here, and the audio be detected so; what ran."""
    ran: list[str] = []

    def greedy(_: Any, _features: Any, languages: Any, task: str, *_more: Any, **__: Any) -> list[Attempt]:
        ran.append(f"{task} {languages[0]}")
        return [by_language[languages[0]]]

    def detect(_: Any, _features: Any) -> list[Detected]:
        ran.append("detect")
        return [detected]

    monkeypatch.setattr(WhisperDecoding, "greedy", greedy)
    monkeypatch.setattr(WhisperDecoding, "languages", detect)
    return ran


def test_a_good_one_costs_no_detection(engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = answers(monkeypatch, {"en": attempt("hello", SURE, 0.6, ("en", 0.6))}, ("en", 0.6))
    heard = engine.transcribe(Utterance(AUDIO, "en", assumed=True))
    assert ran == ["transcribe en"]
    assert (heard.language, heard.language_probability) == ("en", 0.6)


def test_a_short_word_that_could_be_another_language_stays(
    engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = answers(monkeypatch, {"en": attempt("okay", SURE, 0.2, ("cy", 0.5))}, ("cy", 0.5))
    assert engine.transcribe(Utterance(AUDIO, "en", assumed=True)).language == "en"
    assert ran == ["transcribe en"]


def test_another_language_that_is_heard_surely_is_taken(engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whisper decodes German under an English token fluently, as a translation: confidence alone does not tell."""
    both = {
        "en": attempt("I love it.", SURE, 0.01, ("de", 0.98)),
        "de": attempt("Ich liebe es.", SURE, 0.98, ("de", 0.98)),
    }
    ran = answers(monkeypatch, both, ("de", 0.97))
    heard = engine.transcribe(Utterance(AUDIO, "en", assumed=True))
    assert (heard.text, heard.language, heard.language_probability) == ("Ich liebe es.", "de", 0.97)
    assert ran[:3] == ["transcribe en", "detect", "transcribe de"]


def test_a_bad_one_is_tried_in_the_language_that_is_heard(
    engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {"en": attempt("???", UNSURE, 0.4, ("ko", 0.5)), "ko": attempt("안녕하세요", SURE, 0.5, ("ko", 0.5))}
    answers(monkeypatch, both, ("ko", 0.5))
    heard = engine.transcribe(Utterance(AUDIO, "en", assumed=True))
    assert (heard.text, heard.language, heard.language_probability) == ("안녕하세요", "ko", 0.5)
    both["ko"] = attempt("???", UNSURE - 1, 0.5, ("ko", 0.5))
    assert engine.transcribe(Utterance(AUDIO, "en", assumed=True)).language == "en", "that did no better"


def test_a_bad_one_in_its_own_language_stays_bad(engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = answers(monkeypatch, {"en": attempt("mumble", UNSURE, 0.9, ("en", 0.9))}, ("en", 0.9))
    heard = engine.transcribe(Utterance(AUDIO, "en", assumed=True))
    assert (heard.language, heard.avg_logprob) == ("en", UNSURE)
    assert ran == ["transcribe en", "detect"]


def test_a_language_that_was_named_is_kept_whatever_is_heard(
    engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = answers(monkeypatch, {"en": attempt("I love it.", UNSURE, 0.01, ("de", 0.98))}, ("de", 0.98))
    assert engine.transcribe(Utterance(AUDIO, "en")).language == "en"
    assert ran == ["transcribe en"]


@pytest.mark.parametrize(
    ("first", "second", "seconds", "language", "probability"),
    [
        ({"it": 0.6, "es": 0.3}, {"es": 0.8, "it": 0.1}, 3.0, "es", 0.55),  # the mean decides
        ({"pl": 0.84, "es": 0.1}, {"es": 0.75, "pl": 0.05}, 3.0, "pl", 0.445),
        ({"it": 0.9}, None, 3.0, "it", 0.9),  # sure
        ({"it": 0.6, "es": 0.3}, None, 6.5, "it", 0.6),  # long enough to tell
    ],
)
def test_short_audio_of_an_unsure_language_is_looked_at_twice(
    engine: WhisperEngine,
    monkeypatch: pytest.MonkeyPatch,
    first: dict[str, float],
    second: dict[str, float] | None,
    seconds: float,
    language: str,
    probability: float,
) -> None:
    codes, looks, heard = engine._decoding._codes, [first, second], []

    def spoken(_: Any, audio: Any) -> list[list[float]]:
        look = looks.pop(0)
        assert look is not None, "looked at once more than needed"
        return [[look.get(code, 0.0) for code in codes]]

    def encode(audio: Any, frames: int) -> Any:
        heard.append(len(audio[0]))
        return real(audio, frames)

    real = engine._encode
    monkeypatch.setattr(WhisperDecoding, "spoken", spoken)
    monkeypatch.setattr(engine, "_encode", encode)
    audio = np.resize(AUDIO, int(seconds * 16_000))
    features = engine._encode([audio], 3000)
    ((found, how_probable),) = engine._spoken(features, [None], [audio])
    assert found == language
    assert how_probable == pytest.approx(probability)
    assert heard[1:] == ([30 * 16_000] if second else []), "all of the window is filled"


def test_a_partial_is_looked_at_once(engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    real = WhisperDecoding.spoken

    def spoken(self: WhisperDecoding, audio: Any) -> list[list[float]]:
        looks.append(len(audio))
        return real(self, audio)

    monkeypatch.setattr(WhisperDecoding, "spoken", spoken)
    engine.partial(Utterance(AUDIO, None), lambda: None)
    assert looks == [1]


def test_how_probable_the_language_is_comes_from_the_decode_itself(engine: WhisperEngine) -> None:
    """With random weights: what the decode tells of a named language is what a detection tells."""
    audio = np.resize(AUDIO, 7 * 16_000)
    detected = engine.transcribe(Utterance(audio, None))
    assert detected.language_probability is not None
    named = engine.transcribe(Utterance(audio, detected.language))
    assert named.language_probability == pytest.approx(detected.language_probability, abs=1e-5)


def test_a_model_of_english_alone_tells_no_probability(english_checkpoint: Path) -> None:
    model = openai_whisper.load_model(str(english_checkpoint), device="cpu")
    engine = WhisperEngine(model, "random.en", False, SttSettings(whisper_temperatures=(0.0,)))
    assert engine.transcribe(Utterance(AUDIO, "en", assumed=True)).language_probability is None


def test_translation_can_be_turned_off(multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = openai_whisper.load_model(str(multilingual_checkpoint), device="cpu")
    settings = SttSettings(whisper_temperatures=(0.0,), whisper_window="full", stt_translate=False)
    engine = WhisperEngine(model, "random", False, settings)
    ran = answers(monkeypatch, {"ko": attempt("안녕하세요", SURE, 0.9, ("ko", 0.9))}, ("ko", 0.9))
    heard = engine.transcribe(Utterance(AUDIO, "ko"))
    assert ran == ["transcribe ko"]
    assert heard.translation is None
    assert heard.no_translation == "The sentiment model does not read Korean, and translation is turned off."


@pytest.mark.parametrize(
    ("given", "assumed", "setting", "language", "still_assumed"),
    [
        (None, False, None, None, False),
        (None, False, "de", "de", False),
        ("ko", False, "de", "ko", False),
        ("ko", True, None, "ko", True),
        ("ko", True, "de", "de", False),
        (None, True, None, None, False),
    ],
)
def test_which_language_goes_first(
    given: str | None, assumed: bool, setting: str | None, language: str | None, still_assumed: bool
) -> None:
    job = UtteranceJob(session="l" * 32, start=0, end=5, language=given, language_assumed=assumed, hints="Ada")
    asked = utterance_of(job, AUDIO, SttSettings(stt_language=setting, whisper_prompt="Notes."))
    assert (asked.language, asked.assumed) == (language, still_assumed)
    assert (asked.prompt, asked.word_times) == ("Notes. Ada.", False)
