"""openai-whisper behind the engine: one encoder pass whatever happens, languages, translation, fallback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import whisper as openai_whisper

from stt_worker.engine.decoder import encoder as audio_encoder
from stt_worker.engine.decoder.decoding import Attempt, WhisperDecoding
from stt_worker.engine.decoder.layer import DecoderLayer
from stt_worker.engine.protocol import SpeechEngine, SpeechEngineError, Utterance
from stt_worker.engine.quality import doubt
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings
from tests.stt_worker.conftest import Say, as_floats

ANYTHING: dict[str, Any] = {
    "logprob_threshold": -10.0,
    "compression_ratio_threshold": 100.0,
    "whisper_temperatures": (0.0,),
}
FP32: dict[str, Any] = {"whisper_precision": "fp32"}
AUDIO = (np.random.default_rng(5).standard_normal(16_000) * 0.1).astype(np.float32)


@dataclass
class Calls:
    """What ran: frames that the encoder saw, and of each decode its task, language and temperature."""

    frames: list[int] = field(default_factory=list)
    decodes: list[tuple[str, str | None, float]] = field(default_factory=list)
    limits: list[int] = field(default_factory=list)


def load(checkpoint: Path, **settings: Any) -> WhisperEngine:
    model = openai_whisper.load_model(str(checkpoint), device="cpu")
    return WhisperEngine(model, checkpoint.stem, False, SttSettings(**FP32 | settings))


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch, logprob: float | None = None) -> Iterator[Calls]:
    """Counts what really runs. With `logprob` every decode seems so confident and finished: weights are random."""
    calls = Calls()
    encode, greedy, sampled = audio_encoder.encode, WhisperDecoding.greedy, WhisperDecoding.sampled

    def counting_encode(encoder: Any, mel: torch.Tensor, *more: Any) -> torch.Tensor:
        calls.frames.append(mel.shape[-1])
        return encode(encoder, mel, *more)

    def counting_greedy(
        decoding: Any, features: Any, languages: Any, task: str, limits: Any, *a: Any, **kw: Any
    ) -> Any:
        calls.decodes += [(task, language, 0.0) for language in languages]
        calls.limits += limits
        found = greedy(decoding, features, languages, task, limits, *a, **kw)
        return found if logprob is None else [replace(one, avg_logprob=logprob, finished=True) for one in found]

    def counting_sampled(
        decoding: Any, features: Any, language: str, task: str, limit: int, temperature: float, prompt: str
    ) -> Any:
        calls.decodes.append((task, language, temperature))
        found = sampled(decoding, features, language, task, limit, temperature, prompt)
        return found if logprob is None else replace(found, avg_logprob=logprob)

    with monkeypatch.context() as patched:
        patched.setattr("stt_worker.engine.whisper_engine.encode", counting_encode)
        patched.setattr(WhisperDecoding, "greedy", counting_greedy)
        patched.setattr(WhisperDecoding, "sampled", counting_sampled)
        yield calls


def answer(monkeypatch: pytest.MonkeyPatch, attempt: Callable[[str, float], Attempt]) -> None:
    """Every decode gives what `attempt` says of its task and temperature."""

    def greedy(_decoding: Any, _features: Any, languages: Any, task: str, *_: Any, **__: Any) -> list[Attempt]:
        return [attempt(task, 0.0) for _ in languages]

    def sampled(_: Any, _features: Any, _language: str, task: str, _limit: int, temperature: float, _p: str) -> Attempt:
        return attempt(task, temperature)

    monkeypatch.setattr(WhisperDecoding, "greedy", greedy)
    monkeypatch.setattr(WhisperDecoding, "sampled", sampled)


def test_it_is_a_speech_engine(english_checkpoint: Path) -> None:
    engine: SpeechEngine = load(english_checkpoint)
    assert (engine.name, engine.demo, engine.can_translate) == ("random.en", False, False)


def test_english_only_model_encodes_once_and_detects_nothing(
    english_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(english_checkpoint, **ANYTHING)
    with counted(monkeypatch, logprob=-0.5) as calls:
        heard = engine.transcribe(Utterance(AUDIO, None))
        assert heard.language == "en"
        assert engine.transcribe(Utterance(AUDIO, "ko")).language == "en"
    assert calls.frames == [1000, 1000]
    assert calls.decodes == [("transcribe", "en", 0.0)] * 2
    assert heard.translation is None
    assert heard.no_translation is None


def test_the_limit_of_tokens(english_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stt_worker.engine.decoder.decoding.TOKENS_PER_SEC_MAX", 10.0)
    engine = load(english_checkpoint, **ANYTHING)
    with counted(monkeypatch, logprob=-0.5) as calls:
        engine.transcribe(Utterance(AUDIO, None))
        engine.transcribe(Utterance(np.tile(AUDIO, 30), None))
    assert calls.limits == [26, 224]


@pytest.mark.parametrize(
    ("seconds", "settings", "frames"),
    [
        (1, {}, 1000),
        (8, {}, 1000),
        (9.5, {}, 1150),
        (29, {}, 3000),
        (1, {"whisper_window_floor_sec": 1, "whisper_window_margin_sec": 0.5}, 150),
        (1, {"whisper_window": "full"}, 3000),
    ],
)
def test_the_window(
    english_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    settings: dict[str, Any],
    frames: int,
) -> None:
    engine = load(english_checkpoint, **ANYTHING, **settings)
    with counted(monkeypatch, logprob=-0.5) as calls:
        engine.transcribe(Utterance(np.resize(AUDIO, int(seconds * 16_000)), None))
    assert calls.frames == [frames]


def test_fallback_encodes_once(multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(
        multilingual_checkpoint, whisper_temperatures=(0.0, 0.4, 1.0), logprob_threshold=-0.001, whisper_window="full"
    )
    with counted(monkeypatch) as calls:
        heard = engine.transcribe(Utterance(AUDIO, "en"))
    assert calls.frames == [3000]
    assert calls.decodes == [("transcribe", "en", t) for t in (0.0, 0.4, 1.0)]
    assert heard.temperature in (0.0, 0.4, 1.0)
    assert not heard.decoded_again


def test_a_doubtful_result_of_a_short_window_is_done_again_with_the_full_one(
    multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(multilingual_checkpoint, whisper_temperatures=(0.0, 0.4), logprob_threshold=-0.001)
    with counted(monkeypatch) as calls:
        heard = engine.transcribe(Utterance(AUDIO, "en"))
    assert calls.frames == [1000, 3000]
    assert calls.decodes == [("transcribe", "en", t) for t in (0.0, 0.0, 0.4)]
    assert heard.decoded_again


@pytest.mark.parametrize(
    "doubtful",
    [
        Attempt("a b c", -1.5, 0.0),
        Attempt("no " * 9, -0.1, 0.0),
        Attempt("never ends", -0.1, 0.0, finished=False),
        Attempt("over and over " * 20, -0.1, 0.0),
    ],
)
def test_what_is_doubtful(english_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, doubtful: Attempt) -> None:
    engine = load(english_checkpoint)
    attempts = iter([doubtful, Attempt("I love this movie.", -0.1, 0.0)])
    answer(monkeypatch, lambda *_: next(attempts))
    heard = engine.transcribe(Utterance(AUDIO, None))
    assert (heard.text, heard.decoded_again) == ("I love this movie.", True)


def test_what_is_sure_is_not_done_again(english_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(english_checkpoint)
    attempts = iter([Attempt("Very, very good, no no no.", -0.1, 0.0)])
    answer(monkeypatch, lambda *_: next(attempts))
    assert not engine.transcribe(Utterance(AUDIO, None)).decoded_again


def test_fallback_keeps_the_best_attempt(english_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(english_checkpoint, whisper_temperatures=(0.0, 0.5, 1.0))
    loop = "over and over " * 20
    attempts = {0.0: Attempt(loop, -0.2, 0.0), 0.5: Attempt("x", -1.2, 0.0, 0.5), 1.0: Attempt("y", -3.0, 0.0, 1.0)}
    answer(monkeypatch, lambda _task, temperature: attempts[temperature])
    assert engine.transcribe(Utterance(AUDIO, None)).temperature == 0.5, "neither the loop nor the least confident"
    attempts[0.5] = replace(attempts[0.5], avg_logprob=-0.4)
    assert engine.transcribe(Utterance(AUDIO, None)).temperature == 0.5, "the first that will do"
    attempts[0.0] = Attempt("z", -0.4, 0.0)
    assert engine.transcribe(Utterance(AUDIO, None)).temperature == 0.0


def test_another_language_is_detected_and_translated_from_one_pass(
    multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(multilingual_checkpoint, **ANYTHING)
    surely = [0.9 if code == "ko" else 0.0 for code in engine._decoding._codes]
    monkeypatch.setattr(WhisperDecoding, "spoken", lambda _decoding, features: [surely] * len(features))
    with counted(monkeypatch, logprob=-0.5) as calls:
        heard = engine.transcribe(Utterance(AUDIO, None))
    assert calls.frames == [1000]
    assert calls.decodes == [("transcribe", "ko", 0.0), ("translate", "ko", 0.0)]
    assert heard.language == "ko"
    assert heard.translation
    assert heard.no_translation is None


def test_the_language_is_openai_whispers(multilingual_checkpoint: Path) -> None:
    model = openai_whisper.load_model(str(multilingual_checkpoint), device="cpu")
    features = torch.randn(5, 1500, 64) * 3
    _, theirs = openai_whisper.detect_language(model, features)
    ours = WhisperDecoding(model, "fp32", SttSettings()).languages(features)
    for (language, probability), row in zip(ours, theirs, strict=True):
        assert language == max(row, key=lambda code: row[code])
        assert probability == pytest.approx(row[language], abs=1e-5)


def test_language_hint_saves_the_detection(multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(multilingual_checkpoint, **ANYTHING)

    def no_detection(*_: Any) -> Any:
        raise AssertionError("detected in spite of a hint")

    monkeypatch.setattr(WhisperDecoding, "spoken", no_detection)
    assert engine.transcribe(Utterance(AUDIO, "ja")).language == "ja"


def test_unknown_language_is_detected_instead(multilingual_checkpoint: Path, caplog: pytest.LogCaptureFixture) -> None:
    engine = load(multilingual_checkpoint, **ANYTHING)
    known = engine.transcribe(Utterance(AUDIO, None)).language
    assert engine.transcribe(Utterance(AUDIO, "xx")).language == known
    assert engine.transcribe(Utterance(AUDIO, "yue")).language == known, "Cantonese came with large-v3"
    assert "does not know the language 'xx'" in caplog.text


def test_model_that_cannot_translate_says_so(turbo_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(turbo_checkpoint, **ANYTHING)
    assert not engine.can_translate
    with counted(monkeypatch, logprob=-0.5) as calls:
        heard = engine.transcribe(Utterance(AUDIO, "ko"))
    assert calls.decodes == [("transcribe", "ko", 0.0)]
    assert heard.translation is None
    assert heard.no_translation is not None
    assert "cannot translate Korean" in heard.no_translation


def test_unreliable_translation_is_no_translation(
    multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(multilingual_checkpoint, whisper_temperatures=(0.0,))

    sure = {"transcribe": -0.2, "translate": -2.0}
    answer(monkeypatch, lambda task, _temperature: Attempt("text", sure[task], 0.0))
    heard = engine.transcribe(Utterance(AUDIO, "ko"))
    assert heard.text == "text"
    assert heard.translation is None
    assert heard.no_translation is not None
    assert "log-probability -2.00" in heard.no_translation


def test_an_unsure_translation_of_somebody_who_surely_spoke_is_kept_and_told(
    multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(multilingual_checkpoint, whisper_temperatures=(0.0,))
    sure = {"transcribe": -0.2, "translate": -2.0}
    answer(monkeypatch, lambda task, _temperature: Attempt(task, sure[task], 0.0))
    heard = engine.transcribe(Utterance(AUDIO, "ko", speech=((0.1, 0.9),)))
    assert (heard.translation, heard.no_translation, heard.unsure_translation) == ("translate", None, True)
    assert doubt(heard, SttSettings()) == "translation"
    sure["translate"] = -0.5
    heard = engine.transcribe(Utterance(AUDIO, "ko", speech=((0.1, 0.9),)))
    assert (heard.translation, doubt(heard, SttSettings())) == ("translate", None)


def test_what_will_be_dropped_is_not_translated(multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(multilingual_checkpoint, whisper_temperatures=(0.0,))
    with counted(monkeypatch, logprob=-5.0) as calls:
        assert engine.transcribe(Utterance(AUDIO, "ko")).no_translation is None
    assert {task for task, _, _ in calls.decodes} == {"transcribe"}


def test_same_audio_same_text(english_checkpoint: Path) -> None:
    engine = load(english_checkpoint, whisper_temperatures=(0.0, 1.0), logprob_threshold=-0.001)
    assert engine.transcribe(Utterance(AUDIO, None)) == engine.transcribe(Utterance(AUDIO, None))


def test_overflow_is_an_error_not_a_text(english_checkpoint: Path) -> None:
    engine = load(english_checkpoint, whisper_temperatures=(0.0,))
    with torch.no_grad():
        engine._model.decoder.ln.weight.fill_(float("nan"))
    with pytest.raises(SpeechEngineError, match="overflowed"):
        engine.transcribe(Utterance(AUDIO, None))


def test_works_after_a_failure(multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(multilingual_checkpoint, **ANYTHING)
    before = engine.transcribe(Utterance(AUDIO, "en"))
    with monkeypatch.context() as broken:
        broken.setattr(DecoderLayer, "run", lambda *_args, **_more: (_ for _ in ()).throw(MemoryError("no memory")))
        with pytest.raises(MemoryError):
            engine.transcribe(Utterance(AUDIO, "en"))
    engine.recover()
    assert engine.transcribe(Utterance(AUDIO, "en")) == before


def test_warm_up_runs_the_model(multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(multilingual_checkpoint)
    with counted(monkeypatch) as calls:
        engine.warm_up()
    assert calls.frames == [1000, 3000]
    assert len(calls.decodes) == 2


def test_agrees_with_openai_whispers_transcribe(say: Say) -> None:
    """With the demo model: the same words as the library's own way, which encodes again and again."""
    settings = SttSettings(**FP32, whisper_temperatures=(0.0,), whisper_window="full")
    model = openai_whisper.load_model(str(settings.demo_speech_model), device="cpu")
    engine = WhisperEngine(model, "demo", True, settings)
    audio = as_floats(say("I really love this movie."))
    theirs = openai_whisper.transcribe(
        model, audio, temperature=0.0, language="en", without_timestamps=True, fp16=False,
        logprob_threshold=None, no_speech_threshold=None, condition_on_previous_text=False,
    )  # fmt: skip
    [segment] = theirs["segments"]
    heard = engine.transcribe(Utterance(audio, None))
    assert heard.text.strip() == segment["text"].strip()
    assert heard.avg_logprob == pytest.approx(segment["avg_logprob"], abs=1e-3)
    assert heard.no_speech_prob == pytest.approx(segment["no_speech_prob"], abs=1e-3)
