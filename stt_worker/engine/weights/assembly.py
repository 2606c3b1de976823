"""openai-whisper's own model from weights that another program has saved.

A `WeightSource` gives each weight by the name that openai-whisper has for it. All shapes are compared before anything
is allocated, so what a model takes is bounded by what its files hold; then weight after weight becomes float32, which
is what openai-whisper's `load_model` makes of its checkpoints. At no time there is a second copy of the whole model.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import astuple
from typing import Protocol

import torch
import whisper as openai_whisper
from torch import Tensor
from whisper.model import AudioEncoder, ModelDimensions, TextDecoder

logger = logging.getLogger(__name__)

AUDIO_POSITIONS, TEXT_POSITIONS = 1500, 448  # Whisper's windows: 30 s of audio, and tokens
VOCABULARIES = {51864: "English-only", 51865: "multilingual", 51866: "multilingual, of large-v3"}
TOKENS_AFTER_NOTIMESTAMPS = 1502  # that token and the 1501 timestamps end every vocabulary
MELS = (80, 128)
MAX_LAYERS = 100
FLOATS = (torch.float16, torch.bfloat16, torch.float32)

# State, heads and layers of encoder and decoder. large-v1 and large-v2 have other heads in one shape: not told apart.
_SIZES = {"tiny": (384, 6, 4), "base": (512, 8, 6), "small": (768, 12, 12), "medium": (1024, 16, 24)}
_LARGE = {"large-v3": (1280, 20, 32, 32, 128, 51866), "large-v3-turbo": (1280, 20, 32, 4, 128, 51866)}

Heads = Sequence[tuple[int, int]]


class ModelFormatError(ValueError):
    """A model cannot be used; the message tells a user why, and what can be done where something can."""


class WeightSource(Protocol):
    """Weights under openai-whisper's names, such as `encoder.blocks.0.attn.query.weight`."""

    @property
    def layers(self) -> tuple[int, int]:
        """Of encoder and decoder."""

    @property
    def heads(self) -> tuple[int | None, int | None]:
        """Attention heads of encoder and decoder; None where the form does not say."""

    @property
    def alignment_heads(self) -> Heads | None:
        """(layer, head) of the decoder's heads that follow the audio, if the form names some."""

    def shape(self, name: str) -> tuple[int, ...]:
        """Without reading it. Raises ModelFormatError when there is none."""

    def tensor(self, name: str) -> Tensor:
        """The weight, of FLOATS, in that shape; where it is float32, in memory of its own, not a file's. Raises
        ModelFormatError."""


def assemble(source: WeightSource, alignment_heads: bytes | None = None) -> openai_whisper.Whisper:
    """The model of `source` on the CPU, in float32, for evaluation. Raises ModelFormatError.

    `alignment_heads` in openai-whisper's own encoding go before those of the source. Without either they are those of
    the official model of the same shape, else openai-whisper's default.
    """
    dims = _dimensions(source)
    model = _empty(dims)
    for name, empty in model.state_dict().items():
        if source.shape(name) != tuple(empty.shape):
            raise ModelFormatError(
                f"the weight {name} has the shape {_words(source.shape(name))} where a Whisper with a state of "
                f"{dims.n_audio_state} has {_words(tuple(empty.shape))}"
            )
    model.load_state_dict({name: _float32(source.tensor(name)) for name in model.state_dict()}, assign=True)
    mask = torch.empty(dims.n_text_ctx, dims.n_text_ctx).fill_(-torch.inf).triu_(1)
    model.decoder.register_buffer("mask", mask, persistent=False)
    _align(model, alignment_heads, source.alignment_heads)
    return model.eval()


def official_name(dims: ModelDimensions) -> str | None:
    """The official model that has exactly these dimensions, if there is one and no second."""
    shape = (dims.n_audio_state, dims.n_audio_head, dims.n_audio_layer, dims.n_text_layer, dims.n_mels, dims.n_vocab)
    for size, (state, heads, layers) in _SIZES.items():
        for name, vocabulary in ((f"{size}.en", 51864), (size, 51865)):
            if shape == (state, heads, layers, layers, 80, vocabulary):
                return name
    return next((name for name, large in _LARGE.items() if shape == large), None)


