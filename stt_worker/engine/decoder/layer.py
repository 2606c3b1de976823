"""One layer of Whisper's text decoder, on the weights of openai-whisper's own module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from stt_worker.engine.decoder.encoded import KeysValues
from stt_worker.engine.weights.int8 import Int8Linear

Linear = Any  # a callable on tensors


@dataclass
class KeysAndValues:
    """One decode's keys and values of one layer: of the text, (rows, heads, tokens, width), filled up to the present
    token, and of the encoder's output, (rows, heads, positions, width)."""

    text_keys: Tensor
    text_values: Tensor
    audio_keys: Tensor
    audio_values: Tensor

    @classmethod
    def beside(cls, audio: KeysValues, tokens: int) -> KeysAndValues:
        """Those of `audio`, and room for `tokens` tokens of text."""
        keys, values = audio
        rows, heads, _, width = keys.shape
        shape = (rows, heads, tokens, width)
        return cls(keys.new_empty(shape), keys.new_empty(shape), keys, values)


def linear(layer: Any) -> Linear:
    """The product of `layer` as a plain call: looking through a module costs as much as a small product."""
    if isinstance(layer, Int8Linear):
        packed, reduce_range, product = layer.packed, layer.reduce_range, torch.ops.quantized.linear_dynamic.default
        return lambda x: product(x, packed, reduce_range)
    weight, bias = layer.weight, layer.bias
    return lambda x: functional.linear(x, weight, bias)


def normed(layer: Any, x: Tensor) -> Tensor:
    """`x` through a layer norm, computed in float32 as openai-whisper does."""
    if x.dtype is torch.float32:
        return functional.layer_norm(x, layer.normalized_shape, layer.weight, layer.bias, layer.eps)
    wide = functional.layer_norm(x.float(), layer.normalized_shape, layer.weight.float(), layer.bias.float(), layer.eps)
    return wide.to(x.dtype)


class DecoderLayer:
    """Runs the layer for new tokens; earlier ones are in its KeysAndValues."""

    def __init__(self, block: Any) -> None:
        text, audio = block.attn, block.cross_attn
        self._text_norm, self._audio_norm, self._mlp_norm = block.attn_ln, block.cross_attn_ln, block.mlp_ln
        self._text = [linear(part) for part in (text.query, text.key, text.value, text.out)]
        self._audio = [linear(part) for part in (audio.query, audio.key, audio.value, audio.out)]
        self._widen, self._narrow = linear(block.mlp[0]), linear(block.mlp[2])

    def audio(self, features: Tensor, heads: int) -> KeysValues:
        """Keys and values of `features` (rows, positions, n_text_state)."""
        _, key, value, _ = self._audio
        return _split(key(features), heads).contiguous(), _split(value(features), heads).contiguous()

    def run(self, x: Tensor, cache: KeysAndValues, offset: int, scores: list[Tensor] | None = None) -> Tensor:
        """New tokens `x` (rows, n, n_text_state), the first at position `offset`. Several only at offset 0.

        `scores`, where given, gains what each token looks at in the audio, before the softmax: (rows, heads, n,
        positions).
        """
        heads, end = cache.text_keys.shape[1], offset + x.shape[1]
        query, key, value, out = self._text
        y = normed(self._text_norm, x)
        cache.text_keys[:, :, offset:end] = _split(key(y), heads)
        cache.text_values[:, :, offset:end] = _split(value(y), heads)
        y = functional.scaled_dot_product_attention(
            _split(query(y), heads),
            cache.text_keys[:, :, :end],
            cache.text_values[:, :, :end],
            is_causal=x.shape[1] > 1,
        )
        x = x + out(_joined(y))
        query, _, _, out = self._audio
        y = _split(query(normed(self._audio_norm, x)), heads)
        if scores is not None:
            scores.append(y.float() @ cache.audio_keys.float().transpose(-1, -2) * y.shape[-1] ** -0.5)
        y = functional.scaled_dot_product_attention(y, cache.audio_keys, cache.audio_values)
        x = x + out(_joined(y))
        y = self._widen(normed(self._mlp_norm, x))
        x = x + self._narrow(functional.gelu(y))
        return x


def _split(x: Tensor, heads: int) -> Tensor:
    """(rows, n, state) as (rows, heads, n, state / heads)."""
    rows, count, state = x.shape
    return x.view(rows, count, heads, state // heads).transpose(1, 2)


def _joined(x: Tensor) -> Tensor:
    """The reverse of `_split`."""
    rows, heads, count, width = x.shape
    return x.transpose(1, 2).reshape(rows, count, heads * width)
