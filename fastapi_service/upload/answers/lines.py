"""A file's segments as the lines of its speakers. Pure.

Where nobody asked who speaks, a line is a segment.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from contract.audio import SAMPLE_RATE_HZ
from contract.messages import Result
from contract.speakers.parts import Part, parts_of
from contract.speakers.turns import VoiceSpan, turns_of
from contract.state.files import FileSegment, FileTurn

ELSEWHERE: Final = "Its sentence is in the middle of two speakers, and counts with the other."
UNKNOWN: Final = "?"
LETTERS: Final = 26


@dataclass(frozen=True)
class Line:
    """What one speaker said of a segment, in seconds of the file. `speaker`: from 1 on, None where nobody can tell."""

    start_sec: float
    end_sec: float
    result: Result
    speaker: int | None = None


def one_line(text: str) -> str:
    """The text without line ends and spaces around."""
    return " ".join(text.split())


class Voices:
    """Who speaks in a file, when."""

    def __init__(self, turns: Sequence[FileTurn]) -> None:
        """`turns`: in order."""
        self._turns = turns
        self._starts = [turn.start for turn in turns]
        self._ends = [turn.end for turn in turns]

    def told(self, segment: FileSegment, result: Result) -> Result:
        """`result` of `segment` in one line, with its turns; one of a channel has that channel's speaker."""
        said = result.model_copy(update={"text": one_line(result.text), "turns": []})
        if said.channel is not None:
            return said.model_copy(update={"speaker": said.channel})
        spans = self._spans(segment)
        return said.model_copy(update={"turns": turns_of(said.text, said.words, spans, said.language)})

    def _spans(self, segment: FileSegment) -> list[VoiceSpan]:
        begin, end = bisect_right(self._ends, segment.start), bisect_left(self._starts, segment.end)
        return [
            VoiceSpan(
                turn.speaker,
                max(turn.start, segment.start) / SAMPLE_RATE_HZ,
                min(turn.end, segment.end) / SAMPLE_RATE_HZ,
            )
            for turn in self._turns[begin:end]
        ]


def lines_of(segment: FileSegment, told: Result) -> list[Line]:
    """The lines of a segment whose result knows its turns."""
    parts = parts_of(told)
    if len(parts) == 1:
        return [Line(segment.start_sec, segment.end_sec, told, parts[0].speaker)]
    lines = [_line(segment, told, part) for part in parts]
    for gap in told.gaps:
        middle = (gap.start_sec + gap.end_sec) / 2
        number = max((n for n, line in enumerate(lines) if line.start_sec <= middle), default=0)
        result = lines[number].result
        lines[number] = replace(lines[number], result=result.model_copy(update={"gaps": [*result.gaps, gap]}))
    return lines


def _line(segment: FileSegment, told: Result, part: Part) -> Line:
    start_sec = min(max(part.start_sec, segment.start_sec), segment.end_sec)
    end_sec = min(max(part.end_sec, start_sec), segment.end_sec)
    update = {
        "text": part.text,
        "words": part.words,
        "sentences": part.sentences,
        "sentiment": part.sentiment,
        "sentiment_reason": ELSEWHERE if part.sentiment is None and told.sentiment else told.sentiment_reason,
        "translation": part.translation,
        "gaps": [],
    }
    return Line(round(start_sec, 3), round(end_sec, 3), told.model_copy(update=update), part.speaker)


def name_of(speaker: int | None) -> str:
    """How subtitles and plain text call a speaker."""
    return f"Speaker {UNKNOWN if speaker is None else speaker}"


def label_of(speaker: int | None) -> str:
    """How OpenAI calls a speaker: A to Z, then AA; `?` where nobody can tell who it is."""
    if speaker is None:
        return UNKNOWN
    label = ""
    while speaker > 0:
        speaker, letter = divmod(speaker - 1, LETTERS)
        label = chr(ord("A") + letter) + label
    return label
