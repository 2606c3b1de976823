"""Hints are openai-whisper's prompt, token by token, and what only repeats them is not taken for speech."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
import whisper as openai_whisper
from whisper.decoding import DecodingTask
from whisper.tokenizer import get_tokenizer

from harness.speech import demo_clips
from stt_worker.engine.decoder.decoding import Attempt, WhisperDecoding
from stt_worker.engine.decoder.encoder import encode, spectrogram
from stt_worker.engine.decoder.greedy import GreedyDecoder
from stt_worker.engine.decoder.rules import Prompts, options
from stt_worker.engine.hints import alike, joined, repeats
from stt_worker.engine.protocol import Utterance
from stt_worker.engine.quality import judge
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings
from tests.stt_worker.conftest import as_floats

HINTS = "Ada Lovelace, Kubernetes, Prometheus"
LONG = ", ".join(f"name{number}" for number in range(300))
AUDIO = (np.random.default_rng(5).standard_normal(16_000) * 0.1).astype(np.float32)


@pytest.fixture(scope="module")
def demo() -> Any:
    return openai_whisper.load_model(str(SttSettings().demo_speech_model), device="cpu")


@pytest.fixture(scope="module")
def heard(demo: Any) -> list[torch.Tensor]:
    """Features of the full window of two demo clips."""
    with torch.inference_mode():
        return [
            encode(demo.encoder, spectrogram(as_floats(clip.pcm), 80, 3000, demo.device)[None])
            for clip in demo_clips()[:2]
        ]


@pytest.mark.parametrize("prompt", ["", "  ", HINTS, "쿠버네티스, 김민준", LONG])
@pytest.mark.parametrize("checkpoint", ["english_checkpoint", "multilingual_checkpoint"])
def test_decoding_starts_from_the_tokens_of_openai_whisper(
    prompt: str, checkpoint: str, request: pytest.FixtureRequest
) -> None:
    model = openai_whisper.load_model(str(request.getfixturevalue(checkpoint)), device="cpu")
    theirs = DecodingTask(model, options("en", "transcribe", prompt=prompt.strip()))
    ours = Prompts(model).of("en", "transcribe", prompt)
    assert ours == tuple(theirs.initial_tokens)
    assert (theirs.tokenizer.sot_prev in ours) == bool(prompt.strip())
    assert len(ours) <= model.dims.n_text_ctx // 2 + 4


def test_what_looks_like_a_special_token_is_text(demo: Any) -> None:
    prompts = Prompts(demo)
    special = set(prompts._encoding._special_tokens.values())
    before, after = set(prompts.of("en", "transcribe", "a")), set(prompts.of("en", "transcribe", "<|endoftext|> a"))
    assert special & before == special & after


@torch.inference_mode()
@pytest.mark.parametrize("prompt", [HINTS, LONG])
def test_the_same_tokens_as_openai_whisper(demo: Any, heard: list[torch.Tensor], prompt: str) -> None:
    decoding = WhisperDecoding(demo, "fp32", SttSettings())
    for features in heard:
        theirs = openai_whisper.decode(demo, features[0], options("en", "transcribe", fp16=False, prompt=prompt))
        for draft in ((), tuple(theirs.tokens[:3]), (9, 9)):
            (ours,) = decoding.greedy(features, ["en"], "transcribe", [224], draft=draft, prompts=[prompt])
            assert list(ours.tokens) == theirs.tokens
            assert ours.avg_logprob == pytest.approx(theirs.avg_logprob, abs=1e-3)
            assert ours.no_speech_prob == pytest.approx(theirs.no_speech_prob, abs=1e-4)


@torch.inference_mode()
def test_prompts_of_other_lengths_side_by_side(demo: Any, heard: list[torch.Tensor]) -> None:
    decoding = WhisperDecoding(demo, "fp32", SttSettings())
    prompts = ["", HINTS, "", "Kubernetes", LONG]
    features = torch.cat([heard[0], heard[1], heard[1], heard[0], heard[0]])
    together = decoding.greedy(features, ["en"] * 5, "transcribe", [60] * 5, prompts=prompts)
    for at, prompt in enumerate(prompts):
        (alone,) = decoding.greedy(features[at : at + 1], ["en"], "transcribe", [60], prompts=[prompt])
        assert together[at].tokens == alone.tokens
        assert together[at].avg_logprob == pytest.approx(alone.avg_logprob, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "prompt", "only"),
    [
        ("Kubernetes.", HINTS, True),
        ("Ada Lovelace Kubernetes", HINTS, True),
        ("Prometheus, Ada", HINTS, True),
        ("쿠버네티스", "쿠버네티스, 김민준", True),
        ("We use Kubernetes.", HINTS, False),
        ("Thank you.", HINTS, False),
        ("Kubernetes.", "", False),
        ("...", HINTS, False),
        ("", HINTS, False),
    ],
)
def test_what_only_repeats_its_prompt(text: str, prompt: str, only: bool) -> None:
    assert repeats(text, prompt) == only


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Kubernetes.", "Cooper Netties", True),
        ("Ada Lovelace", "Ada love lace.", True),
        ("쿠버네티스", "쿠버 네티스", True),
        ("Kubernetes.", "Thank you.", False),
        ("Ada Lovelace, Kubernetes", "you", False),
    ],
)
def test_spellings_of_one_thing_are_alike(one: str, other: str, same: bool) -> None:
    assert alike(one, other) == same


def test_the_workers_prompt_comes_first_and_is_cut_first() -> None:
    assert joined("Meeting notes", " Ada, Bob ") == "Meeting notes. Ada, Bob."
    assert joined("", "Ada!") == joined("Ada!", None) == "Ada!"
    assert joined("", "") == ""


Answers = dict[bool, Attempt]  # with a prompt, without


def engine_that_says(monkeypatch: pytest.MonkeyPatch, answers: Answers) -> tuple[WhisperEngine, list[tuple[str, str]]]:
    """An engine whose decodes give what `answers` says, and a list of their tasks and prompts."""
    settings = SttSettings(whisper_temperatures=(0.0,), whisper_precision="fp32")
    model = openai_whisper.load_model(str(settings.demo_speech_model), device="cpu")
    asked: list[tuple[str, str]] = []

    def greedy(
        _: Any,
        _features: Any,
        _languages: Any,
        task: str,
        _limits: Any,
        draft: Sequence[int] = (),
        prompts: Sequence[str] = (),
        **__: Any,
    ) -> list[Attempt]:
        (prompt,) = prompts
        asked.append((task, prompt))
        return [answers[bool(prompt)]]

    monkeypatch.setattr(WhisperDecoding, "greedy", greedy)
    return WhisperEngine(model, "like the demo", False, settings), asked


@pytest.mark.parametrize(
    ("with_prompt", "without", "text"),
    [
        (Attempt("Kubernetes.", -0.1, 0.0), Attempt("Cooper Netties.", -0.4, 0.0), "Kubernetes."),
        (Attempt("Kubernetes.", -0.1, 0.0), Attempt("Thank you.", -0.4, 0.0), "Thank you."),
        (Attempt("...", -0.1, 0.0), Attempt("I love it.", -0.4, 0.0), "I love it."),
        (Attempt("what is this", -1.9, 0.1), Attempt("I love it.", -0.4, 0.0), "I love it."),
        (Attempt("We use Kubernetes.", -0.1, 0.0), Attempt("never asked", -0.1, 0.0), "We use Kubernetes."),
    ],
)
def test_a_text_of_hints_alone_is_heard_again_without_them(
    monkeypatch: pytest.MonkeyPatch, with_prompt: Attempt, without: Attempt, text: str
) -> None:
    engine, asked = engine_that_says(monkeypatch, {True: with_prompt, False: without})
    assert engine.transcribe(Utterance(AUDIO, "en", prompt=HINTS)).text == text
    again = with_prompt.text != "We use Kubernetes."
    assert list(dict.fromkeys(asked)) == [("transcribe", HINTS), *[("transcribe", "")] * again]


@pytest.mark.parametrize(
    "without", [Attempt("Kubernetes", -1.7, 0.1), Attempt("Kubernetes", -1.7, 0.9), Attempt("...", -0.1, 0.0)]
)
def test_hints_said_into_noise_are_refused(monkeypatch: pytest.MonkeyPatch, without: Attempt) -> None:
    engine, _ = engine_that_says(monkeypatch, {True: Attempt("Kubernetes", -0.1, 0.0), False: without})
    heard = engine.transcribe(Utterance(AUDIO, "en", prompt=HINTS))
    assert not isinstance(judge(heard, SttSettings()), str)


def test_a_partial_of_hints_alone_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {True: Attempt("Kubernetes", -0.1, 0.0), False: Attempt("never asked", -0.1, 0.0)}
    engine, _ = engine_that_says(monkeypatch, answers)
    assert engine.partial(Utterance(AUDIO, "en", prompt=HINTS), lambda: None).text == ""
    answers[True] = Attempt("We use Kubernetes", -0.1, 0.0)
    assert engine.partial(Utterance(AUDIO, "en", prompt=HINTS), lambda: None).text == "We use Kubernetes"


def test_the_demo_model_which_knows_no_prompts_gets_none(demo: Any) -> None:
    engine = WhisperEngine(demo, "demo", True, SttSettings(whisper_precision="fp32"))
    for clip in demo_clips():
        asked = Utterance(as_floats(clip.pcm), "en", prompt=HINTS)
        assert engine.transcribe(asked).text == clip.text
        assert engine.partial(asked, lambda: None).text == clip.text


def test_silence_with_hints_says_nothing(demo: Any) -> None:
    engine = WhisperEngine(demo, "like the demo", False, SttSettings(whisper_precision="fp32"))
    heard = engine.transcribe(Utterance(np.zeros(48_000, dtype=np.float32), "en", prompt=HINTS))
    assert not isinstance(judge(heard, SttSettings()), str)


def test_high_temperatures_take_no_prompt(monkeypatch: pytest.MonkeyPatch, demo: Any) -> None:
    taken: list[tuple[float, bool]] = []
    decode = GreedyDecoder.decode
    previous = get_tokenizer(False).sot_prev

    def noting(decoder: GreedyDecoder, features: Any, prompts: Any, limits: Any, *more: Any, **asked: Any) -> Any:
        if asked.get("temperature"):
            taken.append((asked["temperature"], prompts[0][0] == previous))
        return decode(decoder, features, prompts, limits, *more, **asked)

    monkeypatch.setattr(GreedyDecoder, "decode", noting)
    settings = SttSettings(
        whisper_temperatures=(0.0, 0.4, 0.6), logprob_threshold=-0.0001, no_speech_threshold=1, whisper_precision="fp32"
    )
    WhisperEngine(demo, "like the demo", False, settings).transcribe(Utterance(AUDIO, "en", prompt=HINTS))
    assert taken == [(0.4, True), (0.6, False), (0.4, False), (0.6, False)], "then all of it without the hints"
