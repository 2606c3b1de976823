"""From the encoder's output to text: the lean decoder at temperature 0, openai-whisper's own `decode` above it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import whisper as openai_whisper  # the distribution is openai-whisper; `whisper` on PyPI is another program
from decoding_rules import Prompts, options
from greedy_decoder import GreedyDecoder
from speech_engine import SpeechEngineError
from speech_quality import compression_ratio, has_loops, needs_fallback
from stt_settings import SttSettings
from torch import Tensor
from whisper.tokenizer import get_tokenizer
from whisper_weights import Precision

logger = logging.getLogger(__name__)

SPARE_TOKENS = 16  # beside `tokens_per_sec_max`, for very short utterances


@dataclass(frozen=True)
class Attempt:
    """One decode. `finished`: it ended by itself and not at its limit of tokens. `tokens` is empty above
    temperature 0."""

    text: str
    avg_logprob: float
    no_speech_prob: float
    temperature: float = 0.0
    finished: bool = True
    tokens: tuple[int, ...] = ()

    @property
    def repeats(self) -> float:
        """How well it compresses."""
        return compression_ratio(self.text)


class WhisperDecoding:
    """Decodes with one loaded model."""

    def __init__(self, model: openai_whisper.Whisper, precision: Precision, settings: SttSettings) -> None:
        self._model = model
        self._settings = settings
        self._on_gpu = model.device.type == "cuda"
        self._greedy = GreedyDecoder(model, int8=precision == "int8")
        self._prompts = Prompts(model)
        self._tokenizer = get_tokenizer(model.is_multilingual, num_languages=model.num_languages)

    def token_limit(self, samples: int, sample_rate_hz: int) -> int:
        """How many tokens an utterance of `samples` may have; at most half of the context, as in openai-whisper."""
        wanted = SPARE_TOKENS + math.ceil(samples / sample_rate_hz * self._settings.tokens_per_sec_max)
        return min(int(self._model.dims.n_text_ctx) // 2, wanted)

    def languages(self, features: Tensor) -> list[str]:
        """The most probable language of each row, as openai-whisper's `detect_language` finds it."""
        logits = self._greedy.after_start(features)[:, list(self._tokenizer.all_language_tokens)]
        codes = self._tokenizer.all_language_codes
        return [codes[best] for best in logits.argmax(dim=-1).tolist()]

    def greedy(
        self,
        features: Tensor,
        languages: Sequence[str],
        task: str,
        limits: Sequence[int],
        interrupt: Callable[[], None] | None = None,
        draft: Sequence[int] = (),
    ) -> list[Attempt]:
        """Decode every row at temperature 0. `draft`: what the only row probably says, to get there sooner.

        Raises SpeechEngineError when the model's numbers overflowed.
        """
        prompts = [self._prompts.of(language, task) for language in languages]
        found = self._greedy.decode(features, prompts, limits, interrupt, draft)
        attempts = []
        for decoded in found:
            _refuse_overflow(decoded.avg_logprob)
            text = self._tokenizer.decode(decoded.tokens).strip()
            attempts.append(
                Attempt(
                    text,
                    decoded.avg_logprob,
                    decoded.no_speech_prob,
                    finished=decoded.finished,
                    tokens=tuple(decoded.tokens),
                )
            )
        return attempts

    def sampled(self, features: Tensor, language: str, task: str, limit: int, temperature: float) -> Attempt:
        """One row of the full window, (n_audio_ctx, n_audio_state), through openai-whisper's `decode`.

        Raises SpeechEngineError when the model's numbers overflowed.
        """
        features = features if self._on_gpu else features.float()
        asked = options(language, task, temperature=temperature, sample_len=limit, fp16=self._on_gpu)
        result = openai_whisper.decode(self._model, features, asked)
        _refuse_overflow(result.avg_logprob)
        return Attempt(result.text, result.avg_logprob, result.no_speech_prob, temperature)

    def will_do(self, attempt: Attempt) -> bool:
        """Whether `attempt` needs no other temperature, by openai-whisper's rule."""
        return not needs_fallback(attempt.repeats, attempt.avg_logprob, attempt.no_speech_prob, self._settings)

    def is_doubtful(self, attempt: Attempt) -> bool:
        """Whether a short window may have spoilt `attempt`: it looks like a loop, does not end, or is unsure."""
        settings = self._settings
        unsure = attempt.avg_logprob < settings.logprob_threshold
        return unsure or not attempt.finished or not self.will_do(attempt) or has_loops(attempt.text, settings)

    def best(self, attempts: Sequence[Attempt]) -> Attempt:
        """The most confident that is not repetitive (openai-whisper's `transcribe` takes the last)."""
        limit = self._settings.compression_ratio_threshold
        return max(attempts, key=lambda attempt: (attempt.repeats <= limit, attempt.avg_logprob))


def _refuse_overflow(logprob: float) -> None:
    if not math.isfinite(logprob):
        raise SpeechEngineError(f"the model's log-probability is {logprob}: its numbers overflowed")
