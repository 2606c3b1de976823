"""Decoding without a search for beams: several utterances side by side, with or without timestamps.

The same tokens as openai-whisper's `decode` at temperature 0, from the same weights, with less around them: keys and
values are written into tensors allocated once a decode (openai-whisper concatenates them for every token), those of
the encoder's output are made once, logits are made of the last position alone, and what does not change from token to
token is looked up once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
import whisper as openai_whisper  # the distribution is openai-whisper; `whisper` on PyPI is another program
from torch import Tensor
from torch.nn import functional

from stt_worker.engine.decoder.encoded import Encoded, EncodedAudio
from stt_worker.engine.decoder.layer import DecoderLayer, KeysAndValues, normed
from stt_worker.engine.decoder.rules import DecodingRules, decoding_rules
from stt_worker.engine.decoder.timestamps import TimestampRules
from stt_worker.engine.weights.int8 import Int8Linear

# A phrase so many times in a row, in so many tokens at least: a loop, as engine.quality cuts it out (3 times, 8 words).
CIRCLE_TIMES = 3
CIRCLE_TOKENS = 36

Interrupt = Callable[[], None]


@dataclass
class Decoded:
    """One utterance's tokens (end of text left out), the mean of their natural log-probabilities as openai-whisper
    computes it, the probability of no speech (NaN where the model has no such token), whether it ended by itself and
    not at its limit, and how probable each language is (as in DecodingRules, empty where the model knows one).
    `last_mark`, `next_mark`: how probable a mark that ends a sentence was in the place of the last token, and is in
    that of the end; `end`: how probable the end itself is there."""

    tokens: list[int] = field(default_factory=list)
    avg_logprob: float = 0.0
    no_speech_prob: float = math.nan
    finished: bool = False
    languages: list[float] = field(default_factory=list)
    last_mark: float = field(default=0.0, compare=False)
    next_mark: float = field(default=0.0, compare=False)
    end: float = field(default=0.0, compare=False)


class GreedyDecoder:
    """Decodes with the weights of a loaded model. `interrupt`, where it is set, is called before every layer and may
    raise."""

    interrupt: Interrupt | None = None

    def __init__(self, model: openai_whisper.Whisper, int8: bool) -> None:
        decoder = model.decoder
        self._rules: DecodingRules = decoding_rules(model)
        self.languages: tuple[str, ...] = tuple(self._rules.languages)
        self.marks = frozenset(self._rules.marks.tolist())
        self._language_tokens = torch.tensor(list(self._rules.languages.values()), device=model.device)
        self._layers = [DecoderLayer(block) for block in decoder.blocks]
        self._embedding: Tensor = decoder.token_embedding.weight
        self._positions: Tensor = decoder.positional_embedding
        self._final: Any = decoder.ln
        self._logits = Int8Linear(self._embedding, None) if int8 else None
        self._heads: int = model.dims.n_text_head
        self._context: int = model.dims.n_text_ctx

    def decode(
        self,
        audio: Encoded,
        prompts: Sequence[Sequence[int]],
        limits: Sequence[int],
        draft: Sequence[int] = (),
        timestamps: bool = False,
        temperature: float = 0.0,
    ) -> list[Decoded]:
        """Decode each row of `audio` (rows, positions, n_text_state) from its prompt, to at most its limit.

        All prompts have the same length; those for `timestamps` end without openai-whisper's token against them.
        `draft`, for a single row: tokens that it probably begins with, which are then checked in one step instead of
        being found one by one (Leviathan et al. 2023, "Fast Inference from Transformers via Speculative Decoding", with
        a draft from before); the result is the same. Above `temperature` 0 tokens are drawn, not chosen. A row's
        log-probability may be NaN where its numbers overflowed.
        """
        rows, prompt = len(prompts), len(prompts[0])
        steps = min(max(limits), self._context - prompt)
        draft = draft[: steps - 1] if rows == 1 else ()
        caches = self._caches(audio, prompt + steps)
        tokens = torch.tensor([[*one, *draft] for one in prompts], device=self._embedding.device)
        x = self._run(tokens, 0, caches)
        results = self._opened(x[:, prompts[0].index(self._rules.sot)])
        logits = self._vocabulary(
            x[:, prompt - 1 :].flatten(0, 1)
        )  # a row of logits for each draft token, and one more
        logits[: 1 if draft else rows] += self._rules.never_first
        rules = self._rules.timestamps if timestamps else None
        said: list[Sequence[int]] = [draft[:count] for count in range(len(draft) + 1)] if draft else [()] * rows
        dice = _dice(temperature, self._embedding.device)
        chosen, logprob, mark = self._choose(logits, rules, said, temperature, dice)
        total = torch.zeros(rows, device=self._embedding.device)
        if draft:
            agreed = _agreement(chosen.tolist(), draft)
            results[0].tokens += draft[:agreed]
            total += logprob[:agreed].sum()
            results[0].last_mark = float(mark[agreed - 1]) if agreed else 0.0
            chosen, logprob, mark = (one[agreed : agreed + 1] for one in (chosen, logprob, mark))
        open_rows = [True] * rows
        while True:
            total += logprob * torch.tensor(open_rows, device=total.device)
            self._keep(chosen.tolist(), logprob.exp().tolist(), mark.tolist(), results, open_rows, limits)
            done = max(len(result.tokens) for result in results)
            if not any(open_rows) or done >= steps:
                break
            x = self._run(chosen[:, None], prompt + done - 1, caches)
            said = [result.tokens for result in results]
            chosen, logprob, mark = self._choose(self._vocabulary(x[:, 0]), rules, said, temperature, dice)
        for result, logprobs in zip(results, total.tolist(), strict=True):
            result.avg_logprob = logprobs / (len(result.tokens) + 1)
        return results

    def spoken(self, audio: Encoded) -> list[list[float]]:
        """How probable each of `languages` is, for each row of `audio`, from the start token alone."""
        caches = self._caches(audio, 1)
        tokens = torch.full((len(audio), 1), self._rules.sot, device=self._embedding.device)
        logits = self._vocabulary(self._run(tokens, 0, caches)[:, 0])
        found: list[list[float]] = logits[:, self._language_tokens].softmax(dim=-1).tolist()
        return found

    def attention(self, audio: Encoded, tokens: Sequence[int], heads: Sequence[tuple[int, int]]) -> Tensor:
        """What each of `tokens` looks at in the one row of `audio`, before the softmax, by each of `heads` (layer,
        head): float32 (heads, tokens, positions). One step for all tokens, up to the last such layer.
        """
        wanted = sorted({layer for layer, _ in heads})
        scores: dict[int, Tensor] = {}
        x = functional.embedding(torch.tensor([tokens], device=self._embedding.device), self._embedding)
        x = x + self._positions[: len(tokens)]
        caches = self._caches(audio, len(tokens), wanted[-1] + 1)
        for number, cache in enumerate(caches):
            seen: list[Tensor] | None = [] if number in wanted else None
            x = self._layers[number].run(x, cache, 0, seen)
            if seen:
                scores[number] = seen[0][0]
        return torch.stack([scores[layer][head] for layer, head in heads])

    def _caches(self, audio: Encoded, tokens: int, layers: int | None = None) -> list[KeysAndValues]:
        """Of the first `layers`, or all: room for `tokens` tokens, and what `audio` has of their keys and values."""
        heard = EncodedAudio.of(audio)
        return [
            KeysAndValues.beside(heard.keys_and_values(at, partial(layer.audio, heads=self._heads)), tokens)
            for at, layer in enumerate(self._layers[:layers])
        ]

    def _choose(
        self,
        logits: Tensor,
        timestamps: TimestampRules | None,
        said: Sequence[Sequence[int]],
        temperature: float,
        dice: torch.Generator | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The most probable token of each row that may be said after `said`, its log-probability among those, and how
        probable a mark is that ends a sentence."""
        logits += self._rules.never
        if timestamps is not None:
            timestamps.apply(logits, said)
        whole = logits.logsumexp(dim=-1)
        mark = (logits[:, self._rules.marks].logsumexp(dim=-1) - whole).exp()
        if temperature:
            drawn = torch.multinomial((logits / temperature).softmax(dim=-1), 1, generator=dice)
            return drawn[:, 0], logits.gather(1, drawn)[:, 0] - whole, mark
        best, chosen = logits.max(dim=-1)
        return chosen, best - whole, mark

    def _keep(
        self,
        chosen: list[int],
        sure: list[float],
        mark: list[float],
        results: list[Decoded],
        open_rows: list[bool],
        limits: Sequence[int],
    ) -> None:
        for row, (token, result) in enumerate(zip(chosen, results, strict=True)):
            if not open_rows[row]:
                continue
            if token == self._rules.eot:
                open_rows[row] = False
                result.finished, result.next_mark, result.end = True, mark[row], sure[row]
                continue
            result.tokens.append(token)
            result.last_mark = mark[row]
            open_rows[row] = len(result.tokens) < limits[row] and not goes_in_circles(result.tokens)

    def _run(self, tokens: Tensor, offset: int, caches: list[KeysAndValues]) -> Tensor:
        """`tokens` (rows, n), the first at position `offset`, through all layers; (rows, n, n_text_state)."""
        count = tokens.shape[1]
        x = functional.embedding(tokens, self._embedding) + self._positions[offset : offset + count]
        for layer, cache in zip(self._layers, caches, strict=True):
            if self.interrupt is not None:
                self.interrupt()
            x = layer.run(x, cache, offset)
        return x

    def _vocabulary(self, x: Tensor) -> Tensor:
        """Logits, float32 (rows, vocabulary), of the last layer's output (rows, n_text_state)."""
        x = normed(self._final, x)
        if self._logits is not None:
            logits: Tensor = self._logits(x)
            return logits
        return functional.linear(x, self._embedding).float()

    def _opened(self, x: Tensor) -> list[Decoded]:
        """An empty result for each row of `x`, the last layer's output at the start token (rows, n_text_state)."""
        if self._rules.no_speech is None and not self.languages:
            return [Decoded() for _ in x]
        logits = self._vocabulary(x)
        silence = [math.nan] * len(x)
        if self._rules.no_speech is not None:
            silence = logits.softmax(dim=-1)[:, self._rules.no_speech].tolist()
        if not self.languages:
            return [Decoded(no_speech_prob=p) for p in silence]
        spoken = logits[:, self._language_tokens].softmax(dim=-1).tolist()
        return [Decoded(no_speech_prob=p, languages=row) for p, row in zip(silence, spoken, strict=True)]


def goes_in_circles(tokens: Sequence[int]) -> bool:
    """Whether `tokens` end in a loop that will not end by itself; what is in it is cut out of the text anyway."""
    for period in range(1, CIRCLE_TOKENS // CIRCLE_TIMES + 1):
        seen = max(CIRCLE_TOKENS, period * CIRCLE_TIMES)
        if len(tokens) >= seen and all(tokens[-at] == tokens[-at - period] for at in range(1, seen - period + 1)):
            return True
    return False


def _dice(temperature: float, device: torch.device) -> torch.Generator | None:
    """The same for the same temperature: the same audio gives the same text, whatever is decoded beside it."""
    return torch.Generator(device).manual_seed(round(1000 * temperature)) if temperature else None


def _agreement(chosen: Sequence[int], draft: Sequence[int]) -> int:
    """How many tokens of `draft`, from the first, are what the model chooses."""
    return next((at for at, token in enumerate(draft) if chosen[at] != token), len(draft))
