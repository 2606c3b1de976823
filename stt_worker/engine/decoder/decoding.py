"""From the encoder's output to text."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import whisper as openai_whisper  # the distribution is openai-whisper; `whisper` on PyPI is another program
from whisper.tokenizer import get_tokenizer

from stt_worker.engine.decoder.encoded import Encoded
from stt_worker.engine.decoder.greedy import Decoded, GreedyDecoder
from stt_worker.engine.decoder.rules import Prompts
from stt_worker.engine.decoder.sentence_end import probability
from stt_worker.engine.protocol import SpeechEngineError, WordTime
from stt_worker.engine.quality import compression_ratio, has_loops, needs_fallback
from stt_worker.engine.weights.precision import Precision
from stt_worker.settings import SttSettings

logger = logging.getLogger(__name__)

PROMPT_TEMPERATURE = 0.5  # above it openai-whisper's `transcribe` takes no prompt from what was said before
TOKENS_PER_SEC_MAX = 30.0  # of audio: a loop cannot run on
SPARE_TOKENS = 16  # beside them, for very short utterances


@dataclass(frozen=True)
class Attempt:
    """One decode. `finished`: it ended by itself and not at its limit of tokens. Where the model knows several
    languages and the temperature is 0: `language_probability`, of the language that was decoded, and the `likeliest`
    with its own. `sentence_end`: how probable it is that a sentence ends with the text, None where nobody has looked.
    """

    text: str
    avg_logprob: float
    no_speech_prob: float
    temperature: float = 0.0
    finished: bool = True
    tokens: tuple[int, ...] = ()
    language_probability: float | None = None
    likeliest: tuple[str, float] | None = None
    sentence_end: float | None = field(default=None, compare=False)

    @property
    def repeats(self) -> float:
        """How well it compresses."""
        return compression_ratio(self.text)


class WhisperDecoding:
    """Decodes with one loaded model."""

    def __init__(self, model: openai_whisper.Whisper, precision: Precision, settings: SttSettings) -> None:
        self._model = model
        self._settings = settings
        self._greedy = GreedyDecoder(model, int8=precision == "int8")
        self._codes = self._greedy.languages
        self._marks = self._greedy.marks
        self._prompts = Prompts(model)
        self._tokenizer = get_tokenizer(model.is_multilingual, num_languages=model.num_languages)

    @property
    def interrupt(self) -> Callable[[], None] | None:
        """Called before every layer, where it is set; it may raise, and that comes through."""
        return self._greedy.interrupt

    @interrupt.setter
    def interrupt(self, interrupt: Callable[[], None] | None) -> None:
        self._greedy.interrupt = interrupt

    def token_limit(self, samples: int, sample_rate_hz: int) -> int:
        """How many tokens an utterance of `samples` may have; at most half of the context, as in openai-whisper."""
        wanted = SPARE_TOKENS + math.ceil(samples / sample_rate_hz * TOKENS_PER_SEC_MAX)
        return min(int(self._model.dims.n_text_ctx) // 2, wanted)

    def languages(self, features: Encoded) -> list[tuple[str, float]]:
        """The most probable language of each row as openai-whisper's `detect_language` finds it, and how probable."""
        return [self.likeliest(row) for row in self.spoken(features)]

    def spoken(self, features: Encoded) -> list[list[float]]:
        """How probable each language that the model knows is, for each row."""
        return self._greedy.spoken(features)

    def greedy(
        self,
        features: Encoded,
        languages: Sequence[str],
        task: str,
        limits: Sequence[int],
        draft: Sequence[int] = (),
        prompts: Sequence[str] = (),
        timestamps: bool = False,
    ) -> list[Attempt]:
        """Decode every row at temperature 0. `draft`: what the only row probably says, to get there sooner. `prompts`:
        of each row the words that may come; rows whose prompts differ in length are decoded apart.

        Raises SpeechEngineError when the model's numbers overflowed.
        """
        starts = [
            self._prompts.of(language, task, prompt, timestamps)
            for language, prompt in zip(languages, prompts or [""] * len(languages), strict=True)
        ]
        lengths = {len(start) for start in starts}
        if len(lengths) == 1:
            found = self._greedy.decode(features, starts, limits, draft, timestamps)
        else:
            apart: dict[int, Decoded] = {}
            for length in lengths:
                rows = [row for row, start in enumerate(starts) if len(start) == length]
                some = [starts[row] for row in rows], [limits[row] for row in rows]
                apart.update(zip(rows, self._greedy.decode(features[rows], *some, timestamps=timestamps), strict=True))
            found = [apart[row] for row in range(len(starts))]
        return [self._attempt(decoded, language) for decoded, language in zip(found, languages, strict=True)]

    def tokens(self, text: str) -> tuple[int, ...]:
        """Those of `text`."""
        return tuple(self._prompts.encode(text) or ())

    def word_times(self, features: Encoded, language: str, attempt: Attempt, samples: int) -> tuple[WordTime, ...]:
        """When the words of `attempt` are said in audio of so many `samples`, which `features` are of."""
        from stt_worker.engine.decoder.word_times import word_times

        tokenizer = get_tokenizer(
            self._model.is_multilingual, num_languages=self._model.num_languages, language=language, task="transcribe"
        )
        start = self._prompts.of(language, "transcribe")
        text = [token for token in attempt.tokens if token < tokenizer.eot]  # timestamps are above
        return word_times(self._greedy, self._model, tokenizer, features, start, text, samples)

    def sampled(
        self, features: Encoded, language: str, task: str, limit: int, temperature: float, prompt: str = ""
    ) -> Attempt:
        """Decode the one row of `features` at a temperature. A `prompt` has a part up to PROMPT_TEMPERATURE.

        Raises SpeechEngineError when the model's numbers overflowed.
        """
        start = self._prompts.of(language, task, prompt if temperature <= PROMPT_TEMPERATURE else "")
        (decoded,) = self._greedy.decode(features, [start], [limit], temperature=temperature)
        return replace(self._attempt(decoded, language), temperature=temperature)

    def will_do(self, attempt: Attempt) -> bool:
        """Whether `attempt` needs no other temperature, by openai-whisper's rule."""
        return not needs_fallback(attempt.repeats, attempt.avg_logprob, attempt.no_speech_prob, self._settings)

    def is_doubtful(self, attempt: Attempt) -> bool:
        """Whether a short window may have spoilt `attempt`: it looks like a loop, does not end, or is unsure."""
        settings = self._settings
        unsure = attempt.avg_logprob < settings.logprob_threshold
        return unsure or not attempt.finished or not self.will_do(attempt) or has_loops(attempt.text, settings)

    def best(self, attempts: Sequence[Attempt]) -> Attempt:
        """The most confident without a loop (openai-whisper's `transcribe` takes the last): a model is sure of its
        loops, too."""
        return max(attempts, key=lambda one: (not has_loops(one.text, self._settings), one.avg_logprob))

    def _attempt(self, decoded: Decoded, language: str) -> Attempt:
        _refuse_overflow(decoded.avg_logprob)
        spoken = decoded.languages
        text = self._tokenizer.decode(decoded.tokens).strip()
        marked = bool(decoded.tokens) and decoded.tokens[-1] in self._marks
        return Attempt(
            text,
            decoded.avg_logprob,
            decoded.no_speech_prob,
            finished=decoded.finished,
            tokens=tuple(decoded.tokens),
            language_probability=spoken[self._codes.index(language)] if spoken else None,
            likeliest=self.likeliest(spoken) if spoken else None,
            sentence_end=probability(text, marked, decoded.last_mark, decoded.next_mark, decoded.end),
        )

    def likeliest(self, probabilities: Sequence[float]) -> tuple[str, float]:
        """The most probable language of a row of `spoken`, and how probable."""
        best = max(probabilities)
        return self._codes[probabilities.index(best)], best


def _refuse_overflow(logprob: float) -> None:
    if not math.isfinite(logprob):
        raise SpeechEngineError(f"the model's log-probability is {logprob}: its numbers overflowed")
