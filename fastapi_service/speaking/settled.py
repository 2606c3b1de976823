"""Which words of an utterance are settled: those on which two texts of it in a row agree, from the first on.

Local agreement (Liu, Spanakis and Niehues 2020, "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by
Partial Hypothesis Selection") of two. Words are compared without case and without the punctuation at their edges; in
scripts that are written without spaces a character is a word. The last word of a text is not settled by it: it may be
cut off. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import takewhile

from contract.messages import Partial

# Scripts without spaces between words: Thai and Lao, Tibetan, Burmese, Khmer, kana, Chinese characters.
UNSPACED = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
UNSPACED += "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
PIECE = re.compile(f"[{UNSPACED}]|[^\\s{UNSPACED}]+")

Word = tuple[str, int]
"""A word as it is compared, and where it ends in its text."""


class Settled:
    """The texts of one connection's utterance in hand: the last one and what is settled are kept, no more."""

    def __init__(self) -> None:
        self._utterance = ""
        self._last: list[str] = []
        self._settled: list[str] = []

    def take(self, partial: Partial) -> Partial:
        """`partial`, the next text of its utterance, with what of it is settled. That gets no less in later ones, but
        where they contradict it."""
        if partial.utterance != self._utterance:
            self._utterance, self._last, self._settled = partial.utterance, [], []
        found = words_of(partial.text)
        said = [word for word, _ in found]
        held = _agreement(self._settled, said)
        count = max(held, min(_agreement(self._last, said), len(said) - 1))
        if held < len(said):  # else it only says less than what is settled
            self._settled = said[:count]
        self._last = said
        return partial.model_copy(update={"settled": found[count - 1][1] if count else 0})

    def go_on(self, partial: Partial) -> None:
        """What is known of the next utterance, of which this is the text so far."""
        said = words_of(partial.text)
        self._utterance = partial.utterance
        self._last = [word for word, _ in said]
        self._settled = [word for word, end in said if end <= partial.settled]


def words_of(text: str) -> list[Word]:
    """The words of `text`, each with the place behind it and its punctuation."""
    found: list[Word] = []
    for piece in PIECE.finditer(text):
        word = _without_edges(piece[0]).casefold()
        attached = bool(found) and _is(piece[0][0], "M")  # an accent of the character before
        if found and (attached or not word):
            found[-1] = (found[-1][0] + word, piece.end())
        elif word:
            found.append((word, piece.end()))
    return found


def _without_edges(word: str) -> str:
    """`word` without the punctuation before and behind it."""
    before = sum(1 for _ in takewhile(lambda character: _is(character, "P"), word))
    behind = sum(1 for _ in takewhile(lambda character: _is(character, "P"), reversed(word[before:])))
    return word[before : len(word) - behind]


def _is(character: str, category: str) -> bool:
    return unicodedata.category(character).startswith(category)


def _agreement(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words, from the first, are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
