"""Whisper in CTranslate2's form, as faster-whisper reads it: model.bin, with or without config.json beside it.

Weights are in float32, float16 or bfloat16, or are whole numbers with a scale: int8 with one for each row, int16 with
one for all. A weight is the whole number divided by its scale. Queries, keys and values of an attention are one matrix.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import whisper as openai_whisper
from torch import Tensor
from whisper.model import sinusoids

from stt_worker.engine.weights.assembly import AUDIO_POSITIONS, Heads, ModelFormatError, assemble, check_tokens
from stt_worker.engine.weights.ctranslate2_file import SCALE, CTranslate2File
from stt_worker.engine.weights.huggingface import CONFIG, alignment_heads, read_json

MODEL_BIN = "model.bin"
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
GELU = 3  # CTranslate2's number of it
NO_TIMESTAMPS = "<|notimestamps|>"

_BLOCK = {
    "attn": "self_attention",
    "attn_ln": "self_attention/layer_norm",
    "cross_attn": "attention",
    "cross_attn_ln": "attention/layer_norm",
    "mlp_ln": "ffn/layer_norm",
    "mlp.0": "ffn/linear_0",
    "mlp.2": "ffn/linear_1",
}
_OTHERS = {
    "encoder.positional_embedding": "encoder/position_encodings/encodings",
    "decoder.positional_embedding": "decoder/position_encodings/encodings",
    "decoder.token_embedding": "decoder/embeddings",
    "encoder.conv1": "encoder/conv1",
    "encoder.conv2": "encoder/conv2",
    "encoder.ln_post": "encoder/layer_norm",
    "decoder.ln": "decoder/layer_norm",
}
# Which of how many parts of which matrix: queries, keys and values of self-attention, keys and values of the other
_ATTENTION = {
    "attn": {"query": (0, 0, 3), "key": (0, 1, 3), "value": (0, 2, 3), "out": (1, 0, 1)},
    "cross_attn": {"query": (0, 0, 1), "key": (1, 0, 2), "value": (1, 1, 2), "out": (2, 0, 1)},
}
_NORM = {"weight": "gamma", "bias": "beta"}


def load_ctranslate2_bin(model_bin: Path, alignment_heads: bytes | None = None) -> openai_whisper.Whisper:
    """The model of a lone model.bin, on the CPU, in float32, for evaluation. Raises ModelFormatError.

    `alignment_heads`: as openai-whisper encodes them; without, see `assembly.assemble`.
    """
    return assemble(CTranslate2Weights(model_bin, {}), alignment_heads)


def load_ctranslate2_folder(folder: Path) -> openai_whisper.Whisper:
    """The same of a folder, with the alignment heads of its config.json. Raises ModelFormatError."""
    config = read_json(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    weights = CTranslate2Weights(folder / MODEL_BIN, config)
    check_tokens(weights.shape("decoder.token_embedding.weight")[0], _no_timestamps(folder))
    return assemble(weights)


class CTranslate2Weights:
    """A `WeightSource` of a model.bin."""

    def __init__(self, model_bin: Path, config: dict[str, Any]) -> None:
        """Raises ModelFormatError."""
        self._file = CTranslate2File(model_bin)
        self.layers = (self._layers("encoder"), self._layers("decoder"))
        self.heads = (self._number("encoder/num_heads"), self._number("decoder/num_heads"))
        self.alignment_heads: Heads | None = alignment_heads(config)
        self._refuse_unlike_whisper()
        self._refuse_another_projection()

    def shape(self, name: str) -> tuple[int, ...]:
        """See `WeightSource.shape`."""
        if self._is_computed(name):
            return (AUDIO_POSITIONS, self._file.variable("encoder/conv1/bias").shape[0])
        theirs, _, parts = _theirs(name)
        rows, *columns = self._file.variable(theirs).shape or (0,)
        return (rows // parts, *columns)

    def tensor(self, name: str) -> Tensor:
        """See `WeightSource.tensor`."""
        if self._is_computed(name):
            positions: Tensor = sinusoids(*self.shape(name))
            return positions
        theirs, part, parts = _theirs(name)
        rows = self.shape(name)[0]
        own = slice(part * rows, (part + 1) * rows) if parts > 1 else slice(None)
        weight = self._file.read(theirs, own)
        if weight.dtype not in (torch.int8, torch.int16):
            return weight
        scale = self._file.read(f"{theirs}{SCALE}", own)
        if scale.dim() > 1 or scale.numel() not in (1, rows) or not scale.is_floating_point():
            raise ModelFormatError(f"the scale of {theirs} does not fit it")
        return weight.float().div_(scale.float().reshape(-1, *(1 for _ in weight.shape[1:])))

    def _is_computed(self, name: str) -> bool:
        """Whether the positions of audio were left out, as they may be."""
        return name == "encoder.positional_embedding" and _OTHERS[name] not in self._file

    def _layers(self, part: str) -> int:
        found = 0
        while f"{part}/layer_{found}/ffn/linear_0/weight" in self._file:
            found += 1
        return found

    def _scalar(self, name: str) -> Tensor | None:
        return self._file.read(name) if name in self._file and not self._file.variable(name).shape else None

    def _number(self, name: str) -> int | None:
        found = self._scalar(name)
        return None if found is None or found.is_floating_point() else int(found.item())

    def _refuse_another_projection(self) -> None:
        """Whisper's tokens have one table, for reading and for writing; what has two would be heard wrongly."""
        file, embedding, projection = self._file, "decoder/embeddings/weight", "decoder/projection/weight"
        tied = projection not in file or file.same(projection, embedding)
        if tied and f"{projection}{SCALE}" in file:
            tied = file.same(f"{projection}{SCALE}", f"{embedding}{SCALE}")
        if not tied or "decoder/projection/bias" in file:
            raise ModelFormatError("its last layer is not the token embedding, as Whisper's is")

    def _refuse_unlike_whisper(self) -> None:
        """Embeddings are not scaled (said by a flag, or by the factor), and the activation is GELU."""
        scaled = self._scalar("decoder/scale_embeddings")
        plain = scaled is None or scaled.item() == (0 if scaled.dtype == torch.int8 else 1)
        if not plain or self._number("decoder/activation") not in (None, GELU):
            raise ModelFormatError("its embeddings are scaled, or its activation is not GELU, unlike Whisper's")


