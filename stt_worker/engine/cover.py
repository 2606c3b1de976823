"""Which speech no word covers. Pure functions on seconds of the audio.

A decoder may stop, or leap, with high confidence; only the time that the words take tells. An alignment lays the words
over all of the audio, so that what is missing shows as a word that lasts too long, or as speech after the last one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from stt_worker.engine.protocol import Span, WordTime
from stt_worker.settings import SttSettings

CLEAR_SPEECH_SEC = 0.5  # of clear speech: somebody surely spoke, so a text of low confidence is shown as doubtful
LOOK_SEC = 5.0  # with less clear speech than this the length of the text tells; with more the words are laid over it
LOOK_LETTERS_PER_SEC = 14.0  # said in a second of it: a median of 13 to 16 in English, French, Italian, Russian
LETTERS_PER_SEC = 9.0  # by people who speak slowly
WORD_SEC = 0.25  # beside its letters: a word may be said slowly, and its times are as exact as that
DIGIT_LETTERS = 4.0  # a digit is a word: "8" takes as long as "eight"
WIDE_LETTERS = 2.5  # Hangul, kana and Han characters are syllables


@dataclass(frozen=True)
class Hole:
    """Speech from `start_sec` to `end_sec` of which `missing_sec` is more than its words need: so many `words` from
    number `word` on; none where the speech comes after them all."""

    start_sec: float
    end_sec: float
    missing_sec: float
    word: int
    words: int


def letters(text: str) -> float:
    """How long `text` is, in letters as alphabets have them."""
    return sum(_letters(character) for character in text if character.isalnum())


def seconds_in(speech: Sequence[Span], start_sec: float, end_sec: float) -> float:
    """How much of `speech` lies between two times."""
    return sum(max(0.0, min(end, end_sec) - max(start, start_sec)) for start, end in speech)


def surely_speech(speech: Sequence[Span]) -> bool:
    """Whether somebody surely spoke."""
    return seconds_in(speech, 0.0, float("inf")) >= CLEAR_SPEECH_SEC


def seems_covered(text: str, speech: Sequence[Span], settings: SttSettings) -> bool:
    """Whether `text` is plainly long enough for a short `speech`; a long one can hide a hole."""
    lasts_sec = seconds_in(speech, 0.0, float("inf"))
    if lasts_sec > LOOK_SEC:
        return False
    return lasts_sec - letters(text) / LOOK_LETTERS_PER_SEC < settings.cover_hole_sec


def holes(speech: Sequence[Span], words: Sequence[WordTime], settings: SttSettings) -> list[Hole]:
    """Each stretch with `cover_hole_sec` of speech or more that its one or two words have no time for, in order."""
    found: list[Hole] = []
    alone = [_hole(speech, words, at, 1, settings) for at in range(len(words))]
    at = 0
    while at < len(words):
        hole = alone[at]
        if hole is None and not any(alone[at : at + 2]):
            hole = _hole(speech, words, at, min(2, len(words) - at), settings)
        if hole is not None:
            found.append(hole)
        at += 1 if hole is None else hole.words
    after = words[-1].end_sec if words else 0.0
    missing = seconds_in(speech, after, float("inf"))
    if missing >= settings.cover_hole_sec:
        found.append(Hole(after, speech[-1][1], missing, len(words), 0))
    return found


def pause_near(speech: Sequence[Span], at_sec: float, within_sec: float) -> float:
    """The middle of the nearest pause in `speech`, or `at_sec` where there is none within `within_sec`."""
    pauses = [(one[1], other[0]) for one, other in pairwise(speech)]
    near = [
        (max(start - at_sec, at_sec - end, 0.0), (start + end) / 2)
        for start, end in pauses
        if start - within_sec <= at_sec <= end + within_sec
    ]
    return min(near)[1] if near else at_sec


def replaced(text: str, words: Sequence[WordTime], first: int, count: int, new: str) -> str:
    """`text` with `new` instead of `count` of its `words` from number `first` on."""
    places, place = [], 0
    for one in words:
        place = max(place, text.find(one.word, place))
        places.append(place)
        place += len(one.word)
    places.append(len(text))
    parts = (text[: places[first]], new, text[places[min(first + count, len(words))] :])
    return " ".join(part.strip() for part in parts if part.strip())


def _hole(speech: Sequence[Span], words: Sequence[WordTime], at: int, count: int, settings: SttSettings) -> Hole | None:
    """In `count` words from number `at` on, each with what comes before the next."""
    end = at + count
    start_sec = words[at].start_sec if at else 0.0
    end_sec = words[end].start_sec if end < len(words) else words[-1].end_sec
    needed = sum(WORD_SEC + letters(one.word) / LETTERS_PER_SEC for one in words[at:end])
    missing = seconds_in(speech, start_sec, end_sec) - needed
    return Hole(start_sec, end_sec, missing, at, count) if missing >= settings.cover_hole_sec else None


def _letters(character: str) -> float:
    if character.isdigit():
        return DIGIT_LETTERS
    return WIDE_LETTERS if unicodedata.east_asian_width(character) in "WF" else 1.0
