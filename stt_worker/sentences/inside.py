"""Where the last sentence inside a text ends: in the text by its marks, in the audio by the times of the words."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.audio import SAMPLE_RATE_HZ
from contract.events import SentenceEnd
from contract.speech.segmenter import QUIET_WINDOW_SAMPLES, quietest_place
from contract.text.sentences import is_finished, sentences_of
from stt_worker.engine.protocol import Span, WordTime

AFTER_WORDS = 3  # behind the mark: what ends where the audio ends may go on
EDGE_SEC = 0.1  # the times of the words are no better
QUIET_SHARE = 0.1  # of the mean power: where it is louder somebody speaks


@dataclass(frozen=True)
class Mark:
    """The end of a sentence: after `chars` characters of the text; from the end of its last word to the beginning of
    the next, in seconds of the audio (`between`)."""

    chars: int
    between: Span


def sentence_end(
    text: str, language: str, words: Sequence[WordTime], pcm: bytes, audio_start: int, start: int
) -> SentenceEnd | None:
    """The last end of a sentence inside `text` that has a quiet place in `pcm` (s16le).

    In samples: the audio in whose seconds the times of `words` are begins at `audio_start` of `pcm`, and `pcm` at
    `start` of its stream.
    """
    mark = last_mark(text, language, words)
    place = None if mark is None else _quiet_place(pcm, audio_start, mark.between)
    return None if mark is None or place is None else SentenceEnd(chars=mark.chars, position=start + place)


def last_mark(text: str, language: str, words: Sequence[WordTime]) -> Mark | None:
    """The last end of a sentence with AFTER_WORDS behind it; None where there is none, or `words` are not those of
    `text`."""
    ends = _ends(text, language)
    found = None
    chars = 0
    for at, word in enumerate(words):
        said = unicodedata.normalize("NFC", word.word)
        chars += len(text[chars:]) - len(text[chars:].lstrip())
        if not text.startswith(said, chars):
            return None
        chars += len(said)
        if at + AFTER_WORDS < len(words) and chars in ends:
            found = Mark(chars, (word.end_sec, words[at + 1].start_sec))
    return found


def _ends(text: str, language: str) -> set[int]:
    """After how many characters a sentence ends, before the space behind it."""
    ends: set[int] = set()
    begin = 0
    for sentence in sentences_of(text, language):
        if is_finished(sentence):
            ends.add(begin + len(sentence.rstrip()))
        begin += len(sentence)
    return ends


def _quiet_place(pcm: bytes, audio_start: int, between: Span) -> int | None:
    """The middle of the quietest 20 ms there, in samples of `pcm`; None where it is not quiet."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    first = max(0, audio_start + int((between[0] - EDGE_SEC) * SAMPLE_RATE_HZ))
    last = min(len(samples), audio_start + int((between[1] + EDGE_SEC) * SAMPLE_RATE_HZ))
    if last - first < QUIET_WINDOW_SAMPLES:
        return None
    place = first + quietest_place(pcm, first, last - first)
    around = samples[place - QUIET_WINDOW_SAMPLES // 2 : place + QUIET_WINDOW_SAMPLES // 2]
    quiet = float(np.mean(np.square(around))) <= QUIET_SHARE * float(np.mean(np.square(samples)))
    return place if quiet else None
