"""The lean decoder says what openai-whisper's own greedy decoding says, from the same weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import whisper as openai_whisper
from whisper.decoding import ApplyTimestampRules, DecodingTask

from harness.speech import demo_clips
from stt_worker.engine.decoder.encoder import encode, spectrogram, window_frames
from stt_worker.engine.decoder.greedy import Decoded, GreedyDecoder, goes_in_circles
from stt_worker.engine.decoder.layer import KeysAndValues
from stt_worker.engine.decoder.rules import Prompts, decoding_rules, options
from stt_worker.settings import SttSettings
from tests.stt_worker.conftest import as_floats

LIMIT = 60
LOGITS_TOLERANCE = 2e-4  # of logits with a spread of about 1; float32 sums in another order


@pytest.fixture(scope="module")
def demo() -> Any:
    return openai_whisper.load_model(str(SttSettings().demo_speech_model), device="cpu")


@pytest.fixture(scope="module")
def heard(demo: Any) -> list[tuple[torch.Tensor, Any]]:
    """Of each demo clip the features of the full window, and what openai-whisper's greedy decoding makes of them."""
    found = []
    with torch.inference_mode():
        for clip in demo_clips():
            mel = spectrogram(as_floats(clip.pcm), 80, 3000, demo.device)[None]
            features = encode(demo.encoder, mel)
            assert torch.equal(features, demo.encoder(mel)), "the encoder is openai-whisper's"
            how = options("en", "transcribe", fp16=False, sample_len=LIMIT)
            found.append((features, openai_whisper.decode(demo, features[0], how)))
    return found


@torch.inference_mode()
def ours(model: Any, features: torch.Tensor, draft: Sequence[int] = ()) -> list[Decoded]:
    rows = len(features)
    prompts = [Prompts(model).of("en", "transcribe")] * rows
    return GreedyDecoder(model, int8=False).decode(features, prompts, [LIMIT] * rows, draft=draft)


def agree(found: Decoded, wanted: Any) -> None:
    assert found.tokens == wanted.tokens
    assert found.avg_logprob == pytest.approx(wanted.avg_logprob, abs=1e-3)
    assert found.no_speech_prob == pytest.approx(wanted.no_speech_prob, abs=1e-4)
    assert found.finished


def test_the_same_tokens_on_the_demo_clips(demo: Any, heard: list[tuple[torch.Tensor, Any]]) -> None:
    assert len(heard) >= 5
    for features, wanted in heard:
        agree(ours(demo, features)[0], wanted)


def test_the_same_tokens_side_by_side(demo: Any, heard: list[tuple[torch.Tensor, Any]]) -> None:
    found = ours(demo, torch.cat([features for features, _ in heard]))
    for one, (_, wanted) in zip(found, heard, strict=True):
        agree(one, wanted)


def test_a_draft_changes_nothing_however_wrong(demo: Any, heard: list[tuple[torch.Tensor, Any]]) -> None:
    for features, wanted in heard:
        right = wanted.tokens
        for draft in (right, right[:3], [*right[:2], 500, *right[3:]], [9, 9], [*right, 13, 13], list(range(200))):
            agree(ours(demo, features, draft)[0], wanted)


@torch.inference_mode()
def test_the_same_tokens_with_timestamps(demo: Any, heard: list[tuple[torch.Tensor, Any]]) -> None:
    decoder, prompts = GreedyDecoder(demo, int8=False), [Prompts(demo).of("en", "transcribe", timestamps=True)]
    for features, _ in heard[:3]:
        how = options("en", "transcribe", timestamps=True, fp16=False, sample_len=LIMIT)
        wanted = openai_whisper.decode(demo, features[0], how)
        (found,) = decoder.decode(features, prompts, [LIMIT], timestamps=True)
        assert found.tokens == wanted.tokens
        assert found.avg_logprob == pytest.approx(wanted.avg_logprob, abs=1e-3)
        (drafted,) = decoder.decode(features, prompts, [LIMIT], draft=[*wanted.tokens[:5], 9], timestamps=True)
        assert drafted.tokens == wanted.tokens


@torch.inference_mode()
def test_timestamps_keep_to_openai_whispers_rules(demo: Any) -> None:
    """On random logits, after all that may have been said: what may follow is what openai-whisper lets follow."""
    rules = decoding_rules(demo).timestamps
    theirs = next(
        rule
        for rule in DecodingTask(demo, options("en", "transcribe", timestamps=True)).logit_filters
        if isinstance(rule, ApplyTimestampRules)
    )
    theirs.sample_begin = 1
    first, word = rules.first, 500
    torch.manual_seed(3)
    for said in ([], [first], [first, word], [first, word, first + 90], [first, word, first + 90, first + 90]):
        logits = torch.randn(8, demo.dims.n_vocab) * 3
        wanted = logits.clone()
        theirs.apply(wanted, torch.tensor([[rules.eot, *said]] * 8))
        rules.apply(logits, [said] * 8)
        assert torch.equal(logits, wanted)


@torch.inference_mode()
def test_what_is_drawn_at_a_temperature(demo: Any, heard: list[tuple[torch.Tensor, Any]]) -> None:
    features, wanted = heard[0]
    prompts = [Prompts(demo).of("en", "transcribe")]
    decoder = GreedyDecoder(demo, int8=False)
    torch.manual_seed(1)
    (cold,) = decoder.decode(features, prompts, [LIMIT], temperature=0.01)
    agree(cold, wanted)
    (hot,) = decoder.decode(features, prompts, [LIMIT], temperature=3.0)
    assert hot.tokens != wanted.tokens
    assert hot.avg_logprob < wanted.avg_logprob


