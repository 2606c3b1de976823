"""Words with a dot that does not end a sentence, or not always. Pure."""

from __future__ import annotations

import re
from typing import Final


def words(text: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(text.split())


# Something always follows these, of several languages.
_BEFORE_MORE: Final = words(
    "mr mrs ms mx dr prof rev gen col sgt lt capt cpl cmdr adm gov sen supt insp messrs mt vs e.g i.e cf viz approx "
    "esp figs vol vols eds pp hr hrn dipl-ing z.b d.h u.a bzw vgl sog ggf inkl evtl m mme mlle mgr srta sra uds "
    "sigra dott dhr mevr bijv"
)
# These may stand at an end as well: the word that follows decides.
_ANYWHERE: Final = words(
    "jr sr inc ltd co corp bros etc al ave blvd rd st ft dept est hon rep ca a.m p.m ph.d m.d b.a m.a u.s u.k u.n d.c "
    "e.u jan feb apr jun jul aug sep sept oct nov dec mon tue thu usw str jh av fig ed ch"
)
_BEFORE_NUMBERS: Final = words("no nos nr art sec p")
# In these languages a dot makes an ordinal of a number ("am 3. Mai").
_ORDINAL_DOT: Final = words("de da no nb nn fi cs sk pl hu tr et lv sl hr sr bs is lb")
_DOTTED: Final = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")  # e.g, p.m, U.S.A
# Words that begin a sentence far more often than they follow a name or an abbreviation.
_OPENERS: Final = words(
    "i he she it we you they this that these those there the a an my your his her its our their and but so or then "
    "now when where what who why how if as at in on for from after before because while although though not no yes "
    "is are was were do does did have has had can could will would should let please"
)


def is_open(word: str, next_word: str, language: str) -> bool:
    """Whether a dot after `word` may stand inside a sentence that goes on with `next_word`. Both without punctuation
    around; `language` is a code."""
    lower = word.lower()
    if lower in _BEFORE_MORE or (lower in _BEFORE_NUMBERS and next_word[:1].isdecimal()):
        return True
    if language in _ORDINAL_DOT and word.isdecimal() and len(word) <= 2:
        return True
    initial = len(word) == 1 and word.isalpha() and word.isupper()
    if initial or lower in _ANYWHERE or _DOTTED.fullmatch(word):
        return next_word.lower() not in _OPENERS
    return False
