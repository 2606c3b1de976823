"""The place from which a long utterance is heard on: behind a word that two texts in a row agree on, where it is quiet.

What was said before it is settled (see fastapi_service.speaking.settled), so a partial need not hear it again. Pure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ
from stt_worker.engine.protocol import Transcript, WordTime

BEFORE_SEC = 2.5  # of what was heard: a place before it spares too little
BEHIND_SEC = 3.5  # what the next partial begins with at least: of less Whisper makes other words
EDGE_SEC = 0.1  # the times of the words are no better
PAUSE_SAMPLES = SAMPLE_RATE_HZ * 120 // 1000
STEP_SAMPLES = SAMPLE_RATE_HZ // 100
QUIET_SHARE = 0.03  # of the mean power: where it is louder somebody speaks

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Seam:
    """All before sample `at` of an utterance: its `text` with the space behind it, its `tokens`, its `words` (times in
    seconds of the utterance) and its language."""

    at: int
    text: str
    tokens: tuple[int, ...]
    words: tuple[WordTime, ...]
    language: str


def find_seam(
    heard: Transcript, text: str, draft: Sequence[int], audio: Samples, heard_from: int, before: Seam | None
) -> Seam | None:
    """The best place in `audio` (samples -1 to 1, shape (n,)), which begins at sample `heard_from` of its utterance,
    behind `before`; None where there is none. `text`: what is shown of `heard`; `draft`: the tokens of the text of it
    before."""
    agreed = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(heard.tokens, draft, strict=False)))
    loud = QUIET_SHARE * float(np.mean(np.square(audio, dtype=np.float64)))
    latest = len(audio) / SAMPLE_RATE_HZ - BEHIND_SEC
    best: tuple[float, int, int, int, int] | None = None
    for at, chars, tokens in _ends(heard.words, text):
        last = heard.words[at].end_sec
        if at + 1 == len(heard.words) or tokens + heard.words[at + 1].tokens > agreed or last > latest:
            break
        place, power = _quietest(audio, last - EDGE_SEC, heard.words[at + 1].start_sec + EDGE_SEC)
        if place >= BEFORE_SEC * SAMPLE_RATE_HZ and power <= loud and (best is None or power < best[0]):
            best = (power, place, at, chars, tokens)
    if best is None:
        return None
    _, place, at, chars, tokens = best
    words = shifted(heard.words[: at + 1], heard_from)
    if before is None:
        return Seam(heard_from + place, text[:chars], tuple(heard.tokens[:tokens]), words, heard.language)
    return Seam(
        heard_from + place,
        before.text + text[:chars],
        (*before.tokens, *heard.tokens[:tokens]),
        before.words + words,
        before.language,
    )


def shifted(words: Sequence[WordTime], samples: int) -> tuple[WordTime, ...]:
    """`words` of audio that begins at that sample of its utterance, with the utterance's times."""
    sec = samples / SAMPLE_RATE_HZ
    return tuple(replace(one, start_sec=one.start_sec + sec, end_sec=one.end_sec + sec) for one in words)


def _ends(words: Sequence[WordTime], text: str) -> Iterator[tuple[int, int, int]]:
    """Each word's place in `words`, after how many characters of `text` (with the space behind it) and of how many
    tokens it ends, as far as these are the words of `text`."""
    chars = tokens = 0
    for at, word in enumerate(words):
        said = unicodedata.normalize("NFC", word.word)
        if not text.startswith(said, chars):
            return
        chars += len(said)
        chars += len(text[chars:]) - len(text[chars:].lstrip())
        tokens += word.tokens
        yield at, chars, tokens


def _quietest(audio: Samples, from_sec: float, to_sec: float) -> tuple[int, float]:
    """The middle of the quietest PAUSE_SAMPLES that begin and end there, and their mean power."""
    first = max(0, int(from_sec * SAMPLE_RATE_HZ))
    last = min(len(audio), max(int(to_sec * SAMPLE_RATE_HZ), first + PAUSE_SAMPLES))
    power = np.concatenate(([0.0], np.cumsum(np.square(audio[first:last], dtype=np.float64))))
    begins = np.arange(0, len(power) - PAUSE_SAMPLES, STEP_SAMPLES)
    if not begins.size:
        return 0, np.inf
    sums = power[begins + PAUSE_SAMPLES] - power[begins]
    best = int(np.argmin(sums))
    return first + int(begins[best]) + PAUSE_SAMPLES // 2, float(sums[best]) / PAUSE_SAMPLES
