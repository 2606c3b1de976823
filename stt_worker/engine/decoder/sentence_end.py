"""How probable it is that a sentence ends where a text does, by the marks that the model might have written there."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a worker without torch asks for the marks, too
    from whisper.tokenizer import Tokenizer

# Of Unicode's property Sentence_Terminal, in the languages that Whisper knows. Dots in a row end no sentence.
TERMINALS = frozenset(".?!\u3002\uff0e\uff1f\uff01\uff61\u061f\u06d4\u0964\u0965\u104b\u1362\u17d4\u0589\u037e")
CLOSING = ("Pe", "Pf", "Pi")  # categories of what may stand behind the mark: brackets, quotation marks
STRAIGHT = "\"'"
ELLIPSES = ("..", "\u2026")


def ends_a_sentence(text: str) -> bool:
    """Whether `text` ends with a mark that ends a sentence; brackets and quotation marks may follow it."""
    text = text.rstrip()
    while text and (text[-1] in STRAIGHT or unicodedata.category(text[-1]) in CLOSING):
        text = text[:-1]
    return bool(text) and text[-1] in TERMINALS and not text.endswith(ELLIPSES)


def has_mark_inside(text: str) -> bool:
    """Whether a mark that ends a sentence stands before the last character of `text`."""
    return any(character in TERMINALS for character in text[:-1])


def mark_tokens(tokenizer: Tokenizer) -> list[int]:
    """The tokens that are a mark which ends a sentence, alone or with what closes a bracket or a quotation."""
    encoding = tokenizer.encoding
    found = []
    for token in range(tokenizer.eot):
        try:
            text = encoding.decode_single_token_bytes(token).decode("utf-8")
        except (KeyError, UnicodeDecodeError):
            continue
        if ends_a_sentence(text) and not any(character.isalnum() for character in text):
            found.append(token)
    return found


def probability(text: str, marked: bool, last_mark: float, next_mark: float, end: float) -> float:
    """How probable it is that a sentence ends with `text`, 0 to 1. `marked`: its last token is one of `mark_tokens`,
    and one of them was so probable there (`last_mark`); so probable is one behind the text (`next_mark`), and so the
    end that was chosen there (`end`)."""
    if marked:
        return last_mark * end
    return end if ends_a_sentence(text) else next_mark