@pytest.mark.parametrize(
    ("tokens", "circles"),
    [
        ([7] * 35, False),
        ([7] * 36, True),
        ([1, 2, 3, *[4, 5, 6] * 12], True),
        ([1, 2, 3, *[4, 5, 6] * 12, 9], False),
        ([*range(12)] * 3, True),
        ([*range(20)] * 3, False),
        ([*range(200)], False),
        ([], False),
    ],
)
def test_a_loop_is_left_early(tokens: list[int], circles: bool) -> None:
    assert goes_in_circles(tokens) == circles


def test_the_limit_ends_it(demo: Any, heard: list[tuple[torch.Tensor, Any]]) -> None:
    features, wanted = heard[0]
    prompts = [Prompts(demo).of("en", "transcribe")]
    nothing: list[int] = []
    for draft in (nothing, wanted.tokens):
        with torch.inference_mode():
            (found,) = GreedyDecoder(demo, int8=False).decode(features, prompts, [3], draft=draft)
        assert found.tokens == wanted.tokens[:3]
        assert not found.finished


def test_rows_with_limits_of_their_own(demo: Any, heard: list[tuple[torch.Tensor, Any]]) -> None:
    features = torch.cat([heard[0][0], heard[1][0]])
    prompts = [Prompts(demo).of("en", "transcribe")] * 2
    with torch.inference_mode():
        short, long = GreedyDecoder(demo, int8=False).decode(features, prompts, [2, LIMIT])
    assert short.tokens == heard[0][1].tokens[:2]
    agree(long, heard[1][1])


@torch.inference_mode()
def test_logits_of_a_model_of_tinys_size() -> None:
    """Random weights of the true dimensions: every token's logits against openai-whisper's decoder without a cache."""
    torch.manual_seed(11)
    dims = openai_whisper.ModelDimensions(80, 1500, 384, 6, 4, 51865, 448, 384, 6, 4)
    model = openai_whisper.Whisper(dims).eval()
    torch.nn.init.normal_(model.decoder.positional_embedding, std=0.02)
    features = torch.randn(2, 1500, 384)
    decoder = GreedyDecoder(model, int8=False)
    prompts = [Prompts(model).of("en", "transcribe"), Prompts(model).of("ko", "translate")]
    tokens = torch.tensor([[*prompt, 7, 77, 777, 7777] for prompt in prompts])
    wanted = model.decoder(tokens, features)
    caches = [KeysAndValues.beside(layer.audio(features, 6), tokens.shape[1]) for layer in decoder._layers]
    first = decoder._run(tokens[:, :4], 0, caches)
    rest = [decoder._run(tokens[:, at : at + 1], at, caches) for at in range(4, tokens.shape[1])]
    x = torch.cat([first, *rest], dim=1)
    found = decoder._vocabulary(x.flatten(0, 1)).view(wanted.shape)
    assert wanted.std() > 0.5
    assert float((found - wanted).abs().max()) < LOGITS_TOLERANCE


@pytest.mark.parametrize("name", ["english_checkpoint", "multilingual_checkpoint"])
def test_the_rules_are_openai_whispers(name: str, request: pytest.FixtureRequest) -> None:
    checkpoint: Path = request.getfixturevalue(name)
    model = openai_whisper.load_model(str(checkpoint), device="cpu")
    rules = decoding_rules(model)
    for language, task in [("en", "transcribe")] + ([("ko", "translate")] if model.is_multilingual else []):
        theirs = DecodingTask(model, options(language, task))
        logits = torch.zeros(1, model.dims.n_vocab)
        first = torch.tensor([theirs.initial_tokens])
        later = torch.tensor([[*theirs.initial_tokens, 1]])
        for tokens, allowed in ((first, rules.never + rules.never_first), (later, rules.never)):
            filtered = logits.clone()
            for rule in theirs.logit_filters:
                rule.apply(filtered, tokens)
            assert torch.equal(filtered[0], allowed)
        assert Prompts(model).of(language, task) == tuple(theirs.initial_tokens)


def test_a_filter_that_is_not_known_is_refused(demo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Surprise:
        def apply(self, logits: torch.Tensor, tokens: torch.Tensor) -> None: ...

    make = DecodingTask.__init__

    def surprising(task: Any, *arguments: Any) -> None:
        make(task, *arguments)
        task.logit_filters.append(Surprise())

    monkeypatch.setattr(DecodingTask, "__init__", surprising)
    with pytest.raises(TypeError, match="Surprise"):
        decoding_rules(demo)


@pytest.mark.parametrize(("seconds", "frames"), [(0.1, 1000), (8, 1000), (8.01, 1002), (15, 1700), (29, 3000)])
def test_window_frames(seconds: float, frames: int) -> None:
    assert window_frames(int(seconds * 16_000), 10.0, 2.0) == frames


def test_a_short_window_is_the_beginning_of_the_long_one() -> None:
    audio = np.random.default_rng(3).standard_normal(32_000).astype(np.float32) * 0.1
    short = spectrogram(audio, 80, 400, torch.device("cpu"))
    long = spectrogram(audio, 80, 3000, torch.device("cpu"))
    assert torch.equal(short, long[:, :400])
    assert torch.equal(short[:, 200:], torch.zeros(80, 200))
