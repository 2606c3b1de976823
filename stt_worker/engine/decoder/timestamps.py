"""Decoding with timestamps, by the rules of openai-whisper's `ApplyTimestampRules`.

A text with timestamps is a row of pieces, `<|0.00|> text <|2.40|>`: the model stops early less often, as it was trained
on such texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from whisper.audio import TOKENS_PER_SECOND

MAX_INITIAL_SEC = 1.0  # openai-whisper's `max_initial_timestamp`


@dataclass(frozen=True)
class TimestampRules:
    """`first`: the token of 0.00 s; those after it are later, 0.02 s each. `eot`: end of text."""

    first: int
    eot: int
    no_timestamps: int

    def apply(self, logits: Tensor, said: Sequence[Sequence[int]]) -> None:
        """Take from each row of `logits` (rows, vocabulary) what may not follow the tokens `said` so far."""
        logits[:, self.no_timestamps] = -torch.inf
        for row, tokens in zip(logits, said, strict=True):
            self._restrict(row, tokens)
            stamped, plain = row[self.first :].logsumexp(dim=-1), row[: self.first].max()
            if stamped > plain:
                row[: self.first] = -torch.inf

    def _restrict(self, row: Tensor, tokens: Sequence[int]) -> None:
        if not tokens:
            row[: self.first] = -torch.inf
            row[self.first + int(MAX_INITIAL_SEC * TOKENS_PER_SECOND) + 1 :] = -torch.inf
            return
        last = tokens[-1] >= self.first
        before = len(tokens) < 2 or tokens[-2] >= self.first
        if last and before:
            row[self.first :] = -torch.inf
        elif last:
            row[: self.eot] = -torch.inf
        latest = next((token for token in reversed(tokens) if token >= self.first), None)
        if latest is not None:
            row[self.first : latest if last and not before else latest + 1] = -torch.inf
