"""Which English words may be verbs: by the lemmatizer LemmInflect (MIT), whose table of words is made from the
SPECIALIST Lexicon of the US National Library of Medicine. It is loaded when first asked (0.4 s, 50 MB with numpy).
"""

# ruff: noqa: RUF001  # punctuation of all scripts

from __future__ import annotations

import re
from typing import Final

from contract.text.abbreviations import words

# Closed classes, which the table lacks: articles, pronouns, prepositions, conjunctions, interjections, numbers.
_FUNCTION_WORDS: Final = words(
    "a an the i me my mine myself you your yours yourself yourselves he him his himself she her hers herself it its "
    "itself we us our ours ourselves they them their theirs themselves this that these those who whom whose which what "
    "whoever whatever whichever each every either neither both all any some none another other others such same "
    "someone somebody something anyone anybody anything everyone everybody everything nobody nothing of in to for "
    "with on at by from about into through over after between among under without before during against within upon "
    "across behind beyond beside besides despite except toward towards until till since per via amid onto unlike "
    "and or but nor so yet if because although though while whereas unless than whether as when where why how not no "
    "oh ah um uh er hmm hey hi hello yes yeah okay ok one two three four five six seven eight nine ten eleven twelve "
    "hundred thousand million billion first second third there here then now too also up down out off even still near"
)
_AUXILIARIES: Final = words(
    "be am is are was were been being isn aren wasn weren ain do does did don doesn didn done doing have has had "
    "haven hasn hadn having can could couldn will would wouldn won shall should shouldn may might must mustn need "
    "needn ought cannot t m re s ve ll d"
)
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def warm_up() -> None:
    """Load the table."""
    _kinds("warm")


def says_something(text: str) -> bool:
    """Whether `text` holds more than function words and auxiliaries: not "is not" or "I do"."""
    parts = (part for word in _WORD.findall(text.lower()) for part in re.split("['’]", word))
    return any(part not in _FUNCTION_WORDS and part not in _AUXILIARIES for part in parts)


def surely_no_verb(text: str) -> bool:
    """Whether no word of `text` can be a verb. False where one is not known."""
    found = _WORD.findall(text)
    names = not all(word[0].isupper() for word in found)  # a capital tells a name, but not in a title
    return bool(found) and all(_is_no_verb(word, names and number > 0) for number, word in enumerate(found))


def _is_no_verb(word: str, may_be_name: bool) -> bool:
    lower = word.lower()
    if lower in _FUNCTION_WORDS or word.isdecimal():
        return True
    if "'" in word or "’" in word:
        return False
    kinds = _kinds(lower)
    return not kinds & {"VERB", "AUX"} if kinds else may_be_name and word[0].isupper()


def _kinds(word: str) -> set[str]:
    """The parts of speech of a word in small letters; none for one that is not known."""
    from lemminflect import getAllLemmas

    return set(getAllLemmas(word))
