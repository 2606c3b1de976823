"""How many words a text has and where they are, as everything here counts them. Pure."""

from __future__ import annotations

import re

# Kana, CJK ideographs with their extensions A to H, and compatibility ideographs: one word a character.
_IDEOGRAPHS = "\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\s{_IDEOGRAPHS}]+")


def count_words(text: str) -> int:
    """How many words `text` has: runs without white space that hold a letter or digit; of Chinese and Japanese script,
    which is written without spaces, every character counts."""
    return sum(1 for word in _WORD.findall(text) if any(map(str.isalnum, word)))


def word_places(text: str) -> list[tuple[int, int]]:
    """Where each word of `text` begins and ends (exclusive), as `count_words` counts them."""
    return [found.span() for found in _WORD.finditer(text) if any(map(str.isalnum, found[0]))]
