"""What subtitles must know of characters. Pure; static/js/export/subtitles/script.js is the same."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# East Asian Width W and F (Unicode Standard Annex 11).
WIDE = re.compile(
    "[\u1100-\u115f\u231a\u231b\u2329\u232a\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693"
    "\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b"
    "\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55\u2e80-\u303e"
    "\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f"
    "\uff01-\uff60\uffe0-\uffe6\U00016fe0-\U00018d08\U0001aff0-\U0001b2fb\U0001f004\U0001f0cf\U0001f18e"
    "\U0001f191-\U0001f19a\U0001f200-\U0001f320\U0001f32d-\U0001f335\U0001f337-\U0001f37c\U0001f37e-\U0001f393"
    "\U0001f3a0-\U0001f3ca\U0001f3cf-\U0001f3d3\U0001f3e0-\U0001f3f0\U0001f3f4\U0001f3f8-\U0001f43e\U0001f440"
    "\U0001f442-\U0001f4fc\U0001f4ff-\U0001f53d\U0001f54b-\U0001f54e\U0001f550-\U0001f567\U0001f57a\U0001f595"
    "\U0001f596\U0001f5a4\U0001f5fb-\U0001f64f\U0001f680-\U0001f6c5\U0001f6cc\U0001f6d0-\U0001f6d2"
    "\U0001f6d5-\U0001f6df\U0001f6eb\U0001f6ec\U0001f6f4-\U0001f6fc\U0001f7e0-\U0001f7f0\U0001f90c-\U0001f93a"
    "\U0001f93c-\U0001f945\U0001f947-\U0001f9ff\U0001fa70-\U0001faff\U00020000-\U0003fffd]"
)
HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc]")
HIRAGANA = re.compile("[\u3041-\u3096\u309d\u309e]")
KATAKANA = re.compile("[\u30a1-\u30ff\u31f0-\u31ff\uff66-\uff9d]")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")

# Beside what Unicode calls closing and opening. The last of each are vowels and marks of Thai and Lao.
_NO_START = frozenset(
    ",.!?:;%\u2026\u2025\u3001\u3002\uff0c\uff0e\u30fb\uff1a\uff1b\uff1f\uff01\uff05\u309b\u309c\u30fd\u30fe\u309d"
    "\u309e\u3005\u303b\u30fc\uff5e\u301c\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u308e\u3095\u3096"
    "\u30a1\u30a3\u30a5\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7\u30ee\u30f5\u30f6\uff61\uff64\uff65\uff70\uff9e\uff9f"
    "\uff67\uff68\uff69\uff6a\uff6b\uff6c\uff6d\uff6e\uff6f\u060c\u061b\u061f\u06d4\u0964\u0965"
    "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\u0e30\u0e32\u0e33\u0e45\u0e46\u0e2f\u0eb0\u0eb2\u0eb3\u0ec6"
)
_NO_END = frozenset("\u00a1\u00bf\uffe5\uff04\uffe1\uff03\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4")
SENTENCE_ENDS = frozenset(".!?\u3002\uff0e\uff01\uff1f\uff61\u2026\u061f\u06d4\u0964\u0965\u055e")
CLAUSE_ENDS = frozenset(",;:\u3001\uff0c\uff1b\uff1a\uff64\u060c\u061b\u2013\u2014")
QUOTES = frozenset("\"'")
JOINER = "\u200d"

_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # the writer sets its own
# What JavaScript calls white space, and control characters.
_BREAKS = re.compile("[\\x00-\\x20\\x7f-\\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+")


def one_line(text: str) -> str:
    """The text without what ends a line, double spaces, spaces around, and controls of direction."""
    return _BREAKS.sub(" ", _CONTROLS.sub("", text)).strip(" ")


@lru_cache(maxsize=8192)
def width(char: str) -> int:
    """In half widths: 2 for a wide character, 0 for a mark on the one before."""
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if WIDE.match(char) else 1


@lru_cache(maxsize=8192)
def unspaced(char: str) -> bool:
    """Whether a line may end before and after it: wide, and not of Korean, which has spaces."""
    return width(char) == 2 and not HANGUL.match(char)


@lru_cache(maxsize=8192)
def may_start(char: str) -> bool:
    """Whether a line may begin with it."""
    return char not in _NO_START and unicodedata.category(char) not in ("Pe", "Pf", "Mn", "Mc", "Me", "Cf")


@lru_cache(maxsize=8192)
def may_end(char: str) -> bool:
    """Whether a line may end with it."""
    return char not in _NO_END and unicodedata.category(char) not in ("Ps", "Pi")


@lru_cache(maxsize=8192)
def closes(char: str) -> bool:
    """Whether it may follow the mark that ends a sentence."""
    return char in QUOTES or unicodedata.category(char) in ("Pe", "Pf")


def reads_right_to_left(text: str, language: str) -> bool:
    """Whether it is of a language that is written so (or begins so), and not all Latin."""
    letters = [char for char in text if unicodedata.category(char)[0] == "L"]
    if language in ("ar", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"):
        return any(RIGHT_TO_LEFT.match(char) for char in letters)
    return bool(letters) and RIGHT_TO_LEFT.match(letters[0]) is not None
