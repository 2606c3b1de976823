"""Whisper models in the forms that other people's programs write: transformers' own `save_pretrained`, CTranslate2's
own converter, and for pytorch_model.bin torch.save as transformers used it."""

from __future__ import annotations

import dataclasses
import json
import re
import warnings
from pathlib import Path
from typing import Any

import torch
import whisper as openai_whisper
from safetensors.torch import load_file
from torch import Tensor
from whisper.tokenizer import get_tokenizer

TIMESTAMPS = 1501
STATE, HEADS = 96, 3

_THEIRS = (
    (r"\.blocks\.", ".layers."),
    (r"\.cross_attn_ln\.", ".encoder_attn_layer_norm."),
    (r"\.cross_attn\.", ".encoder_attn."),
    (r"\.attn_ln\.", ".self_attn_layer_norm."),
    (r"\.attn\.", ".self_attn."),
    (r"\.(query|key|value)\.", lambda found: f".{found[1][0]}_proj."),
    (r"_attn\.out\.", "_attn.out_proj."),
    (r"\.mlp\.0\.", ".fc1."),
    (r"\.mlp\.2\.", ".fc2."),
    (r"\.mlp_ln\.", ".final_layer_norm."),
    (r"\.(ln_post|ln)\.", ".layer_norm."),
    (r"\.token_embedding\.", ".embed_tokens."),
    (r"\.positional_embedding$", ".embed_positions.weight"),
)


def random_whisper(
    vocabulary: int, mels: int = 80, audio_layers: int = 2, text_layers: int = 2, state: int = STATE, heads: int = HEADS
) -> openai_whisper.Whisper:
    """A model in which no two weights are alike: right in shape, senseless in words."""
    audio, text = (mels, 1500, state, heads, audio_layers), (vocabulary, 448, state, heads, text_layers)
    model = openai_whisper.Whisper(openai_whisper.ModelDimensions(*audio, *text))
    torch.manual_seed(vocabulary + audio_layers)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.normal_(mean=1.0 if re.search(r"ln(_post)?\.weight$", name) else 0.0, std=0.1)
    return model.eval()


def save_checkpoint(model: openai_whisper.Whisper, path: Path, dtype: torch.dtype) -> Path:
    """openai-whisper's own form."""
    weights = {name: weight.to(dtype) for name, weight in model.state_dict().items()}
    torch.save({"dims": dataclasses.asdict(model.dims), "model_state_dict": weights}, path)
    return path


def save_huggingface(
    model: openai_whisper.Whisper,
    folder: Path,
    dtype: torch.dtype = torch.float16,
    shard_size: str = "50GB",
    **generation: Any,
) -> Path:
    """transformers' form, in safetensors. `generation`: what generation_config.json says beside the usual."""
    from transformers import GenerationConfig

    theirs = transformers_whisper(model)
    said = {"no_timestamps_token_id": model.dims.n_vocab - 1 - TIMESTAMPS} | generation
    theirs.generation_config = GenerationConfig(**said)  # type: ignore[no-untyped-call]
    theirs.to(dtype).save_pretrained(folder, max_shard_size=shard_size)
    return folder


def transformers_whisper(model: openai_whisper.Whisper) -> Any:
    """The same model, of transformers."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    dims = model.dims
    config = WhisperConfig(
        vocab_size=dims.n_vocab,
        num_mel_bins=dims.n_mels,
        d_model=dims.n_audio_state,
        encoder_layers=dims.n_audio_layer,
        encoder_attention_heads=dims.n_audio_head,
        encoder_ffn_dim=4 * dims.n_audio_state,
        decoder_layers=dims.n_text_layer,
        decoder_attention_heads=dims.n_text_head,
        decoder_ffn_dim=4 * dims.n_text_state,
    )
    with torch.device("meta"):
        theirs = WhisperForConditionalGeneration(config)
    weights = {their_name(name): weight for name, weight in model.state_dict().items()}
    theirs.load_state_dict(weights | {"proj_out.weight": weights["model.decoder.embed_tokens.weight"]}, assign=True)
    theirs.tie_weights()
    return theirs.train(False)


def their_name(name: str) -> str:
    """transformers' name of openai-whisper's weight."""
    for ours, theirs in _THEIRS:
        name = re.sub(ours, theirs, name)
    return f"model.{name}"


def as_torch_files(folder: Path) -> Path:
    """Change a folder of transformers from safetensors to pytorch_model.bin, which held the last layer too."""
    renamed = {}
    for path in sorted(folder.glob("*.safetensors")):
        weights: dict[str, Tensor] = load_file(path)
        if "model.decoder.embed_tokens.weight" in weights:
            weights["proj_out.weight"] = weights["model.decoder.embed_tokens.weight"]
        renamed[path.name] = path.name.replace("model", "pytorch_model", 1).replace(".safetensors", ".bin")
        torch.save(weights, folder / renamed[path.name])
        path.unlink()
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        parts = json.loads(index.read_text())["weight_map"]
        listed = {"weight_map": {name: renamed[part] for name, part in parts.items()}}
        (folder / "pytorch_model.bin.index.json").write_text(json.dumps(listed))
        index.unlink()
    return folder


def save_ctranslate2(huggingface: Path, folder: Path, quantization: str | None = None) -> Path:
    """CTranslate2's form, by its own converter out of transformers' form."""
    from ctranslate2.converters import TransformersConverter

    class Converter(TransformersConverter):  # type: ignore[misc]
        """With openai-whisper's tokens, which are in its package."""

        def load_tokenizer(self, *_: Any, **__: Any) -> Tokens:
            config = json.loads((huggingface / "config.json").read_text())
            return Tokens(config["vocab_size"])

    Converter(str(huggingface)).convert(str(folder), quantization=quantization)
    return folder


class Tokens:
    """What CTranslate2's converter asks of a tokenizer: the tokens before the timestamps."""

    def __init__(self, vocabulary: int) -> None:
        with warnings.catch_warnings():  # openai-whisper leaves the file of a vocabulary open
            warnings.simplefilter("ignore", ResourceWarning)
            self._encoding = get_tokenizer(vocabulary > 51864, num_languages=max(99, vocabulary - 51766)).encoding
        self._count = vocabulary - TIMESTAMPS

    def get_vocab(self) -> dict[str, int]:
        return {self._encoding.decode_single_token_bytes(at).decode("latin-1"): at for at in range(self._count)}
