"""Divides the text of an utterance among those who speak it. Pure: no numpy, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from contract.messages import MAX_TURNS, Turn, Word
from contract.text.sentences import sentences_of
from contract.text.words import word_places

NEAR_WORDS: Final = 2  # a boundary so few words from an end of a sentence moves there, where word times are known
NEAR_SHARE: Final = 0.2  # of the text, where they are not
NEAR_WORDS_MAX: Final = 6  # not more than so many then


@dataclass(frozen=True)
class VoiceSpan:
    """A stretch of an utterance that one person speaks (None: nobody can tell who), in seconds of the stream."""

    speaker: int | None
    start_sec: float
    end_sec: float

    @property
    def sec(self) -> float:
        """How long it is."""
        return max(0.0, self.end_sec - self.start_sec)


def turns_of(text: str, words: Sequence[Word] | None, voices: Sequence[VoiceSpan], language: str = "en") -> list[Turn]:
    """The turns of `text`, at most MAX_TURNS: in order, never parted inside a word, together the whole text.

    A word belongs to the span (`voices`, in order) that it overlaps most. Where the times of the words are not known,
    the text is laid evenly over the spans. A boundary near an end of a sentence moves to it: people take turns between
    sentences. Spans that get no word are left out. Nothing where there is no text or no span. `language`: of `text`.
    """
    spans = _joined(voices)
    places = word_places(text)
    if not text or not spans:
        return []
    timed = _times(text, places, words)
    owners = _owners_by_time(timed, spans) if timed else _owners_by_share(text, places, spans)
    owners = _moved_to_sentences(text, places, owners, 0 if timed else len(places), language)
    firsts = [0] + [at for at, (left, right) in enumerate(pairwise(owners), 1) if left != right]
    bounds = [0, *(places[at][0] for at in firsts[1:]), len(text)]
    told = [spans[owners[at]] if owners else spans[0] for at in firsts]
    turns = [
        Turn(
            speaker=span.speaker,
            start_sec=round(span.start_sec, 3),
            end_sec=round(span.end_sec, 3),
            first_char=first,
            end_char=end,
        )
        for span, (first, end) in zip(told, pairwise(bounds), strict=True)
    ]
    return _few(_joined_turns(turns))


def _joined(voices: Iterable[VoiceSpan]) -> list[VoiceSpan]:
    """Spans of one speaker that follow each other as one."""
    found: list[VoiceSpan] = []
    for span in voices:
        if found and found[-1].speaker == span.speaker:
            found[-1] = replace(found[-1], end_sec=max(found[-1].end_sec, span.end_sec))
        else:
            found.append(span)
    return found


def _times(
    text: str, places: Sequence[tuple[int, int]], words: Sequence[Word] | None
) -> list[tuple[float, float]] | None:
    """When each of the words at `places` is said; None where that is not known of all."""
    if not words or not places:
        return None
    found: list[tuple[int, int, Word]] = []
    at = 0
    for word in words:
        said = word.word.strip()
        if not said:
            continue
        first = text.find(said, at)
        if first < 0:
            return None
        at = first + len(said)
        found.append((first, at, word))
    times, number = [], 0
    for first, end in places:
        while number < len(found) - 1 and found[number][1] <= first:
            number += 1
        if not found or found[number][0] >= end or found[number][1] <= first:
            return None
        times.append((found[number][2].start_sec, found[number][2].end_sec))
    return times


def _owners_by_time(times: Sequence[tuple[float, float]], spans: Sequence[VoiceSpan]) -> list[int]:
    """The number of the span that each word overlaps most, else of the nearest; never an earlier one than before."""
    owners, least = [], 0
    for start, end in times:

        def fit(at: int, start: float = start, end: float = end) -> tuple[float, float]:
            span = spans[at]
            overlap = min(end, span.end_sec) - max(start, span.start_sec)
            return max(0.0, overlap), min(0.0, overlap)

        least = max(range(least, len(spans)), key=fit)
        owners.append(least)
    return owners


def _owners_by_share(text: str, places: Sequence[tuple[int, int]], spans: Sequence[VoiceSpan]) -> list[int]:
    """The number of the span in which the middle of each word is when the text is laid evenly over all of them."""
    total = sum(span.sec for span in spans)
    ends, so_far = [], 0.0
    for span in spans:
        so_far += span.sec
        ends.append(so_far)
    owners, at = [], 0
    for first, end in places:
        when = total * (first + end) / 2 / len(text)
        while at < len(spans) - 1 and when >= ends[at]:
            at += 1
        owners.append(at)
    return owners


def _moved_to_sentences(
    text: str, places: Sequence[tuple[int, int]], owners: Sequence[int], untimed: int, language: str
) -> list[int]:
    """`owners` with each boundary at the nearest beginning of a sentence, where one is near and no turn ends up without
    a word. `untimed`: how many words there are where their times are not known."""
    near = min(NEAR_WORDS_MAX, max(NEAR_WORDS, round(NEAR_SHARE * untimed))) if untimed else NEAR_WORDS
    begins, at = set(), 0
    for sentence in sentences_of(text, language)[:-1]:
        at += len(sentence)
        begins.add(next((number for number, place in enumerate(places) if place[0] >= at), len(places)))
    moved = list(owners)
    bounds = [number for number, (left, right) in enumerate(pairwise(owners), 1) if left != right]
    for position, bound in enumerate(bounds):
        before = bounds[position - 1] if position else 0
        after = bounds[position + 1] if position + 1 < len(bounds) else len(places)
        fit = [one for one in begins if abs(one - bound) <= near and before < one < after]
        if fit:
            best = min(fit, key=lambda one, bound=bound: (abs(one - bound), one))  # type: ignore[misc]
            for number in range(min(best, bound), max(best, bound)):
                moved[number] = owners[bound] if best < bound else owners[bound - 1]
            bounds[position] = best
    return moved


def _joined_turns(turns: Iterable[Turn]) -> list[Turn]:
    """Turns of one speaker that follow each other, those between them being left out, as one."""
    found: list[Turn] = []
    for turn in turns:
        if found and found[-1].speaker == turn.speaker:
            found[-1] = _together(found[-1], turn, turn.speaker)
        else:
            found.append(turn)
    return found


def _few(turns: list[Turn]) -> list[Turn]:
    """At most MAX_TURNS: the shortest goes to the one before it."""
    while len(turns) > MAX_TURNS:
        at = min(range(1, len(turns)), key=lambda number: turns[number].end_sec - turns[number].start_sec)
        turns[at - 1 : at + 1] = [_together(turns[at - 1], turns[at], turns[at - 1].speaker)]
        turns = _joined_turns(turns)
    return turns


def _together(left: Turn, right: Turn, speaker: int | None) -> Turn:
    return left.model_copy(update={"speaker": speaker, "end_sec": right.end_sec, "end_char": right.end_char})
