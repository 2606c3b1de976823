"""What openai-whisper's `decode` starts from and what it never says, taken from openai-whisper itself.

Its `DecodingTask` builds both from the tokenizer and the options; here they are read off once, so that the lean
decoder keeps exactly to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
import whisper as openai_whisper  # the distribution is openai-whisper; `whisper` on PyPI is another program
from whisper.decoding import DecodingTask, SuppressBlank, SuppressTokens
from whisper.tokenizer import get_tokenizer

from stt_worker.engine.decoder.sentence_end import mark_tokens
from stt_worker.engine.decoder.timestamps import TimestampRules


@dataclass(frozen=True)
class DecodingRules:
    """Of one model. `never` and `never_first`: float32 (vocabulary,), 0 or minus infinity, added to the logits of
    every and of the first token. `no_speech`: the token whose probability after `sot` tells of silence, if any.
    `languages`: code and token of each language that it knows, none where that is English only. `marks`: the tokens
    that end a sentence, int64 (n,)."""

    sot: int
    eot: int
    no_speech: int | None
    never: torch.Tensor
    never_first: torch.Tensor
    languages: dict[str, int]
    timestamps: TimestampRules
    marks: torch.Tensor


def options(language: str, task: str, timestamps: bool = False, **more: Any) -> openai_whisper.DecodingOptions:
    """How this worker decodes; `more` as in openai-whisper's DecodingOptions."""
    return openai_whisper.DecodingOptions(task=task, language=language, without_timestamps=not timestamps, **more)


def decoding_rules(model: openai_whisper.Whisper) -> DecodingRules:
    """The rules of `model`. Raises TypeError when openai-whisper has filters that are not known here."""
    task = DecodingTask(model, options("en", "transcribe"))
    device, vocabulary = model.device, model.dims.n_vocab
    never = torch.zeros(vocabulary, device=device)
    never_first = torch.zeros(vocabulary, device=device)
    for rule in task.logit_filters:
        if isinstance(rule, SuppressTokens):
            never[list(rule.suppress_tokens)] = -torch.inf
        elif isinstance(rule, SuppressBlank):
            never_first[[*task.tokenizer.encode(" "), task.tokenizer.eot]] = -torch.inf
        else:
            raise TypeError(f"openai-whisper filters tokens by {type(rule).__name__}, which the lean decoder lacks")
    tokenizer = task.tokenizer
    known = zip(tokenizer.all_language_codes, tokenizer.all_language_tokens, strict=True)
    languages = dict(known) if model.is_multilingual else {}
    timestamps = TimestampRules(tokenizer.timestamp_begin, tokenizer.eot, tokenizer.no_timestamps)
    marks = torch.tensor(mark_tokens(tokenizer), dtype=torch.long, device=device)
    return DecodingRules(
        tokenizer.sot, tokenizer.eot, tokenizer.no_speech, never, never_first, languages, timestamps, marks
    )


class Prompts:
    """The tokens that decoding starts from, by language, task, and the words that may come (openai-whisper's
    `prompt`, of which it takes the last half of the context)."""

    def __init__(self, model: openai_whisper.Whisper) -> None:
        self._model = model
        self.of = lru_cache(maxsize=512)(self._of)  # 100 languages, two tasks; as many sessions with words of their own
        self._encoding = get_tokenizer(model.is_multilingual, num_languages=model.num_languages).encoding

    def encode(self, prompt: str) -> list[int] | None:
        """The tokens of `prompt`, None where it says nothing. Nothing that a user writes is a special token: tiktoken
        would refuse the whole text for it."""
        words = prompt.strip()
        return self._encoding.encode(" " + words, disallowed_special=()) if words else None

    def _of(self, language: str, task: str, prompt: str = "", timestamps: bool = False) -> tuple[int, ...]:
        asked = options(language, task, timestamps, prompt=self.encode(prompt))
        return tuple(DecodingTask(self._model, asked).initial_tokens)
