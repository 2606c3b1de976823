"""The offline model on small random bases against transformers' own BERT, and the shipped one on everyday sentences."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save, save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from analyzer_worker.find_model import ModelError
from analyzer_worker.model import to_int8
from analyzer_worker.offline_model import DELTA_FILE, LABELS, build_offline
from demo_models.offline_data import HELD_OUT, read_spoken

SHIPPED = Path(__file__).parents[2] / "demo_models" / "offline_sentiment"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "i", "love", "this", "movie", "the", "food", "was", "terrible"]
SIZES = {"hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 3, "num_attention_heads": 4}
TEXTS = ["I love THIS movie", "The food was terrible the food was terrible", "This"]
QUERY = "distilbert.transformer.layer.1.attention.q_lin.weight"
NORM = "distilbert.transformer.layer.2.output_layer_norm.bias"


def make_bert() -> BertModel:
    """A random BERT whose layer norms and biases are no zeros and ones either."""
    torch.manual_seed(5)
    make_config: Any = BertConfig
    config = make_config(vocab_size=len(WORDS), max_position_embeddings=32, initializer_range=0.6, **SIZES)
    bert = BertModel(config)
    bert.eval()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for parameter in bert.parameters():
            if parameter.dim() == 1:
                parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return bert


def make_zip(path: Path, bert: BertModel, **changes: Any) -> str:
    """Write `bert` as the package has the real base, cutting and padding in its tokenizer included; its SHA-256."""
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=30)
    tensors = {name: tensor.contiguous() for name, tensor in bert.state_dict().items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(bert.config.to_dict() | changes))
        archive.writestr("tokenizer.json", tokenizer.to_str())
        archive.writestr("model.safetensors", save(tensors | {"embeddings.position_ids": torch.arange(32)[None]}))
    path.write_bytes(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def make_delta(folder: Path, sha256: str, **more: torch.Tensor) -> Path:
    """A delta with a random head and nothing else but `more`."""
    torch.manual_seed(6)
    width = SIZES["hidden_size"]
    shapes = {"pre_classifier": (width, width), "classifier": (3, width)}
    tensors = {f"head/{name}.weight": torch.randn(shape) for name, shape in shapes.items()}
    tensors |= {f"head/{name}.bias": torch.randn(shape[0]) for name, shape in shapes.items()}
    folder.mkdir(exist_ok=True)
    about = {"base_sha256": sha256, "labels": json.dumps(LABELS)}
    save_file(tensors | more, folder / DELTA_FILE, metadata=about)
    return folder


@pytest.fixture
def base(tmp_path: Path) -> tuple[Path, str, BertModel]:
    """A base's zip file, its hash, and the model inside."""
    bert = make_bert()
    return tmp_path / "base.zip", make_zip(tmp_path / "base.zip", bert), bert


def test_without_changes_it_is_the_base_with_the_head(tmp_path: Path, base: tuple[Path, str, BertModel]) -> None:
    path, sha256, bert = base
    tokenizer, model = build_offline(path, make_delta(tmp_path / "delta", sha256))
    assert not model.training
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    assert model.config.id2label == {0: "NEGATIVE", 1: "NEUTRAL", 2: "POSITIVE"}
    fields = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = bert(**fields, token_type_ids=torch.zeros_like(fields["input_ids"])).last_hidden_state
        found = model.distilbert(**fields).last_hidden_state
        logits = model(**fields).logits
        head = model.classifier(torch.relu(model.pre_classifier(expected[:, 0])))
    real = fields["attention_mask"].bool()
    assert torch.allclose(found[real], expected[real], atol=1e-4)
    assert torch.allclose(logits, head, atol=1e-3)
    assert expected[:, 0].std() > 0.1, "the texts differ"


def test_the_tokenizer_neither_pads_nor_cuts_short(tmp_path: Path, base: tuple[Path, str, BertModel]) -> None:
    path, sha256, _ = base
    tokenizer, _ = build_offline(path, make_delta(tmp_path / "delta", sha256))
    assert tokenizer("I LOVE this movie the food").input_ids == [2, 5, 6, 7, 8, 9, 10, 3]
    assert tokenizer.model_max_length == 32
    assert len(tokenizer("food " * 90, truncation=True).input_ids) == 32
    assert set(tokenizer("food")) == {"input_ids", "attention_mask"}


