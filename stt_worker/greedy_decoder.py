"""Greedy decoding for the usual case: temperature 0, no timestamps, several utterances side by side.

The same tokens as openai-whisper's `decode` at temperature 0, from the same weights, with less around them: keys and
values are written into tensors allocated once a decode (openai-whisper concatenates them for every token), those of
the encoder's output are made once, logits are made of the last position alone, and what does not change from token to
token is looked up once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import whisper as openai_whisper  # the distribution is openai-whisper; `whisper` on PyPI is another program
from decoder_layer import DecoderLayer, KeysAndValues, normed
from decoding_rules import DecodingRules, decoding_rules
from int8_linear import Int8Linear
from torch import Tensor
from torch.nn import functional

Interrupt = Callable[[], None]


@dataclass
class Decoded:
    """One utterance's tokens (end of text left out), the mean of their natural log-probabilities as openai-whisper
    computes it, and the probability of no speech (NaN where the model has no such token)."""

    tokens: list[int] = field(default_factory=list)
    avg_logprob: float = 0.0
    no_speech_prob: float = math.nan


class GreedyDecoder:
    """Decodes with the weights of a loaded model. `interrupt` is called before every token and may raise."""

    def __init__(self, model: openai_whisper.Whisper, int8: bool) -> None:
        decoder = model.decoder
        self._rules: DecodingRules = decoding_rules(model)
        self._layers = [DecoderLayer(block) for block in decoder.blocks]
        self._embedding: Tensor = decoder.token_embedding.weight
        self._positions: Tensor = decoder.positional_embedding
        self._final: Any = decoder.ln
        self._logits = Int8Linear(self._embedding, None) if int8 else None
        self._heads: int = model.dims.n_text_head
        self._context: int = model.dims.n_text_ctx

    def decode(
        self,
        features: Tensor,
        prompts: Sequence[Sequence[int]],
        limits: Sequence[int],
        interrupt: Interrupt | None = None,
    ) -> list[Decoded]:
        """Decode each row of `features` (rows, positions, n_text_state) from its prompt, to at most its limit.

        All prompts have the same length. A row's log-probability may be NaN where its numbers overflowed.
        """
        rows, prompt = len(prompts), len(prompts[0])
        steps = min(max(limits), self._context - prompt)
        keys = [layer.open(features, self._heads, prompt + steps) for layer in self._layers]
        results = [Decoded() for _ in prompts]
        tokens = torch.tensor(prompts, device=features.device)
        x = self._run(tokens, 0, keys)
        no_speech = self._no_speech(x[:, list(prompts[0]).index(self._rules.sot)])
        logits = self._vocabulary(x[:, -1]) + self._rules.never_first
        total = torch.zeros(rows, device=features.device)
        open_rows = [True] * rows
        alive = torch.ones(rows, device=features.device)
        for step in range(steps):
            if interrupt is not None:
                interrupt()
            logits += self._rules.never
            best, chosen = logits.max(dim=-1)
            total += (best - logits.logsumexp(dim=-1)) * alive
            self._keep(chosen.tolist(), results, open_rows, limits)
            if not any(open_rows) or step + 1 == steps:
                break
            if not all(open_rows):
                alive = torch.tensor(open_rows, dtype=total.dtype, device=total.device)
            logits = self._vocabulary(self._run(chosen[:, None], prompt + step, keys)[:, 0])
        for result, logprob, silence in zip(results, total.tolist(), no_speech, strict=True):
            result.avg_logprob = logprob / (len(result.tokens) + 1)
            result.no_speech_prob = silence
        return results

    def after_start(self, features: Tensor) -> Tensor:
        """Logits of what follows the start token alone, (rows, vocabulary): the language, where there are several."""
        keys = [layer.open(features, self._heads, 1) for layer in self._layers]
        tokens = torch.full((len(features), 1), self._rules.sot, device=features.device)
        return self._vocabulary(self._run(tokens, 0, keys)[:, 0])

    def _keep(self, chosen: list[int], results: list[Decoded], open_rows: list[bool], limits: Sequence[int]) -> None:
        for row, token in enumerate(chosen):
            if not open_rows[row]:
                continue
            if token == self._rules.eot:
                open_rows[row] = False
                continue
            results[row].tokens.append(token)
            open_rows[row] = len(results[row].tokens) < limits[row]

    def _run(self, tokens: Tensor, offset: int, keys: list[KeysAndValues]) -> Tensor:
        """`tokens` (rows, n), the first at position `offset`, through all layers; (rows, n, n_text_state)."""
        count = tokens.shape[1]
        x = functional.embedding(tokens, self._embedding) + self._positions[offset : offset + count]
        for layer, cache in zip(self._layers, keys, strict=True):
            x = layer.run(x, cache, offset)
        return x

    def _vocabulary(self, x: Tensor) -> Tensor:
        """Logits, float32 (rows, vocabulary), of the last layer's output (rows, n_text_state)."""
        x = normed(self._final, x)
        if self._logits is not None:
            logits: Tensor = self._logits(x)
            return logits
        return functional.linear(x, self._embedding).float()

    def _no_speech(self, x: Tensor) -> list[float]:
        if self._rules.no_speech is None:
            return [math.nan] * len(x)
        found: list[float] = self._vocabulary(x).softmax(dim=-1)[:, self._rules.no_speech].tolist()
        return found
