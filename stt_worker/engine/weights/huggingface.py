"""Whisper in the form of Hugging Face's transformers: config.json, and safetensors or torch files in one part or many.

Safetensors are mapped into memory and read weight by weight. A pytorch_model.bin is mapped too, and unpickled with
`weights_only`: a file that is no model runs no code and takes no more memory than it has on the disk.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from stt_worker.engine.weights.assembly import Heads, ModelFormatError, check_tokens

CONFIG, GENERATION_CONFIG = "config.json", "generation_config.json"
SINGLE = ("model.safetensors", "pytorch_model.bin")  # in the order in which they are preferred
INDEX = ".index.json"

_SEGMENTS = {
    "blocks": "layers",
    "attn": "self_attn",
    "attn_ln": "self_attn_layer_norm",
    "cross_attn": "encoder_attn",
    "cross_attn_ln": "encoder_attn_layer_norm",
    "query": "q_proj",
    "key": "k_proj",
    "value": "v_proj",
    "out": "out_proj",
    "mlp_ln": "final_layer_norm",
    "ln_post": "layer_norm",
    "ln": "layer_norm",
    "token_embedding": "embed_tokens",
    "positional_embedding": "embed_positions.weight",
}
_EMBEDDING, _PROJECTION = "decoder.embed_tokens.weight", "proj_out.weight"


class HuggingFaceWeights:
    """A `WeightSource` of a folder in this form."""

    def __init__(self, folder: Path) -> None:
        """Opens the files. Raises ModelFormatError."""
        config = read_json(folder / CONFIG)
        _check(config)
        generation = read_json(folder / GENERATION_CONFIG) if (folder / GENERATION_CONFIG).is_file() else {}
        self._weights = {name.removeprefix("model."): weight for name, weight in _weights(folder)}
        self.layers = (self._count("encoder", config), self._count("decoder", config))
        self.heads = (_number(config, "encoder_attention_heads"), _number(config, "decoder_attention_heads"))
        self.alignment_heads = alignment_heads(generation) or alignment_heads(config)
        self._refuse_untied()
        if _EMBEDDING in self._weights:
            check_tokens(self._weights[_EMBEDDING][0][0], generation.get("no_timestamps_token_id"))

    def shape(self, name: str) -> tuple[int, ...]:
        """See `WeightSource.shape`."""
        return self._weight(name)[0]

    def tensor(self, name: str) -> Tensor:
        """See `WeightSource.tensor`."""
        tensor = self._weight(name)[1]()
        return tensor.clone() if tensor.dtype == torch.float32 else tensor

    def _weight(self, name: str) -> Weight:
        theirs = their_name(name)
        if theirs not in self._weights:
            raise ModelFormatError(f"the weight model.{theirs} is missing")
        return self._weights[theirs]

    def _count(self, part: str, config: dict[str, Any]) -> int:
        """The layers of a part, which must be as many as config.json says."""
        found = 0
        while f"{part}.layers.{found}.fc1.weight" in self._weights:
            found += 1
        said = _number(config, f"{part}_layers")
        if said is not None and said != found:
            raise ModelFormatError(f"its {CONFIG} says {said} layers for the {part}, and there are weights of {found}")
        return found

    def _refuse_untied(self) -> None:
        """Whisper's tokens have one table, for reading and for writing; what has two would be heard wrongly."""
        projection, embedding = self._weights.get(_PROJECTION), self._weights.get(_EMBEDDING)
        if projection is None or embedding is None:
            return
        if projection[0] != embedding[0] or not torch.equal(projection[1](), embedding[1]()):
            raise ModelFormatError(
                "proj_out.weight is another table than the token embedding, and Whisper has one for both"
            )


Weight = tuple[tuple[int, ...], Callable[[], Tensor]]


def their_name(name: str) -> str:
    """transformers' name, below `model.`, of what openai-whisper calls `name`."""
    name = name.replace("mlp.0.", "fc1.").replace("mlp.2.", "fc2.")
    return ".".join(_SEGMENTS.get(segment, segment) for segment in name.split("."))


def alignment_heads(config: dict[str, Any]) -> Heads | None:
    """`alignment_heads` of a configuration, of this form or of CTranslate2's: a list of [layer, head]."""
    found = config.get("alignment_heads")
    if not isinstance(found, list):
        return None
    pairs = [tuple(pair) for pair in found if isinstance(pair, list) and len(pair) == 2]
    return [pair for pair in pairs if all(isinstance(number, int) for number in pair)]


