"""Precisions: what is chosen where, how near the products are, and that the model still is what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import whisper as openai_whisper
from torch import nn

from stt_worker.engine.protocol import Utterance
from stt_worker.engine.weights import precision as whisper_weights
from stt_worker.engine.weights.int8 import Int8Linear, is_supported, to_int8
from stt_worker.engine.weights.precision import PrecisionError, choose_precision, set_precision
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def test_what_auto_means(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_precision("auto", GPU) == "fp16"
    monkeypatch.setattr(whisper_weights, "is_supported", lambda: True)
    assert choose_precision("auto", CPU) == "int8"
    monkeypatch.setattr(whisper_weights, "is_supported", lambda: False)
    assert choose_precision("auto", CPU) == "fp32"


@pytest.mark.parametrize(("wanted", "device"), [("int8", GPU), ("fp16", CPU)])
def test_what_cannot_be_had_is_said(wanted: Any, device: torch.device) -> None:
    with pytest.raises(PrecisionError, match=f"WHISPER_PRECISION={wanted}"):
        choose_precision(wanted, device)


def test_no_products_no_int8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper_weights, "is_supported", lambda: False)
    with pytest.raises(PrecisionError, match="this processor"):
        choose_precision("int8", CPU)


@pytest.mark.parametrize("shape", [(1, 64), (3, 5, 64)])
@pytest.mark.parametrize("bias", [True, False])
def test_products_are_near(shape: tuple[int, ...], bias: bool) -> None:
    assert is_supported()
    torch.manual_seed(1)
    exact = nn.Linear(64, 48, bias=bias)
    rounded = Int8Linear(exact.weight, exact.bias)
    x = torch.randn(shape)
    with torch.inference_mode():
        error = (rounded(x) - exact(x)).norm() / exact(x).norm()
    assert rounded(x).shape == exact(x).shape
    assert 0 < float(error) < 0.03


def test_zero_weights_stay_zero() -> None:
    rounded = Int8Linear(torch.zeros(4, 8), torch.arange(4.0))
    assert torch.equal(rounded(torch.randn(2, 8)), torch.arange(4.0).expand(2, 4))


def test_every_linear_layer_is_replaced(english_checkpoint: Path) -> None:
    model = openai_whisper.load_model(str(english_checkpoint), device="cpu")
    layers = sum(isinstance(part, nn.Linear) for part in model.modules())
    to_int8(model)
    assert sum(isinstance(part, Int8Linear) for part in model.modules()) == layers == 2 * 6 + 2 * 10
    assert not any(isinstance(part, nn.Linear) for part in model.modules())


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_the_demo_model_in_every_precision(precision: Any, speech_of_the_demo: np.ndarray[Any, Any]) -> None:
    """Also through openai-whisper's own decode, which the higher temperatures use."""
    settings = SttSettings(whisper_precision=precision)
    model = openai_whisper.load_model(str(settings.demo_speech_model), device="cpu")
    engine = WhisperEngine(model, "demo", True, settings)
    assert engine.precision == precision
    heard = engine.transcribe(Utterance(speech_of_the_demo, None))
    assert (heard.text, heard.temperature) == ("I love this movie.", 0.0)
    with torch.inference_mode():
        features = engine._encode([speech_of_the_demo], 3000)
        again = engine._decoding.sampled(features, "en", "transcribe", 40, 0.2)
    assert again.text == "I love this movie."


@pytest.fixture
def speech_of_the_demo() -> np.ndarray[Any, Any]:
    from harness.speech import demo_clips
    from tests.stt_worker.conftest import as_floats

    return as_floats(next(clip.pcm for clip in demo_clips() if clip.text == "I love this movie."))


def test_reduced_precision_leaves_layer_norms_alone(english_checkpoint: Path) -> None:
    model = openai_whisper.load_model(str(english_checkpoint), device="cpu")
    set_precision(model, "bf16")
    kinds = {type(part).__name__: part.weight.dtype for part in model.modules() if hasattr(part, "weight")}
    assert kinds["Linear"] == kinds["Conv1d"] == kinds["Embedding"] == torch.bfloat16
    assert kinds["LayerNorm"] == torch.float32