def check_tokens(vocabulary: int, no_timestamps: object) -> None:
    """Raise ModelFormatError for a vocabulary as large as one of Whisper's in which `<|notimestamps|>`, the token
    `no_timestamps` where that is known, is at another place."""
    known = vocabulary in VOCABULARIES and isinstance(no_timestamps, int)
    if known and no_timestamps != vocabulary - TOKENS_AFTER_NOTIMESTAMPS:
        raise ModelFormatError(
            f"the vocabulary has tokens of its own: <|notimestamps|> is number {no_timestamps} of {vocabulary}, and in "
            f"Whisper's own it would be {vocabulary - TOKENS_AFTER_NOTIMESTAMPS}"
        )


def _dimensions(source: WeightSource) -> ModelDimensions:
    state, mels, _ = _sizes(source, "encoder.conv1.weight", 3)
    vocabulary, text_state = _sizes(source, "decoder.token_embedding.weight", 2)
    audio_positions, _ = _sizes(source, "encoder.positional_embedding", 2)
    text_positions, _ = _sizes(source, "decoder.positional_embedding", 2)
    if vocabulary not in VOCABULARIES:
        known = ", ".join(f"{size} ({words})" for size, words in VOCABULARIES.items())
        raise ModelFormatError(
            f"the vocabulary has {vocabulary} tokens, and Whisper's have {known}: tokens were added, or left out"
        )
    if mels not in MELS:
        raise ModelFormatError(f"it hears {mels} mel bands, and Whisper 80 or 128")
    if (audio_positions, text_positions) != (AUDIO_POSITIONS, TEXT_POSITIONS):
        raise ModelFormatError(
            f"it has {audio_positions} positions of audio and {text_positions} of text, and Whisper {AUDIO_POSITIONS} "
            f"and {TEXT_POSITIONS}"
        )
    heads = [given or size // 64 for given, size in zip(source.heads, (state, text_state), strict=True)]
    if any(count < 1 or size % count for count, size in zip(heads, (state, text_state), strict=True)):
        raise ModelFormatError(f"{heads[0]} and {heads[1]} attention heads do not divide a state of {state}")
    for layers, part in zip(source.layers, ("encoder", "decoder"), strict=True):
        if not 1 <= layers <= MAX_LAYERS:
            raise ModelFormatError(f"the {part} has {layers} layers")
    audio_layers, text_layers = source.layers
    return ModelDimensions(
        mels,
        audio_positions,
        state,
        heads[0],
        audio_layers,
        vocabulary,
        text_positions,
        text_state,
        heads[1],
        text_layers,
    )


def _sizes(source: WeightSource, name: str, rank: int) -> tuple[int, ...]:
    shape = source.shape(name)
    if len(shape) != rank or not all(shape):
        raise ModelFormatError(f"the weight {name} has the shape {_words(shape)}, of which no Whisper can be told")
    return shape


def _empty(dims: ModelDimensions) -> openai_whisper.Whisper:
    """The model without memory for its weights. Not all of it can be made so: its buffer of heads is sparse."""
    model = openai_whisper.Whisper(ModelDimensions(1, 1, 4, 1, 0, 1, 1, 4, 1, 0))
    model.dims = dims
    with torch.device("meta"):
        sizes = astuple(dims)
        model.encoder, model.decoder = AudioEncoder(*sizes[:5]), TextDecoder(*sizes[5:])
    return model


def _float32(tensor: Tensor) -> Tensor:
    if tensor.dtype not in FLOATS:
        raise ModelFormatError(f"a weight is in {str(tensor.dtype).removeprefix('torch.')}, which is not read here")
    return tensor.float().contiguous()


def _align(model: openai_whisper.Whisper, wanted: bytes | None, named: Heads | None) -> None:
    """Set the heads by which words are timed."""
    layers, heads = model.dims.n_text_layer, model.dims.n_text_head
    default = torch.zeros(layers, heads, dtype=torch.bool)
    default[layers // 2 :] = True
    mask = torch.zeros_like(default)
    for layer, head in named or ():
        if not (0 <= layer < layers and 0 <= head < heads):
            logger.warning("alignment head %d of layer %d is named, and there is none: all are ignored", head, layer)
            mask.zero_()
            break
        mask[layer, head] = True
    if not mask.any() or mask.equal(default):  # the default is also what converters write where nothing is known
        official = official_name(model.dims)
        wanted = wanted or (openai_whisper._ALIGNMENT_HEADS[official] if official else None)
        mask = default
    if wanted is not None:
        model.set_alignment_heads(wanted)
    else:
        model.register_buffer("alignment_heads", mask.to_sparse(), persistent=False)


def _words(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "of a single number"