def lost_parts(folder: Path, weights: str) -> list[str]:
    """The parts that the index file of `weights` names and that are not there. Raises ModelFormatError."""
    return [part for part in _parts(folder / f"{weights}{INDEX}") if not (folder / part).is_file()]


def read_json(path: Path) -> dict[str, Any]:
    """An object of JSON. Raises ModelFormatError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise ModelFormatError(f"its {path.name} cannot be read ({problem})") from problem
    if not isinstance(found, dict):
        raise ModelFormatError(f"its {path.name} is no object of JSON")
    return found


def _check(config: dict[str, Any]) -> None:
    kind = config.get("model_type")
    if kind != "whisper":
        raise ModelFormatError(f"it is no Whisper: its {CONFIG} says model_type {kind!r}")
    if config.get("quantization_config"):
        raise ModelFormatError("its weights were quantised for another program; take the model they were made from")
    if config.get("scale_embedding") or config.get("activation_function", "gelu") != "gelu":
        raise ModelFormatError(f"its {CONFIG} asks for scale_embedding or another activation than gelu, unlike Whisper")


def _number(config: dict[str, Any], key: str) -> int | None:
    value = config.get(key)
    return value if isinstance(value, int) else None


def _parts(index: Path) -> list[str]:
    """The names of the files that an index file lists, sorted."""
    parts = read_json(index).get("weight_map")
    names = (
        set(parts.values()) if isinstance(parts, dict) and all(isinstance(n, str) for n in parts.values()) else set()
    )
    if not names or any(Path(name).name != name for name in names):
        raise ModelFormatError(f"its {index.name} names no parts of the weights")
    return sorted(names)


def _weights(folder: Path) -> Iterator[tuple[str, Weight]]:
    """Every weight of the folder under the name it has there."""
    for single in SINGLE:
        if (folder / single).is_file():
            files = [single]
        elif (folder / f"{single}{INDEX}").is_file():
            files = _parts(folder / f"{single}{INDEX}")
        else:
            continue
        for file in files:
            yield from (_of_safetensors if file.endswith(".safetensors") else _of_torch)(folder / file)
        return
    raise ModelFormatError(f"it has no weights ({' or '.join(SINGLE)})")


def _of_safetensors(path: Path) -> Iterator[tuple[str, Weight]]:
    try:
        file: Any = safe_open(path, framework="pt", device="cpu")
        names = list(file.keys())
        shapes = [tuple(file.get_slice(name).get_shape()) for name in names]
    except (SafetensorError, OSError, ValueError) as problem:
        raise ModelFormatError(f"{path.name} is cut off, or no safetensors file ({problem})") from problem
    for name, shape in zip(names, shapes, strict=True):
        yield name, (shape, partial(_read, file, name, path.name))


def _read(file: Any, name: str, where: str) -> Tensor:
    try:
        tensor: Tensor = file.get_tensor(name)
    except (SafetensorError, OSError, ValueError, RuntimeError, AttributeError) as problem:
        raise ModelFormatError(f"the weight {name} of {where} cannot be read ({problem})") from problem
    return tensor


def _of_torch(path: Path) -> Iterator[tuple[str, Weight]]:
    try:
        with zipfile.ZipFile(path) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise ModelFormatError(f"{path.name} is compressed, which torch's own files are not")
        found = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except ModelFormatError:
        raise
    except Exception as problem:  # a damaged pickle raises whatever its bytes happen to ask for
        words = str(problem).split("\n", 1)[0]
        raise ModelFormatError(f"{path.name} is cut off, or no weights of torch ({words})") from problem
    if not isinstance(found, dict):
        raise ModelFormatError(f"{path.name} holds no weights but a {type(found).__name__}")
    weights = {name: value for name, value in found.items() if isinstance(name, str) and isinstance(value, Tensor)}
    claimed = sum(value.numel() * value.element_size() for name, value in weights.items() if name != _PROJECTION)
    if claimed > path.stat().st_size:
        raise ModelFormatError(f"the weights of {path.name} claim to be {claimed} bytes, which is more than the file")
    for name, value in weights.items():
        yield name, (tuple(value.shape), partial(_same, value))


def _same(tensor: Tensor) -> Tensor:
    return tensor