def _theirs(name: str) -> tuple[str, int, int]:
    """The variable of what openai-whisper calls `name`, and which of how many parts of its rows."""
    for ours, theirs in _OTHERS.items():
        if name == ours:
            return theirs, 0, 1
        if name.startswith(f"{ours}."):
            kind = name.removeprefix(f"{ours}.")
            return f"{theirs}/{_NORM[kind] if theirs.endswith('layer_norm') else kind}", 0, 1
    side, _, layer, rest = name.split(".", 3)
    module, _, kind = rest.rpartition(".")
    at = f"{side}/layer_{layer}/"
    if module in _BLOCK:
        return f"{at}{_BLOCK[module]}/{_NORM[kind] if module.endswith('ln') else kind}", 0, 1
    attention, _, projection = module.partition(".")
    matrix, part, parts = _ATTENTION[attention][projection]
    return f"{at}{_BLOCK[attention]}/linear_{matrix}/{kind}", part, parts


def _no_timestamps(folder: Path) -> int | None:
    """Which token `<|notimestamps|>` is in the folder's vocabulary, if there is one."""
    for path in (folder / name for name in VOCABULARIES if (folder / name).is_file()):
        try:
            text = path.read_text(encoding="utf-8")
            tokens = json.loads(text) if path.suffix == ".json" else text.split("\n")
        except (OSError, ValueError, RecursionError) as problem:
            raise ModelFormatError(f"its {path.name} cannot be read ({problem})") from problem
        return tokens.index(NO_TIMESTAMPS) if isinstance(tokens, list) and NO_TIMESTAMPS in tokens else None
    return None
