"""Speech that no word covers is decoded again: all of it with the whole window and timestamps, then the rest alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from whisper.audio import N_FRAMES

from contract.audio import SAMPLE_RATE_HZ
from stt_worker.engine.cover import Hole, holes, pause_near, replaced, seems_covered
from stt_worker.engine.decoder.decoding import Attempt, WhisperDecoding
from stt_worker.engine.decoder.encoded import EncodedAudio
from stt_worker.engine.protocol import WordTime, WorkInterruptedError
from stt_worker.engine.quality import has_loops, has_words
from stt_worker.engine.row import Row
from stt_worker.settings import SttSettings

logger = logging.getLogger(__name__)

TRIES = 2  # the rest of an utterance is decoded at most so often, after all of it once again
PAUSE_WITHIN_SEC = 0.6  # of where the words end: their times are about as exact

Encode = Callable[[Sequence[NDArray[np.float32]], int], EncodedAudio]


class Covering:
    """Looks at one utterance at a time, with one loaded model."""

    def __init__(self, decoding: WhisperDecoding, encode: Encode, settings: SttSettings) -> None:
        self._decoding = decoding
        self._encode = encode
        self._settings = settings

    def covered(self, row: Row, best: Attempt) -> Attempt:
        """`best`, or what covers more of the row's speech; `row.gaps` gets what stays uncovered. If the check fails,
        `best` is kept."""
        if not row.speech or seems_covered(best.text, row.speech, self._settings):
            return best
        try:
            return self._covered(row, best)
        except WorkInterruptedError:
            raise
        except Exception:
            logger.exception("whether words are missing cannot be told")
            return best

    def _covered(self, row: Row, best: Attempt) -> Attempt:
        words, missing = self._look(row, best)
        if missing:
            row.decoded_again = True
            best, words, missing = self._with_timestamps(row, best, words, missing)
        for _ in range(TRIES):
            if not missing:
                break
            best, words, missing, better = self._alone(row, best, words, missing)
            if not better:
                break
        row.words = words
        row.gaps = tuple((one.start_sec, one.end_sec) for one in missing)
        return best

    def translated_apart(self, row: Row) -> Attempt:
        """The row's English, each part between its cuts on its own."""
        bounds = [0.0, *sorted(row.cuts), row.seconds]
        parts = [self._part(row, start, end, "translate") for start, end in pairwise(bounds) if end > start]
        text = " ".join(part.text for part in parts if part.text)
        surely = min(parts, key=lambda part: part.avg_logprob)
        return replace(surely, text=text, tokens=self._decoding.tokens(text))

    def _part(self, row: Row, start_sec: float, end_sec: float, task: str) -> Attempt:
        """What is said from one time to another."""
        audio = row.audio[int(start_sec * SAMPLE_RATE_HZ) : int(end_sec * SAMPLE_RATE_HZ)]
        limit = self._decoding.token_limit(len(audio), SAMPLE_RATE_HZ)
        features = self._encode([audio], N_FRAMES)
        (found,) = self._decoding.greedy(features, [row.language], task, [limit], timestamps=True)
        return found

    def _look(self, row: Row, attempt: Attempt) -> tuple[tuple[WordTime, ...], list[Hole]]:
        words = self._decoding.word_times(row.features, row.language, attempt, len(row.audio))
        return words, holes(row.speech, words, self._settings)

    def _with_timestamps(
        self, row: Row, best: Attempt, words: tuple[WordTime, ...], missing: list[Hole]
    ) -> tuple[Attempt, tuple[WordTime, ...], list[Hole]]:
        if row.frames < N_FRAMES:
            row.features, row.frames = self._encode([row.audio], N_FRAMES), N_FRAMES
        (found,) = self._decoding.greedy(
            row.features, [row.language], "transcribe", [row.limit], prompts=[row.prompt], timestamps=True
        )
        if not self._usable(found):
            return best, words, missing
        found_words, still = self._look(row, found)
        if _missing(still) >= _missing(missing):
            return best, words, missing
        row.timestamps = True
        return found, found_words, still

    def _alone(
        self, row: Row, best: Attempt, words: tuple[WordTime, ...], missing: list[Hole]
    ) -> tuple[Attempt, tuple[WordTime, ...], list[Hole], bool]:
        """With the first hole and all that comes after it decoded alone; at the beginning, the hole alone."""
        hole = missing[0]
        cut = pause_near(row.speech, hole.start_sec, PAUSE_WITHIN_SEC) if hole.word else 0.0
        until = row.seconds if hole.word else pause_near(row.speech, hole.end_sec, PAUSE_WITHIN_SEC)
        count = len(words) if hole.word else hole.words
        found = self._part(row, cut, until, "transcribe")
        if not self._usable(found):
            return best, words, missing, False
        text = replaced(best.text, words, hole.word, count, found.text)
        tokens = self._decoding.tokens(text)
        weight = len(found.tokens) / max(1, len(tokens))
        logprob = best.avg_logprob + (found.avg_logprob - best.avg_logprob) * min(1.0, weight)
        joined = replace(best, text=text, tokens=tokens, avg_logprob=logprob)
        joined_words, still = self._look(row, joined)
        if _missing(still) >= _missing(missing):
            return best, words, missing, False
        row.cuts.append(cut if hole.word else until)
        return joined, joined_words, still, True

    def _usable(self, attempt: Attempt) -> bool:
        unsure = attempt.avg_logprob < self._settings.logprob_threshold
        return not unsure and has_words(attempt.text) and not has_loops(attempt.text, self._settings)


def _missing(found: Sequence[Hole]) -> float:
    return sum(one.missing_sec for one in found)
