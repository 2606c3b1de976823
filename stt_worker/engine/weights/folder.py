"""A Whisper that is a folder, in Hugging Face's form (huggingface) or CTranslate2's (ctranslate2)."""

from __future__ import annotations

from pathlib import Path

import whisper as openai_whisper

from stt_worker.engine.weights.assembly import ModelFormatError, assemble
from stt_worker.engine.weights.ctranslate2 import MODEL_BIN, load_ctranslate2_folder
from stt_worker.engine.weights.huggingface import (
    CONFIG,
    GENERATION_CONFIG,
    INDEX,
    SINGLE,
    HuggingFaceWeights,
    lost_parts,
    read_json,
)

ADAPTER = "adapter_config.json"

_SMALL_FILES = (CONFIG, GENERATION_CONFIG, ADAPTER, *(f"{single}{INDEX}" for single in SINGLE))
# What to fetch from a hub, tried in this order: a repository may hold the same weights in five forms.
HUB_PATTERNS = (
    (*_SMALL_FILES, "model.safetensors", "model-?????-of-?????.safetensors"),
    (*_SMALL_FILES, "pytorch_model.bin", "pytorch_model-?????-of-?????.bin"),
    (*_SMALL_FILES, "vocabulary.json", "vocabulary.txt", MODEL_BIN),
)


def load_folder(folder: Path) -> openai_whisper.Whisper:
    """The model of a folder, on the CPU, in float32, for evaluation. Raises ModelFormatError."""
    if lack := what_is_missing(folder):
        raise ModelFormatError(lack)
    if _is_huggingface(folder):
        return assemble(HuggingFaceWeights(folder))
    return load_ctranslate2_folder(folder)


def what_is_missing(folder: Path) -> str:
    """What `folder` lacks to be a Whisper in one of the two forms, in words; empty when nothing is missing."""
    if not folder.is_dir():
        return f"the folder {folder} does not exist"
    weights = next((single for single in SINGLE if _has(folder, single)), None)
    if weights is None and not (folder / MODEL_BIN).is_file():
        if (folder / ADAPTER).is_file():
            return (
                f"the folder {folder} holds an adapter (PEFT) and not the model that it adapts: merge the two "
                "(merge_and_unload) and save the whole"
            )
        return f"the folder {folder} has no weights (model.safetensors, pytorch_model.bin or {MODEL_BIN})"
    if weights is None:
        return ""
    try:
        if not (folder / MODEL_BIN).is_file() and not (folder / CONFIG).is_file():
            return f"the folder {folder} has no {CONFIG}"
        if not _is_huggingface(folder):
            return "" if (folder / MODEL_BIN).is_file() else f"its {CONFIG} does not say what model it is"
        lost = [] if (folder / weights).is_file() else lost_parts(folder, weights)
    except ModelFormatError as problem:
        return f"the folder {folder} cannot be used: {problem}"
    return f"the folder {folder} lacks a part of its weights: {', '.join(lost)}" if lost else ""


def _is_huggingface(folder: Path) -> bool:
    """Which form counts where a folder has weights in both: that of its config.json, which only transformers gives a
    model_type."""
    if not any(_has(folder, single) for single in SINGLE) or not (folder / CONFIG).is_file():
        return False
    return "model_type" in read_json(folder / CONFIG)


def _has(folder: Path, single: str) -> bool:
    return (folder / single).is_file() or (folder / f"{single}{INDEX}").is_file()