def test_what_was_learnt_is_added(tmp_path: Path, base: tuple[Path, str, BertModel]) -> None:
    path, sha256, _ = base
    _, plain = build_offline(path, make_delta(tmp_path / "plain", sha256))
    up, down, vector = torch.randn(24, 2), torch.randn(2, 24), torch.randn(24)
    changes = {f"up/{QUERY}": up.half(), f"down/{QUERY}": down.half(), f"add/{NORM}": vector}
    tokenizer, changed = build_offline(path, make_delta(tmp_path / "changed", sha256, **changes))
    before, after = dict(plain.named_parameters()), dict(changed.named_parameters())
    assert torch.allclose(after[QUERY], before[QUERY] + up.half().float() @ down.half().float())
    assert torch.allclose(after[NORM], before[NORM] + vector)
    assert all(torch.equal(after[name], before[name]) for name in before if name not in {QUERY, NORM})
    fields = tokenizer(TEXTS[0], return_tensors="pt")
    with torch.inference_mode():
        assert not torch.allclose(plain(**fields).logits, changed(**fields).logits, atol=1e-2)


def test_another_base_is_refused(tmp_path: Path, base: tuple[Path, str, BertModel]) -> None:
    path, sha256, _ = base
    delta = make_delta(tmp_path / "delta", "0" * 64)
    with pytest.raises(ModelError, match=f"base.zip is not the base that.*{sha256}.*{'0' * 64}"):
        build_offline(path, delta)


@pytest.mark.parametrize(
    ("config", "more", "words"),
    [
        ({"hidden_size": 12}, {}, "weights do not fit its config.json"),
        ({"num_hidden_layers": 4}, {}, "transformer.layer.3.* and 13 more missing"),
        ({"hidden_act": "relu"}, {}, "hidden_act relu, which DistilBERT cannot be"),
        ({"vocab_size": None}, {}, "config.json does not describe a model"),
        ({}, {f"add/{NORM}": torch.ones(1)}, r"does not fit its base: add/.*is \[1\], not \[24\]"),
        ({}, {f"down/{QUERY}": torch.ones(2, 24)}, "does not fit its base.*up/distilbert"),
        ({}, {f"up/{QUERY}": torch.ones(24, 2)}, "does not fit its base.*down/distilbert"),
        ({}, {"add/nothing.bias": torch.ones(24)}, "does not fit its base.*nothing.bias"),
    ],
)
def test_parts_that_do_not_fit(
    tmp_path: Path, config: dict[str, Any], more: dict[str, torch.Tensor], words: str
) -> None:
    sha256 = make_zip(tmp_path / "base.zip", make_bert(), **config)
    with pytest.raises(ModelError, match=words):
        build_offline(tmp_path / "base.zip", make_delta(tmp_path / "delta", sha256, **more))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (LABELS, "lacks classifier.weight, pre_classifier.bias, pre_classifier.weight"),
        (("GOOD", "BAD"), "has the classes .*GOOD"),
    ],
)
def test_a_delta_without_a_head_or_with_other_classes(
    tmp_path: Path, base: tuple[Path, str, BertModel], labels: tuple[str, ...], words: str
) -> None:
    about = {"base_sha256": base[1], "labels": json.dumps(labels)}
    save_file({"head/classifier.bias": torch.zeros(3)}, tmp_path / DELTA_FILE, metadata=about)
    with pytest.raises(ModelError, match=words):
        build_offline(base[0], tmp_path)


def test_files_that_are_not_there_or_something_else(tmp_path: Path, base: tuple[Path, str, BertModel]) -> None:
    path, sha256, _ = base
    with pytest.raises(ModelError, match=r"delta\.safetensors cannot be read"):
        build_offline(path, tmp_path / "nowhere")
    delta = make_delta(tmp_path / "delta", sha256)
    with pytest.raises(ModelError, match="base of the offline sentiment model cannot be read"):
        build_offline(tmp_path / "nowhere.zip", delta)
    path.write_bytes(b"not at all")
    make_delta(delta, hashlib.sha256(b"not at all").hexdigest())
    with pytest.raises(ModelError, match=r"is no zip file with config\.json, tokenizer\.json, model\.safetensors"):
        build_offline(path, delta)
    (delta / DELTA_FILE).write_bytes(b"not at all")
    with pytest.raises(ModelError, match=r"delta\.safetensors cannot be read"):
        build_offline(path, delta)


def test_the_shipped_model_judges_everyday_sentences(offline_base_zip: Path) -> None:
    tokenizer, model = build_offline(offline_base_zip, SHIPPED)
    model = to_int8(model)
    wrong = []
    examples = read_spoken(HELD_OUT)
    with torch.inference_mode():
        for example in examples:
            best = int(model(**tokenizer(example.text, return_tensors="pt")).logits.argmax())
            if best != example.label:
                wrong.append((example.text, LABELS[best]))
    assert len(examples) >= 150
    assert len(wrong) <= len(examples) / 10, wrong
