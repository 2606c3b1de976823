"""Sentiment models of other architectures, languages and labels: tiny ones with random weights, loaded for real.

They know nothing; what is tested is that they load, judge, and that their labels become the page's zones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from analyzer_worker.find_model import FoundModel, ModelError
from analyzer_worker.model import SentimentModel
from analyzer_worker.settings import AnalyzerSettings
from contract.messages import Zone
from tests.analyzer_worker.conftest import make_tiny_model

STARS = ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")
TEXTS = ["이 영화 정말 좋아요.", "음식이 끔찍했어요.", "Ich liebe diesen Film.", "映画が好き。", "I love this movie."]
ZONES: dict[str, Zone] = {"1": "negative", "2": "negative", "3": "neutral", "4": "positive", "5": "positive"}
POSITIONS = 64


def make_xlm_roberta(folder: Path, labels: tuple[str, ...]) -> Path:
    """An XLM-R classifier with a unigram vocabulary of single characters."""
    import torch
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaForSequenceClassification

    letters = sorted(set("".join(TEXTS)) - {" "})
    pieces = [(piece, 0.0) for piece in ("<s>", "<pad>", "</s>", "<unk>")] + [(one, -2.0) for one in ["▁", *letters]]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        intermediate_size=32,
        num_attention_heads=2,
        num_hidden_layers=2,
        max_position_embeddings=POSITIONS + 2,
        pad_token_id=1,
        initializer_range=1.0,
        type_vocab_size=1,
        id2label=dict(enumerate(labels)),
    )
    XLMRobertaForSequenceClassification(config).save_pretrained(folder)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, bos_token="<s>", cls_token="<s>", eos_token="</s>", sep_token="</s>",
        unk_token="<unk>", pad_token="<pad>",
    ).save_pretrained(folder)  # fmt: skip
    return folder


def make_bert(folder: Path, labels: tuple[str, ...]) -> Path:
    """A BERT classifier, the architecture of the usual multilingual star model."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    letters = sorted(set("".join(TEXTS).lower()) - {" "})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{one}" for one in letters)]
    tokenizer = Tokenizer(models.WordPiece({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        intermediate_size=32,
        num_attention_heads=2,
        num_hidden_layers=2,
        max_position_embeddings=POSITIONS,
        initializer_range=1.0,
        id2label=dict(enumerate(labels)),
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    return folder


def load(folder: Path, **settings: Any) -> SentimentModel:
    return SentimentModel(
        FoundModel(folder.name, folder, demo=False), AnalyzerSettings(analyzer_device="cpu", **settings)
    )


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize(
    ("make", "labels"),
    [
        (make_xlm_roberta, ("negative", "neutral", "positive")),
        (make_xlm_roberta, ("Negative", "Positive")),
        (make_bert, STARS),
        (make_bert, ("NEG", "NEU", "POS")),
    ],
)
def test_other_architectures_judge_alone_and_side_by_side(
    tmp_path: Path, make: Any, labels: tuple[str, ...], precision: str
) -> None:
    model = load(make(tmp_path / "model", labels), analyzer_precision=precision)
    together = model.judge_all(TEXTS)
    for text, beside in zip(TEXTS, together, strict=True):
        alone = model.judge(text)
        assert tuple(alone.scores) == labels
        assert sum(alone.scores.values()) == pytest.approx(1, abs=1e-4)
        tolerance = 1e-4 if precision == "fp32" else 0.15  # 8-bit ranges are of all that is computed together
        assert beside.scores == pytest.approx(alone.scores, abs=tolerance)
        assert alone.label in labels
    assert len({tuple(one.scores.values()) for one in together}) == len(TEXTS), "each text has scores of its own"


def test_stars_become_zones(tmp_path: Path) -> None:
    model = load(make_bert(tmp_path / "stars", STARS))
    for judged in model.judge_all(TEXTS):
        totals = dict.fromkeys(ZONES.values(), 0.0)
        for label, score in judged.scores.items():
            totals[ZONES[label[0]]] += score
        assert totals[judged.zone] == pytest.approx(max(totals.values()), abs=1e-5)
        assert judged.score == pytest.approx(max(totals.values()), abs=1e-5)
        assert ZONES[judged.label[0]] == judged.zone


@pytest.mark.parametrize("make", [make_xlm_roberta, make_bert])
def test_a_text_longer_than_the_model_is_cut(tmp_path: Path, make: Any) -> None:
    model = load(make(tmp_path / "model", ("NEG", "NEU", "POS")), analyzer_precision="fp32")
    assert model._max_tokens == POSITIONS
    long = model.judge("영화 " * 3_000)
    assert model.judge("영화 " * 3_000 + "끔찍").scores == long.scores


def test_classes_without_a_meaning_are_a_clear_error_and_can_be_told(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "numbers", ("LABEL_0", "LABEL_1", "LABEL_2"))
    with pytest.raises(ModelError, match=r"LABEL_0, LABEL_1, LABEL_2.*SENTIMENT_LABELS"):
        load(folder)
    with pytest.raises(ModelError, match="names 2 classes, but numbers has 3"):
        load(folder, sentiment_labels="negative,positive")
    judged = load(folder, sentiment_labels="Positive, neutral,NEGATIVE").judge("I love this movie")
    zones = dict(zip(judged.scores, ("positive", "neutral", "negative"), strict=True))
    assert judged.zone == zones[judged.label]
    assert judged.score == max(judged.scores.values())


def test_a_single_class_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="single class"):
        load(make_tiny_model(tmp_path / "one", ("POSITIVE",)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"sentiment_languages": ""},
        {"sentiment_languages": "xx"},
        {"sentiment_languages": "auto"},
        {"sentiment_languages": "en;ko"},
        {"sentiment_labels": "good,bad"},
    ],
)
def test_settings_that_cannot_be(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        AnalyzerSettings(**wrong)  # type: ignore[arg-type]


def test_languages_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_LANGUAGES", "english, KO, pt-BR")
    monkeypatch.setenv("SENTIMENT_LABELS", "negative,positive")
    settings = AnalyzerSettings()
    assert settings.sentiment_languages == ("en", "ko", "pt")
    assert settings.sentiment_labels == ("negative", "positive")
