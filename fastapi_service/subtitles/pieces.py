"""A text in the pieces between which a line may end, each with its time. Pure; pieces.js is the same.

Times are whole milliseconds, and all divisions are of whole numbers, so that both come to the same.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from contract.messages import Result
from fastapi_service.subtitles import script

LINE = 42  # half widths
WIDE_LINE = 32  # 16 full widths, in the languages below
WIDE_LANGUAGES = frozenset({"zh", "yue", "ja", "ko"})
PAUSE_MS = 400  # as good a place to cut as a comma
SEARCH_CHARS = 60  # a word is looked for so far ahead in the text

# What it costs to cut after a piece.
AT_SENTENCE, AT_CLAUSE, BEFORE_JOINING, ANYWHERE, IN_PHRASE, IN_WORD = 0, 20, 40, 60, 90, 200
_JOINING = (
    "and or but nor so yet because since although though while when where if unless until that which who whose as than "
    "about above across after against along among around at before behind below beneath beside between beyond by down "
    "during for from in inside into like near of off on onto out outside over past through to toward towards under up "
    "upon with within without"
)
JOINING = frozenset(_JOINING.split())
_LEANING = "a an the my your his her its our their this these those no not very mr. mrs. ms. dr."
LEANING = JOINING | frozenset(_LEANING.split())
_SOFT = frozenset("/-_.?&=#,;:~+%|\\ ")  # where an address is broken


@dataclass(frozen=True)
class Said:
    """A word and when it was said."""

    word: str
    begin_ms: int
    end_ms: int


@dataclass(frozen=True)
class Spoken:
    """What one speaker said of a result: `end_ms` is after `begin_ms`. `words` may be empty, of another text, or in no
    order. `speaker`: how they are called, None where nobody is to be named."""

    begin_ms: int
    end_ms: int
    text: str
    language: str
    words: Sequence[Said] = ()
    speaker: str | None = None


@dataclass
class Piece:
    """What stands on one line. `space`: 1 where a space is before it; `cost`: of a cut after it."""

    text: str
    width: int
    space: int
    begin_ms: int
    end_ms: int
    cost: int = ANYWHERE


def milliseconds(seconds: float) -> int:
    """Rounded as the page rounds."""
    return math.floor(seconds * 1000 + 0.5)


def spoken(result: Result, start_sec: float, begin_ms: int, end_ms: int, speaker: str | None = None) -> Spoken:
    """`result`, which begins at `start_sec` of its stream, in a time in which that is `begin_ms`."""
    words = [
        Said(w.word, begin_ms + milliseconds(w.start_sec - start_sec), begin_ms + milliseconds(w.end_sec - start_sec))
        for w in result.words or []
    ]
    return Spoken(begin_ms, end_ms, result.text, result.language, words, speaker)


def line_limit(language: str) -> int:
    """Half widths of one line."""
    return WIDE_LINE if language in WIDE_LANGUAGES else LINE


def pieces_of(spoken: Spoken) -> list[Piece]:
    """The pieces of a result, none wider than a line; [] where it has no text."""
    text = script.one_line(spoken.text)
    if not text:
        return []
    widths = [script.width(char) for char in text]
    clock = _Clock(spoken, text, widths)
    starts = _starts(text, widths, line_limit(spoken.language))
    pieces = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        space = int(start > 0 and text[start - 1] == " ")
        stop = end - 1 if end < len(text) and text[end - 1] == " " else end
        piece = Piece(text[start:stop], sum(widths[start:stop]), space, clock.begin_ms(start), clock.end_ms(stop))
        pieces.append(piece)
    for piece, after in pairwise(pieces):
        piece.cost = _cost(piece, after)
    pieces[-1].cost = AT_SENTENCE
    return pieces


def _starts(text: str, widths: list[int], limit: int) -> list[int]:
    """Where pieces begin: where a line may end before, and in what is wider than a line."""
    starts = [0]
    base = ""  # the last character that is none on another
    for at, char in enumerate(text):
        if at > 0 and char != " " and _may_cut(text, at, base):
            _break_up(text, widths, limit, starts, at)
            starts.append(at)
        if char != " " and widths[at] > 0:
            base = char
    _break_up(text, widths, limit, starts, len(text))
    return starts


def _may_cut(text: str, at: int, base: str) -> bool:
    if not (script.may_start(text[at]) and (base == "" or script.may_end(base))):
        return False
    before = text[at - 1]
    if before == " ":
        return True
    return before != script.JOINER and base != "" and (script.unspaced(base) or script.unspaced(text[at]))


def _break_up(text: str, widths: list[int], limit: int, starts: list[int], end: int) -> None:
    """Break what is from the last start to `end`, where it is too wide: at a soft place of its second half, if any."""
    stop = end - 1 if end < len(text) and text[end - 1] == " " else end
    while sum(widths[starts[-1] : stop]) > limit:
        begin = starts[-1]
        at, filled = begin, 0
        soft = whole = 0
        while filled + widths[at] <= limit:
            filled += widths[at]
            at += 1
            if text[at - 1] == script.JOINER or widths[at] == 0 or text[at] == " ":
                continue
            whole = at
            if 2 * filled > limit and text[at - 1] in _SOFT:
                soft = at
        starts.append(soft or whole or at)


def _cost(piece: Piece, after: Piece) -> int:
    if not after.space and not (script.unspaced(piece.text[-1]) or script.unspaced(after.text[0])):
        return IN_WORD
    if piece.text.lower() in LEANING:
        return IN_PHRASE
    kept = len(piece.text)
    while kept > 1 and script.closes(piece.text[kept - 1]):
        kept -= 1
    last = piece.text[kept - 1]
    if last in script.SENTENCE_ENDS:
        return AT_SENTENCE
    if last in script.CLAUSE_ENDS or after.begin_ms - piece.end_ms >= PAUSE_MS:
        return AT_CLAUSE
    if after.space:
        return BEFORE_JOINING if after.text.lower() in JOINING else ANYWHERE
    return _cost_unspaced(last, after.text[0])


def _cost_unspaced(last: str, first: str) -> int:
    """A phrase of Japanese mostly ends in Hiragana, and the next one begins in another script."""
    if script.HIRAGANA.match(first):
        return IN_PHRASE
    if script.HIRAGANA.match(last):
        return BEFORE_JOINING
    return IN_PHRASE if script.KATAKANA.match(last) and script.KATAKANA.match(first) else ANYWHERE


class _Clock:
    """When a place of the text is said: by the words that are found in it, and between them by share of width."""

    def __init__(self, spoken: Spoken, text: str, widths: list[int]) -> None:
        self._filled = [0]
        for one in widths:
            self._filled.append(self._filled[-1] + one)
        self._places = [0]
        self._times = [spoken.begin_ms]
        to = 0
        for said in spoken.words:
            plain = script.one_line(said.word)
            start = text.find(plain, to) if plain else -1
            if start < 0 or start - to > SEARCH_CHARS:
                continue
            to = start + len(plain)
            self._add(start, said.begin_ms, spoken.end_ms)
            self._add(to, said.end_ms, spoken.end_ms)
        self._add(len(text), spoken.end_ms, spoken.end_ms)

    def _add(self, at: int, time_ms: int, end_ms: int) -> None:
        self._places.append(self._filled[at])
        self._times.append(max(self._times[-1], min(time_ms, end_ms)))

    def begin_ms(self, at: int) -> int:
        """When what begins there is said: after a pause, if one is there."""
        place = self._filled[at]
        return self._between(bisect_right(self._places, place) - 1, place)

    def end_ms(self, at: int) -> int:
        """When what ends there has been said."""
        place = self._filled[at]
        known = bisect_left(self._places, place)
        return self._times[known] if self._places[known] == place else self._between(known - 1, place)

    def _between(self, known: int, place: int) -> int:
        begin, time = self._places[known], self._times[known]
        if place == begin:
            return time
        return time + (self._times[known + 1] - time) * (place - begin) // (self._places[known + 1] - begin)
