"""Texts that can only grow: what was told of a turn stays as it was told, and what comes later is added to it. Pure.

A delta cannot be taken back. So a text that is still spoken is told as far as it is settled, without the punctuation
behind its last word, which may yet change; and the final text keeps the spelling that was told, where its words are
the same. Where the final words are others, the final text is right and the deltas were not: that is seldom, and a
client that wants none of it asks for the model `whisper-1`, of which all is told at once.
"""

from __future__ import annotations

import unicodedata

from fastapi_service.speaking.settled import words_of

UNSPACED = {"zh", "yue", "ja", "th", "lo", "my", "km", "bo"}  # languages written without spaces between words


class Growing:
    """The text of one utterance: `told` of it so far."""

    def __init__(self) -> None:
        self.told = ""
        self._words: list[str] = []

    def settled(self, text: str, settled: int) -> str:
        """What the next provisional `text`, of which so many characters are settled, adds."""
        found = words_of(text)
        count = sum(end <= settled for _, end in found)
        if count <= len(self._words) or [word for word, _ in found[: len(self._words)]] != self._words:
            return ""
        until = _bare_end(text, found[count - 1][1])
        added = text[self._place_in(text) : until]
        self.told += added
        self._words = [word for word, _ in found[:count]]
        return added

    def final(self, text: str) -> tuple[str, str]:
        """The whole text, now that `text` is final, and what that adds to what was told."""
        if not self._words:
            return text, text
        found = words_of(text)
        agrees = [word for word, _ in found[: len(self._words)]] == self._words
        added = text[self._place_in(text) :]
        return (self.told + added if agrees else text), added

    def _place_in(self, text: str) -> int:
        """Where `text` goes on after as many words as were told."""
        found = words_of(text)[: len(self._words)]
        return _bare_end(text, found[-1][1]) if found else 0


def glue(language: str) -> str:
    """What stands between two pieces of a text."""
    return "" if language in UNSPACED else " "


def _bare_end(text: str, end: int) -> int:
    """The end of the word that ends before `end`, without its punctuation."""
    while end > 0 and unicodedata.category(text[end - 1]).startswith("P"):
        end -= 1
    return end
