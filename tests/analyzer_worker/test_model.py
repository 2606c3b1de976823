"""The real pipeline: on a tiny random model for its behaviour, on the demo model for its judgement."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analyzer_worker.find_model import FoundModel, ModelError, find_model
from analyzer_worker.model import SentimentModel, max_tokens
from analyzer_worker.settings import AnalyzerSettings
from tests.analyzer_worker.conftest import POSITIONS, make_tiny_model


@pytest.fixture(scope="module")
def tiny(tiny_model: Path) -> SentimentModel:
    return SentimentModel(FoundModel("tiny", tiny_model, demo=False), AnalyzerSettings(analyzer_device="cpu"))


def test_all_class_scores_are_kept(tiny: SentimentModel) -> None:
    judged = tiny.judge("I love this movie.")
    assert set(judged.scores) == {"NEGATIVE", "POSITIVE"}
    assert sum(judged.scores.values()) == pytest.approx(1.0, abs=1e-4)
    assert judged.score == max(judged.scores.values()) == judged.scores[judged.label]


def test_scores_differ_between_texts(tiny: SentimentModel) -> None:
    assert tiny.judge("I love this movie").scores != tiny.judge("the food was terrible").scores


@pytest.fixture
def lengths(tiny: SentimentModel, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shape of every input that the model gets: batch, tokens."""
    shapes: list[tuple[int, ...]] = []
    model = tiny._model
    forward = model.forward

    def measure(input_ids: Any, **others: Any) -> Any:
        shapes.append(tuple(input_ids.shape))
        return forward(input_ids=input_ids, **others)

    monkeypatch.setattr(model, "forward", measure)
    return shapes


def test_a_text_of_5000_words_is_cut_to_the_models_length(tiny: SentimentModel, lengths: list[tuple[int, ...]]) -> None:
    words = ["the", "food", "was", "terrible", "i", "love"] * 834
    assert len(words) > 5_000
    # [CLS], 62 words and [SEP] fill the 64 positions: what follows them changes nothing.
    assert tiny.judge(" ".join(words)).scores == tiny.judge(" ".join(words[: POSITIONS - 2])).scores
    assert lengths == [(1, POSITIONS), (1, POSITIONS)]


def test_short_texts_are_not_padded(tiny: SentimentModel, lengths: list[tuple[int, ...]]) -> None:
    tiny.judge("I love this movie")
    assert lengths == [(1, 6)]


def test_only_known_positions_are_used() -> None:
    config = SimpleNamespace(model_type="distilbert", max_position_embeddings=512, pad_token_id=0)
    assert max_tokens(10**30, config) == 512
    assert max_tokens(128, config) == 128
    roberta = SimpleNamespace(model_type="roberta", max_position_embeddings=514, pad_token_id=1)
    assert max_tokens(10**30, roberta) == 512


def test_unknown_labels_are_told_at_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = make_tiny_model(tmp_path / "moods", ("joy", "anger", "neutral"))
    with caplog.at_level(logging.WARNING):
        model = SentimentModel(FoundModel("moods", folder, demo=False), AnalyzerSettings(analyzer_device="cpu"))
    assert "neutral: joy, anger" in caplog.text
    assert model.judge("I love this movie").zone == "neutral"


def test_a_folder_without_a_trained_head_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    from transformers import DistilBertForSequenceClassification

    folder = make_tiny_model(tmp_path / "headless")
    DistilBertForSequenceClassification.from_pretrained(tiny_model).distilbert.save_pretrained(folder)
    with pytest.raises(ModelError, match="no trained text classifier"):
        SentimentModel(FoundModel("headless", folder, demo=False), AnalyzerSettings(analyzer_device="cpu"))


def test_broken_weights_are_a_clear_error(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "broken")
    (folder / "model.safetensors").write_bytes(b"no weights at all")
    with pytest.raises(ModelError, match="cannot be loaded"):
        SentimentModel(FoundModel("broken", folder, demo=False), AnalyzerSettings(analyzer_device="cpu"))


def test_cuda_that_is_not_there_is_a_clear_error(tiny_model: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device; the error is about its absence")
    with pytest.raises(ModelError, match="sees no CUDA device"):
        SentimentModel(FoundModel("tiny", tiny_model, demo=False), AnalyzerSettings(analyzer_device="cuda"))


@pytest.fixture(scope="module")
def demo() -> SentimentModel:
    settings = AnalyzerSettings(sentiment_model="demo", analyzer_device="cpu")
    return SentimentModel(find_model(settings), settings)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("I love this movie.", "positive"),
        ("The food was terrible.", "negative"),
        ("I do not like this movie.", "negative"),
    ],
)
def test_the_demo_model_judges_right(demo: SentimentModel, text: str, zone: str) -> None:
    assert demo.demo
    assert demo.judge(text).zone == zone


def test_the_demo_model_takes_a_text_of_5000_words(demo: SentimentModel) -> None:
    assert demo.judge("I love this movie. " * 1_250).zone == "positive"
