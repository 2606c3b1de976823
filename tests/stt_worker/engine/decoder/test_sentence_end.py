"""Marks that end a sentence, and how probable the model finds one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import whisper as openai_whisper
from whisper.tokenizer import get_tokenizer

from harness.speech import demo_clips
from stt_worker.engine.decoder.encoder import encode, spectrogram
from stt_worker.engine.decoder.greedy import GreedyDecoder
from stt_worker.engine.decoder.rules import Prompts
from stt_worker.engine.decoder.sentence_end import ends_a_sentence, mark_tokens, probability
from stt_worker.settings import SttSettings
from tests.stt_worker.conftest import as_floats


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("Yes.", True),
        ("Is it? ", True),
        ('He said "go!"', True),
        ("(He went.)", True),
        ("«Вот так.»", True),
        ("好。", True),
        ("क्या है।", True),
        ("هل هذا؟", True),
        ("And so", False),
        ("And so,", False),
        ("And so...", False),
        ("And so…", False),
        ("Well., ", False),
        ('"', False),
        ("", False),
    ],
)
def test_what_ends_a_sentence(text: str, ends: bool) -> None:
    assert ends_a_sentence(text) is ends


def test_the_marks_are_tokens_without_words() -> None:
    tokenizer = get_tokenizer(multilingual=True)
    texts = {tokenizer.decode([token]) for token in mark_tokens(tokenizer)}
    assert {".", "?", "!", "。", '."'} <= texts
    assert not texts & {"...", "…", ",", "a."}


def test_the_probability_is_of_a_mark_and_of_the_end_behind_it() -> None:
    assert probability("Yes.", True, 0.9, 0.0, 0.5) == pytest.approx(0.45)
    assert probability("Yes", False, 0.9, 0.2, 0.5) == 0.2
    assert probability("क्या है।", False, 0.0, 0.0, 0.7) == 0.7, "a mark of several tokens"


@torch.inference_mode()
def test_it_is_the_same_with_a_draft() -> None:
    """The demo model writes a mark behind each of its sentences and is sure of it."""
    demo: Any = openai_whisper.load_model(str(SttSettings().demo_speech_model), device="cpu")
    decoder = GreedyDecoder(demo, int8=False)
    prompts = [Prompts(demo).of("en", "transcribe")]
    for clip in demo_clips()[:3]:
        features = encode(demo.encoder, spectrogram(as_floats(clip.pcm), 80, 3000, demo.device)[None])
        (plain,) = decoder.decode(features, prompts, [60])
        assert plain.tokens[-1] in decoder.marks
        assert plain.last_mark * plain.end > 0.5
        for cut in (1, len(plain.tokens)):
            (drafted,) = decoder.decode(features, prompts, [60], draft=plain.tokens[:cut])
            found = np.array([drafted.last_mark, drafted.next_mark, drafted.end])
            assert found == pytest.approx(np.array([plain.last_mark, plain.next_mark, plain.end]), abs=1e-3)
