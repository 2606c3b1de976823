"""A text to its sentences, by its punctuation: of Latin, Cyrillic, Greek, CJK, Arabic, Devanagari and other scripts.
Pure. Where it is not clear whether one ends, it does not. No character is lost: joined, the sentences are the text.
"""

# ruff: noqa: RUF001  # punctuation of all scripts

from __future__ import annotations

import re
from typing import Final

from contract.text.abbreviations import is_open

SENTENCES_MAX: Final = 32  # of a text; the last takes the rest

# Marks that end a sentence with no space after them: CJK, Arabic, Devanagari, Armenian, Ethiopic, Burmese, Khmer.
_SURE: Final = "。！？．｡؟۔।॥։።፧။៕"
_MARKS: Final = f".!?…‼⁇⁈⁉{_SURE}"
_CLOSING: Final = "\"'”’»›)]}」』】》〉）］｝〟"
_OPENING: Final = "\"'“‘«‹([{„‚「『【《〈（［｛〝¿¡-–—•♪*"
# A closing quote that stands apart belongs to the sentence before as well (French: « Oui ! »).
_END: Final = re.compile(rf"[{re.escape(_MARKS)}]+[{re.escape(_CLOSING)}]*(?:\s+[»›](?!\w))*")
_WORD_BEFORE: Final = re.compile(r"[^\s\"'“‘«(\[{„¿¡—–]+$")
_CJK: Final = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_QUOTED_ON: Final = ("と", "って")  # Japanese: what was said, then who said it
_FIRST_PERSON: Final = re.compile(r"I\b")
_SPACE: Final = re.compile(r"\s*")
_LOOK_CHARS: Final = 60  # around a mark: longer words are none


def sentences_of(text: str, language: str = "en") -> list[str]:
    """The sentences of `text`, each with the space behind it; at least one. `language`: the code of its language."""
    cased = any(character.isupper() for character in text)
    found: list[str] = []
    begin = 0
    for mark in _END.finditer(text):
        if len(found) == SENTENCES_MAX - 1:
            break
        if not _ends(text, begin, mark, language, cased):
            continue
        end = _SPACE.match(text, mark.end()).end()  # type: ignore[union-attr]  # it matches nothing as well
        if _has_words(text[begin:end]) and _has_words(text[end:]):
            found.append(text[begin:end])
            begin = end
    return [*found, text[begin:]]


def is_finished(sentence: str) -> bool:
    """Whether a mark ends it; an ellipsis leaves it open."""
    end = sentence.rstrip().rstrip(_CLOSING + " ")
    return end.endswith(tuple(_MARKS)) and not end.endswith(("..", "…"))


def _ends(text: str, begin: int, mark: re.Match[str], language: str, cased: bool) -> bool:
    """Whether the sentence that begins at `begin` ends at `mark`."""
    marks = mark[0].rstrip(_CLOSING + " ")
    after = text[mark.end() : mark.end() + _LOOK_CHARS]
    rest = after.lstrip().lstrip(_OPENING).lstrip()
    closed = len(marks) < len(mark[0])
    if any(character in _SURE for character in marks):
        return not (closed and rest.startswith(_QUOTED_ON))
    apart = after[:1].isspace()
    if not apart and not (_CJK.match(after) and _CJK.search(text, begin, mark.start())):
        return False
    goes_on = cased and rest[:1].islower()
    if "!" in marks or "?" in marks or any(character in "‼⁇⁈⁉" for character in marks):
        return not (closed and goes_on)
    if goes_on:
        return False
    if marks != ".":  # an ellipsis: a thought may go on with "I"
        return not _FIRST_PERSON.match(rest)
    before = _WORD_BEFORE.search(text, max(begin, mark.start() - _LOOK_CHARS), mark.start())
    word = "" if before is None else before[0]
    if word.isdecimal() and not text[begin : mark.start()].removesuffix(word).strip(_OPENING + " "):
        return False  # the number of an item in a list
    return not is_open(word, _first_word(rest), language)


def _first_word(text: str) -> str:
    word = re.match(r"[^\W_]+", text)
    return "" if word is None else word[0]


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))
