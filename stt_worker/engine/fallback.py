"""From a first quick decode to the one that is kept: wider window, other temperatures, no prompt, another language."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from whisper.audio import N_FRAMES

from contract.speech.language_lock import SURE
from stt_worker.engine.covering import Covering
from stt_worker.engine.decoder.decoding import Attempt, WhisperDecoding
from stt_worker.engine.decoder.encoded import EncodedAudio
from stt_worker.engine.hints import alike, repeats
from stt_worker.engine.protocol import Refusal, Transcript
from stt_worker.engine.quality import judge
from stt_worker.engine.row import Row
from stt_worker.settings import SttSettings

Encode = Callable[[Sequence[NDArray[np.float32]], int], EncodedAudio]


class Fallback:
    """Decides with one loaded model."""

    def __init__(self, decoding: WhisperDecoding, encode: Encode, settings: SttSettings) -> None:
        self._decoding = decoding
        self._encode = encode
        self._covering = Covering(decoding, encode, settings)
        self._settings = settings

    def transcribe(self, row: Row, first: Attempt) -> Attempt:
        """What was said. Sets `row.language` and `row.prompt` to the ones that worked."""
        if row.probability is None:
            row.probability = first.language_probability
        best = self.best_of(row, first, "transcribe")
        if row.prompt and (repeats(best.text, row.prompt) or self._refusal(best, row)):
            best = self._without_prompt(row, best)
        if row.assumed:
            best = self._in_its_language(row, best)
        return self._covering.covered(row, best)

    def translated(self, row: Row) -> Attempt:
        """The same in English, without the prompt: that is of the language spoken. What had to be decoded with
        timestamps, or apart, is so again: where one text stops early the other does."""
        prompt, row.prompt = row.prompt, ""
        try:
            if row.cuts:
                return self._covering.translated_apart(row)
            return self.best_of(row, self._first(row, "translate"), "translate")
        finally:
            row.prompt = prompt

    def best_of(self, row: Row, first: Attempt, task: str) -> Attempt:
        """`first`, or what is better: with the whole window where a short one may have spoilt it, then at the other
        temperatures."""
        if row.frames < N_FRAMES and self._decoding.is_doubtful(first):
            self._widen(row)
            first = self._first(row, task)
        if self._decoding.will_do(first):
            return first
        attempts = [first]
        self._widen(row)
        for temperature in self._settings.whisper_temperatures[1:]:
            attempts.append(
                self._decoding.sampled(row.features, row.language, task, row.limit, temperature, row.prompt)
            )
            if self._decoding.will_do(attempts[-1]):
                return attempts[-1]
        return self._decoding.best(attempts)

    def _first(self, row: Row, task: str) -> Attempt:
        (first,) = self._decoding.greedy(
            row.features, [row.language], task, [row.limit], prompts=[row.prompt], timestamps=row.timestamps
        )
        return first

    def _widen(self, row: Row) -> None:
        """Encode again with the whole window, unless that has been done."""
        if row.frames < N_FRAMES:
            row.features, row.frames, row.decoded_again = self._encode([row.audio], N_FRAMES), N_FRAMES, True

    def _without_prompt(self, row: Row, hinted: Attempt) -> Attempt:
        """Decode again without the prompt, for a text that only repeats it or is refused. `hinted` is kept where the
        text without prompt is much like it: hints must never lose what would be recognised without them."""
        prompt, row.prompt = row.prompt, ""
        plain = self.best_of(row, self._first(row, "transcribe"), "transcribe")
        refused = self._refusal(plain, row) or self._refusal(hinted, row)
        if refused is None and alike(plain.text, hinted.text):
            row.prompt = prompt
            return hinted
        return plain

    def _in_its_language(self, row: Row, best: Attempt) -> Attempt:
        """`best`, or the text in another language, if the assumed one does badly or another is confidently detected."""
        refusal = self._refusal(best, row)
        badly = refusal is not None and refusal.reason != "no_speech"
        another = best.likeliest is not None and best.likeliest[0] != row.language and best.likeliest[1] >= SURE
        if not badly and not another:
            return best
        ((language, probability),) = self._decoding.languages(row.features)  # by the audio alone, without the prompt
        if language == row.language or (not badly and probability < SURE):
            return best
        assumed, row.language = row.language, language
        found = self.best_of(row, self._first(row, "transcribe"), "transcribe")
        if badly and self._decoding.best([best, found]) is best:
            row.language = assumed
            return best
        row.probability = probability
        return found

    def _refusal(self, attempt: Attempt, row: Row) -> Refusal | None:
        verdict = judge(transcript(attempt, row.language), self._settings)
        return verdict if isinstance(verdict, Refusal) else None


def transcript(attempt: Attempt, language: str) -> Transcript:
    """What `attempt` heard."""
    return Transcript(
        attempt.text,
        language,
        attempt.avg_logprob,
        attempt.no_speech_prob,
        attempt.temperature,
        tokens=attempt.tokens,
        language_probability=attempt.language_probability,
        sentence_end=attempt.sentence_end,
    )
