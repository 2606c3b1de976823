"""The offline sentiment model: a MiniLM base in DistilBERT's form, with the small trained delta added to it.

The base is all-MiniLM-L6-v2 (BERT's form) in a zip file: model.safetensors, tokenizer.json and config.json. The delta
is in a folder that this project ships (demo_models/offline_sentiment). Nothing of either is run or unpickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer_worker.find_model import ModelError

DELTA_FILE = "delta.safetensors"
LABELS = ("NEGATIVE", "NEUTRAL", "POSITIVE")
#: Names in the delta: two factors of what is added to a matrix, what is added to a vector, and the head's tensors.
UP, DOWN, ADDED, HEAD = "up/", "down/", "add/", "head/"
_BASE_FILES = ("config.json", "tokenizer.json", "model.safetensors")
# What DistilBERT computes and cannot be told otherwise (transformers' modeling_distilbert).
_FIXED = {"model_type": "bert", "hidden_act": "gelu", "layer_norm_eps": 1e-12}
_LAYER_NAMES = {
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
}


@dataclass(frozen=True)
class Base:
    """The files of a base, read into memory, and the SHA-256 of their zip file."""

    config: dict[str, Any]
    tokenizer: str
    tensors: dict[str, Any]
    sha256: str


def build_offline(base_zip: Path, delta_folder: Path) -> tuple[Any, Any]:
    """The tokenizer and the classifier (DistilBertForSequenceClassification, eval mode, float32, three classes).

    Raises ModelError when a file cannot be read or one does not fit the other.
    """
    tensors, metadata = read_delta(delta_folder / DELTA_FILE)
    if metadata.get("labels") != json.dumps(LABELS):
        raise ModelError(f"the offline sentiment model in {delta_folder} has the classes {metadata.get('labels')}")
    base = read_base(base_zip, str(metadata.get("base_sha256", "")))
    model = distilbert(base)
    add_delta(model, tensors, str(delta_folder))
    return make_tokenizer(base), model.eval()


def read_delta(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Tensors and metadata of a delta. Raises ModelError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError) as problem:
        raise ModelError(f"the offline sentiment model's {path} cannot be read: {problem}") from problem


def read_base(base_zip: Path, sha256: str | None = None) -> Base:
    """A base out of its zip file, which is opened only if its hash is `sha256` (None: any). Raises ModelError."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        content = base_zip.read_bytes()
    except OSError as problem:
        raise ModelError(f"the base of the offline sentiment model cannot be read: {problem}") from problem
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and digest != sha256:
        raise ModelError(
            f"{base_zip} is not the base that the offline sentiment model was made for: its SHA-256 is {digest}, "
            f"and {sha256 or 'none is named'} is wanted"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            config, tokenizer, weights = (archive.read(name) for name in _BASE_FILES)
        return Base(json.loads(config), tokenizer.decode(), load(weights), digest)
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, SafetensorError) as problem:
        raise ModelError(f"{base_zip} is no zip file with {', '.join(_BASE_FILES)}: {problem}") from problem


def distilbert(base: Base) -> Any:
    """The base as a DistilBERT classifier whose head is untrained. Raises ModelError."""
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    if wrong := [f"{name} {base.config.get(name)}" for name, want in _FIXED.items() if base.config.get(name) != want]:
        raise ModelError(f"the base has {', '.join(wrong)}, which DistilBERT cannot be")
    try:
        config = DistilBertConfig(
            vocab_size=base.config["vocab_size"],
            dim=base.config["hidden_size"],
            hidden_dim=base.config["intermediate_size"],
            n_layers=base.config["num_hidden_layers"],
            n_heads=base.config["num_attention_heads"],
            max_position_embeddings=base.config["max_position_embeddings"],
            pad_token_id=base.config.get("pad_token_id", 0),
            seq_classif_dropout=0.1,
            id2label=dict(enumerate(LABELS)),
            label2id={label: number for number, label in enumerate(LABELS)},
        )
        model: Any = DistilBertForSequenceClassification(config)
    except Exception as problem:  # transformers' validation has error classes of its own
        raise ModelError(f"the base's config.json does not describe a model: {problem!r}") from problem
    try:
        missing, strange = model.distilbert.load_state_dict(_renamed(base.tensors), strict=False)
    except (KeyError, RuntimeError) as problem:  # torch names every tensor of another shape
        raise ModelError(f"the base's weights do not fit its config.json: {problem}") from problem
    if missing or strange:
        raise ModelError(f"the base's weights do not fit: {_some(missing)} missing, {_some(strange)} not known")
    return model


def _renamed(tensors: dict[str, Any]) -> dict[str, Any]:
    """BERT's tensors under DistilBERT's names. Every text is of BERT's token type 0, a constant added to all positions
    alike. BERT's pooler is left out: nothing of it was trained for sentences."""
    found = {}
    for name, tensor in tensors.items():
        if layer := re.fullmatch(r"encoder\.layer\.(\d+)\.(.+)\.(weight|bias)", name):
            number, part, kind = layer.groups()
            found[f"transformer.layer.{number}.{_LAYER_NAMES.get(part, part)}.{kind}"] = tensor
        elif name.startswith("embeddings.") and not name.endswith(("position_ids", "token_type_embeddings.weight")):
            found[name] = tensor
    constant = tensors["embeddings.token_type_embeddings.weight"][0]
    found["embeddings.position_embeddings.weight"] = tensors["embeddings.position_embeddings.weight"] + constant
    return found


def add_delta(model: Any, tensors: dict[str, Any], whence: str) -> None:
    """Add a delta to `model` in place. Raises ModelError where a name or a shape does not fit."""
    import torch

    own = dict(model.named_parameters())
    lost = {name for name in own if name.startswith(("pre_classifier.", "classifier."))}
    try:
        with torch.no_grad():
            for key, tensor in tensors.items():
                name = key.partition("/")[2]
                if key.startswith(DOWN):
                    tensors[UP + name]  # each factor needs the other
                    continue
                change = tensor.float() @ tensors[DOWN + name].float() if key.startswith(UP) else tensor.float()
                if change.shape != own[name].shape:
                    raise ValueError(f"{key} is {list(change.shape)}, not {list(own[name].shape)}")
                own[name].copy_(change if key.startswith(HEAD) else own[name] + change)
                lost.discard(name)
    except (KeyError, ValueError, RuntimeError) as problem:
        raise ModelError(f"the offline sentiment model in {whence} does not fit its base: {problem}") from problem
    if lost:
        raise ModelError(f"the offline sentiment model in {whence} lacks {_some(sorted(lost))}")


def make_tokenizer(base: Base) -> Any:
    """The base's own tokenizer, lower-casing as it says, without its padding and cutting to a fixed length."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    try:
        tokenizer = Tokenizer.from_str(base.tokenizer)
    except Exception as problem:  # the library raises plain Exception
        raise ModelError(f"the base's tokenizer.json cannot be read: {problem}") from problem
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if tokenizer.get_vocab_size() > base.config["vocab_size"]:
        raise ModelError("the base's tokenizer.json knows more tokens than its weights")
    fast: Any = PreTrainedTokenizerFast
    return fast(
        tokenizer_object=tokenizer,
        model_max_length=base.config["max_position_embeddings"],
        unk_token="[UNK]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "attention_mask"],
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") if names else "none"
