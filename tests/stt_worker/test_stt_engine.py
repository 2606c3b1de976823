"""openai-whisper behind the engine: one encoder pass whatever happens, languages, translation, fallback."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import whisper as openai_whisper
from speech_engine import SpeechEngine, SpeechEngineError
from stt_settings import SttSettings
from whisper_engine import WhisperEngine

from tests.stt_worker.conftest import Say, as_floats

ANYTHING: dict[str, Any] = {
    "logprob_threshold": -10.0,
    "compression_ratio_threshold": 100.0,
    "whisper_temperatures": (0.0,),
}
AUDIO = (np.random.default_rng(5).standard_normal(16_000) * 0.1).astype(np.float32)


@dataclass
class Calls:
    encoder: int = 0
    decodes: list[tuple[str, str | None, float]] = field(default_factory=list)
    options: list[Any] = field(default_factory=list)


def load(checkpoint: Path, **settings: Any) -> WhisperEngine:
    model = openai_whisper.load_model(str(checkpoint), device="cpu")
    return WhisperEngine(model, checkpoint.stem, False, SttSettings(**settings))


@contextmanager
def counted(engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch, logprob: float | None = None) -> Iterator[Calls]:
    """Counts what really runs. With `logprob` every decode seems so confident (weights here are random)."""
    calls = Calls()
    decode = openai_whisper.decode

    def counting_decode(model: Any, features: torch.Tensor, options: Any) -> Any:
        calls.decodes.append((options.task, options.language, options.temperature))
        calls.options.append(options)
        result = decode(model, features, options)
        return result if logprob is None else _replaced(result, avg_logprob=logprob)

    def count_encoder(*_: Any) -> None:
        calls.encoder += 1

    hook = engine._model.encoder.register_forward_hook(count_encoder)
    monkeypatch.setattr(openai_whisper, "decode", counting_decode)
    try:
        yield calls
    finally:
        hook.remove()


def _replaced(result: Any, **changes: Any) -> Any:
    import dataclasses

    return dataclasses.replace(result, **changes)


def test_it_is_a_speech_engine(english_checkpoint: Path) -> None:
    engine: SpeechEngine = load(english_checkpoint)
    assert (engine.name, engine.demo, engine.can_translate) == ("random.en", False, False)


def test_english_only_model_encodes_once_and_detects_nothing(
    english_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(english_checkpoint, **ANYTHING)
    with counted(engine, monkeypatch, logprob=-0.5) as calls:
        heard = engine.transcribe(AUDIO, None)
        assert heard.language == "en"
        assert engine.transcribe(AUDIO, "ko").language == "en"
    assert calls.encoder == 2
    assert calls.decodes == [("transcribe", "en", 0.0)] * 2
    assert heard.translation is None
    assert heard.no_translation is None


def test_decoding_options(english_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(english_checkpoint, **ANYTHING, tokens_per_sec_max=10.0)
    with counted(engine, monkeypatch) as calls:
        engine.transcribe(AUDIO, None)
        engine.transcribe(np.tile(AUDIO, 30), None)
    short, long = calls.options
    assert short.without_timestamps
    assert short.suppress_blank
    assert not short.fp16
    assert short.prompt is None
    assert (short.sample_len, long.sample_len) == (26, 224)


def test_fallback_encodes_once(multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(multilingual_checkpoint, whisper_temperatures=(0.0, 0.4, 1.0), logprob_threshold=-0.001)
    with counted(engine, monkeypatch) as calls:
        heard = engine.transcribe(AUDIO, "en")
    assert calls.encoder == 1
    assert calls.decodes == [("transcribe", "en", t) for t in (0.0, 0.4, 1.0)]
    assert heard.temperature in (0.0, 0.4, 1.0)


def test_fallback_keeps_the_best_attempt(english_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(english_checkpoint, whisper_temperatures=(0.0, 0.5, 1.0))
    attempts = {0.0: (-0.2, 9.0), 0.5: (-1.2, 1.5), 1.0: (-3.0, 1.1)}

    def decode(_model: Any, features: torch.Tensor, options: Any) -> Any:
        logprob, ratio = attempts[options.temperature]
        return openai_whisper.DecodingResult(
            features, "en", text="x", avg_logprob=logprob, no_speech_prob=0.0, compression_ratio=ratio,
            temperature=options.temperature,
        )  # fmt: skip

    monkeypatch.setattr(openai_whisper, "decode", decode)
    assert engine.transcribe(AUDIO, None).temperature == 0.5, "neither the loop nor the least confident"
    attempts[0.5] = (-0.4, 1.5)
    assert engine.transcribe(AUDIO, None).temperature == 0.5, "the first that will do"
    attempts[0.0] = (-0.4, 1.0)
    assert engine.transcribe(AUDIO, None).temperature == 0.0


def test_another_language_is_detected_and_translated_from_one_pass(
    multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(multilingual_checkpoint, **ANYTHING)
    detected: list[Any] = []
    detect = openai_whisper.detect_language

    def find_korean(model: Any, features: torch.Tensor) -> Any:
        tokens, probabilities = detect(model, features)
        detected.append(probabilities)
        return tokens, dict.fromkeys(probabilities, 0.001) | {"ko": 0.9}

    monkeypatch.setattr(openai_whisper, "detect_language", find_korean)
    with counted(engine, monkeypatch, logprob=-0.5) as calls:
        heard = engine.transcribe(AUDIO, None)
    assert calls.encoder == 1
    assert calls.decodes == [("transcribe", "ko", 0.0), ("translate", "ko", 0.0)]
    assert heard.language == "ko"
    assert heard.translation
    assert heard.no_translation is None
    assert math.isclose(sum(detected[0].values()), 1.0, abs_tol=1e-3), "real probabilities of the real features"


def test_language_hint_saves_the_detection(multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(multilingual_checkpoint, **ANYTHING)

    def no_detection(*_: Any) -> Any:
        raise AssertionError("detected in spite of a hint")

    monkeypatch.setattr(openai_whisper, "detect_language", no_detection)
    assert engine.transcribe(AUDIO, "ja").language == "ja"


def test_unknown_language_is_detected_instead(multilingual_checkpoint: Path, caplog: pytest.LogCaptureFixture) -> None:
    engine = load(multilingual_checkpoint, **ANYTHING)
    known = engine.transcribe(AUDIO, None).language
    assert engine.transcribe(AUDIO, "xx").language == known
    assert engine.transcribe(AUDIO, "yue").language == known, "Cantonese came with large-v3; this model has 99"
    assert "does not know the language 'xx'" in caplog.text


def test_model_that_cannot_translate_says_so(turbo_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(turbo_checkpoint, **ANYTHING)
    assert not engine.can_translate
    with counted(engine, monkeypatch, logprob=-0.5) as calls:
        heard = engine.transcribe(AUDIO, "ko")
    assert calls.decodes == [("transcribe", "ko", 0.0)]
    assert heard.translation is None
    assert heard.no_translation is not None
    assert "cannot translate Korean" in heard.no_translation


def test_unreliable_translation_is_no_translation(
    multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(multilingual_checkpoint, whisper_temperatures=(0.0,))

    def decode(_model: Any, features: torch.Tensor, options: Any) -> Any:
        sure = options.task == "transcribe"
        return openai_whisper.DecodingResult(
            features, "ko", text="text", avg_logprob=-0.2 if sure else -2.0, no_speech_prob=0.0,
            compression_ratio=0.5, temperature=0.0,
        )  # fmt: skip

    monkeypatch.setattr(openai_whisper, "decode", decode)
    heard = engine.transcribe(AUDIO, "ko")
    assert heard.text == "text"
    assert heard.translation is None
    assert heard.no_translation is not None
    assert "log-probability -2.00" in heard.no_translation


def test_what_will_be_dropped_is_not_translated(multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(multilingual_checkpoint, whisper_temperatures=(0.0,))
    with counted(engine, monkeypatch, logprob=-5.0) as calls:
        assert engine.transcribe(AUDIO, "ko").no_translation is None
    assert [task for task, _, _ in calls.decodes] == ["transcribe"]


def test_same_audio_same_text(english_checkpoint: Path) -> None:
    engine = load(english_checkpoint, whisper_temperatures=(1.0,))
    assert engine.transcribe(AUDIO, None) == engine.transcribe(AUDIO, None)


def test_overflow_is_an_error_not_a_text(english_checkpoint: Path) -> None:
    engine = load(english_checkpoint, whisper_temperatures=(0.0,))
    with torch.no_grad():
        engine._model.decoder.ln.weight.fill_(float("nan"))
    with pytest.raises(SpeechEngineError, match="overflowed"):
        engine.transcribe(AUDIO, None)


def test_works_after_a_failure(multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(multilingual_checkpoint, **ANYTHING)
    before = engine.transcribe(AUDIO, "en")
    block = engine._model.decoder.blocks[1]
    with monkeypatch.context() as broken:
        broken.setattr(block, "forward", lambda *_args, **_more: (_ for _ in ()).throw(MemoryError("no memory")))
        with pytest.raises(MemoryError):
            engine.transcribe(AUDIO, "en")
    engine.recover()
    assert engine.transcribe(AUDIO, "en") == before


def test_warm_up_runs_the_model(multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(multilingual_checkpoint)
    with counted(engine, monkeypatch) as calls:
        engine.warm_up()
    assert calls.encoder == 1
    assert calls.decodes == [("transcribe", "en", 0.0)]


def test_agrees_with_openai_whispers_transcribe(say: Say) -> None:
    """With the demo model: the same words as the library's own way, which encodes again and again."""
    settings = SttSettings(whisper_temperatures=(0.0,))
    model = openai_whisper.load_model(str(settings.demo_speech_model), device="cpu")
    engine = WhisperEngine(model, "demo", True, settings)
    audio = as_floats(say("I really love this movie."))
    theirs = openai_whisper.transcribe(
        model, audio, temperature=0.0, language="en", without_timestamps=True, fp16=False,
        logprob_threshold=None, no_speech_threshold=None, condition_on_previous_text=False,
    )  # fmt: skip
    [segment] = theirs["segments"]
    heard = engine.transcribe(audio, None)
    assert heard.text.strip() == segment["text"].strip()
    assert heard.avg_logprob == pytest.approx(segment["avg_logprob"], abs=1e-3)
    assert heard.no_speech_prob == pytest.approx(segment["no_speech_prob"], abs=1e-3)
