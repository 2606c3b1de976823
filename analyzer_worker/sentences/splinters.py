"""Which sentences are only splinters of one, whose sentiment says nothing: they count as neutral. Pure.

What is called one is one for certain; where nothing tells, none is. Of 10,812 opinions in English (SST-2, customer
reviews) two words or fewer would silence 136, and no verb another 109, as "A surprisingly funny movie."; with the
further conditions below it is 69 and 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from analyzer_worker.sentences.english import says_something, surely_no_verb
from contract.text.sentences import is_finished
from contract.text.words import count_words

NeutralReason = Literal["too_short", "no_verb", "cut"]

ENGLISH: Final = "en"
_UNSPACED: Final = frozenset({"th", "lo", "km", "my", "bo"})  # words are not told apart, most sentences not marked


def neutral_reasons(
    sentences: Sequence[str], language: str, cut_at_start: bool = False, cut_at_end: bool = False
) -> list[NeutralReason | None]:
    """For each of an utterance's sentences why it is a splinter, None where it is not known to be one.

    `cut_at_start`, `cut_at_end`: the length limit made the utterance's begin or end.
    """
    reasons = [_reason(sentence, language) for sentence in sentences]
    if language in _UNSPACED:
        return reasons
    if cut_at_end and not is_finished(sentences[-1]):
        reasons[-1] = "cut"
    if cut_at_start and _goes_on(sentences[0]):
        reasons[0] = "cut"
    return reasons


def _reason(sentence: str, language: str) -> NeutralReason | None:
    if language in _UNSPACED:
        return None
    if language != ENGLISH:  # two words may be a sentence: "Me encanta."
        return "too_short" if count_words(sentence) <= 1 else None
    words = count_words(sentence)
    if words <= 1 or (words == 2 and (surely_no_verb(sentence) or not says_something(sentence))):
        return "too_short"
    return "no_verb" if not is_finished(sentence) and surely_no_verb(sentence) else None


def _goes_on(sentence: str) -> bool:
    """Whether a sentence begins as the middle of one: with a small letter, in a script that has such."""
    first = next((character for character in sentence if character.isalnum()), "")
    return first.islower()
