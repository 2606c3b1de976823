"""A result in parts, one for each turn of a speaker: what everybody shows, counts and exports. Pure.

static/js/transcript/parts.js is the same: contract/part_examples.json holds both to each other.
"""

# ruff: noqa: RUF001  # punctuation of all scripts

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contract.messages import Result, SentenceSentiment, Sentiment, Turn, Word, Zone

# An end of a sentence, simply: the texts of two languages are only compared by how many they have.
_END: Final = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？｡؟۔।॥]+[\"'”’»)\]」』）]*")


@dataclass(frozen=True)
class Part:
    """What one speaker said of a result. `speaker` is None where nobody can tell who. Times are seconds of the stream.

    `sentiment` is None where none can be told of this part. `translation` is None where there is none, or where it
    cannot be divided and stands at the first part. `words` is None where their times are not known."""

    speaker: int | None
    start_sec: float
    end_sec: float
    text: str
    words: list[Word] | None
    sentences: list[SentenceSentiment]
    sentiment: Sentiment | None
    translation: str | None


def parts_of(result: Result) -> list[Part]:
    """The parts of `result`, at least one. One without turns is one part, of the result's own speaker."""
    turns = [turn for turn in result.turns if _text_of(result, turn)]
    if len(turns) < 2:
        return [_whole(result, turns[0] if turns else None)]
    starts = [turn.first_char for turn in turns]
    sentences: list[list[SentenceSentiment]] = [[] for _ in turns]
    places = _middles(result.text, [sentence.text for sentence in result.sentences])
    for sentence, middle in zip(result.sentences, places, strict=True):
        sentences[_last_before(starts, middle)].append(sentence)
    words: list[list[Word]] = [[] for _ in turns]
    for word in result.words or []:
        words[_last_before([turn.start_sec for turn in turns], (word.start_sec + word.end_sec) / 2)].append(word)
    translations = _divided(result, starts)
    return [
        Part(
            turn.speaker,
            turn.start_sec,
            turn.end_sec,
            _text_of(result, turn),
            None if result.words is None else words[number],
            sentences[number],
            _felt(sentences[number]),
            translations[number],
        )
        for number, turn in enumerate(turns)
    ]


def _whole(result: Result, turn: Turn | None) -> Part:
    end_sec = round(result.start_sec + result.duration_sec, 3)
    speaker, start_sec, end_sec = (
        (result.speaker, result.start_sec, end_sec) if turn is None else (turn.speaker, turn.start_sec, turn.end_sec)
    )
    text, sentences = result.text.strip(), result.sentences
    return Part(speaker, start_sec, end_sec, text, result.words, sentences, result.sentiment, result.translation)


def _text_of(result: Result, turn: Turn) -> str:
    return result.text[turn.first_char : turn.end_char].strip()


def _last_before(starts: Sequence[float], place: float) -> int:
    """The number of the last turn that begins at or before `place`; what is before all is the first one's."""
    return max((number for number, start in enumerate(starts) if start <= place), default=0)


def _middles(text: str, sentences: Sequence[str]) -> list[int]:
    """Where in `text` the middle of each sentence is: they may be of its translation."""
    found, to = [], 0
    for sentence in sentences:
        begin = text.find(sentence, to)
        if begin < 0:
            break
        to = begin + len(sentence)
        found.append((begin + to) // 2)
    if len(found) == len(sentences):
        return found
    own = _ends(text)
    if len(own) == len(sentences):
        return [(begin + end) // 2 for begin, end in zip([0, *own], own, strict=False)]
    return _shares(text, [len(sentence) for sentence in sentences])


def _shares(text: str, lengths: Sequence[int]) -> list[int]:
    """The same for sentences of so many characters, by their share of all."""
    whole, before, found = max(1, sum(lengths)), 0, []
    for length in lengths:
        found.append(len(text) * (2 * before + length) // (2 * whole))
        before += length
    return found


def _ends(text: str) -> list[int]:
    """Where the sentences of a text end."""
    ends = [mark.end() for mark in _END.finditer(text)]
    return ends if ends and not text[ends[-1] :].strip() else [*ends, len(text)]


def _divided(result: Result, starts: Sequence[int]) -> list[str | None]:
    """The translation by turns, where it has as many sentences as the text; else all of it at the first turn."""
    if result.translation is None:
        return [None for _ in starts]
    ends = _ends(result.translation)
    if len(ends) != len(_ends(result.text)):
        return [result.translation, *(None for _ in starts[1:])]
    sentences = [result.translation[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    texts = ["" for _ in starts]
    for sentence, middle in zip(sentences, _middles(result.text, sentences), strict=True):
        texts[_last_before(starts, middle)] += sentence
    return [text.strip() or None for text in texts]


def _felt(sentences: Sequence[SentenceSentiment]) -> Sentiment | None:
    """How several sentences felt: the zone of most of their characters, neutral where two zones have as many. Score:
    the mean in that zone by characters; the rest is that of the longest sentence there."""
    if len(sentences) < 2:
        return sentences[0].sentiment if sentences else None
    lengths: Counter[Zone] = Counter()
    for sentence in sentences:
        lengths[sentence.sentiment.zone] += len(sentence.text)
    leading = [zone for zone, length in lengths.items() if length == max(lengths.values())]
    zone: Zone = leading[0] if len(leading) == 1 else "neutral"
    counted = [sentence for sentence in sentences if sentence.sentiment.zone == zone] or list(sentences)
    whole = max(1, sum(len(sentence.text) for sentence in counted))
    score = sum(sentence.sentiment.score * len(sentence.text) for sentence in counted) / whole
    longest = max(counted, key=lambda sentence: len(sentence.text)).sentiment
    return longest.model_copy(update={"zone": zone, "score": min(1.0, score)})
