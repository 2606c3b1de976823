"""Pieces in cues: which are shown together, on which lines, from when to when. Pure; cues.js is the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from fastapi_service.subtitles import script
from fastapi_service.subtitles.pieces import Piece, Spoken, line_limit, pieces_of

SHORTEST_MS = 700
LONGEST_MS = 7000

# What it costs, beside a cut, in the units of pieces.
A_CUE = 30
A_FLASH = 1000  # there is less time for it than SHORTEST_MS
A_HOLE = 60  # a pause of HOLE_MS within it
HOLE_MS = 1000
FEW = 24  # each half width fewer costs 1
FOREVER_MS = 1 << 52


@dataclass(frozen=True)
class Cue:
    """What is shown, from `begin_ms` to `end_ms`: one line or two, of one speaker. `right_to_left`: each of them is to
    be read so. `named`: the speaker is another than the one before, and SubRip says so."""

    begin_ms: int
    end_ms: int
    lines: list[str]
    right_to_left: bool
    speaker: str | None = None
    named: bool = False


@dataclass
class _Part:
    """Pieces that are shown together, and between what they are said."""

    pieces: list[Piece]
    language: str
    opens: bool  # a result
    speaker: str | None

    @property
    def begin_ms(self) -> int:
        return self.pieces[0].begin_ms

    @property
    def end_ms(self) -> int:
        return min(self.pieces[-1].end_ms, self.begin_ms + LONGEST_MS)


def cues_of(results: Sequence[Spoken]) -> list[Cue]:
    """The cues of results that follow each other in time. None begins before the one before has ended."""
    texts = [(pieces, spoken) for spoken in results if (pieces := pieces_of(spoken))]
    parts: list[_Part] = []
    for number, (pieces, spoken) in enumerate(texts):
        next_ms = texts[number + 1][0][0].begin_ms if number + 1 < len(texts) else FOREVER_MS
        if not parts or parts[-1].speaker != spoken.speaker:
            _make_room(pieces[0], spoken)
        parts += _cut(pieces, spoken, parts[-1].end_ms if parts else 0, next_ms)
    parts = _joined(parts)
    times = _times(parts)
    befores = [None, *(part.speaker for part in parts)]
    return [_cue(part, *time, before) for part, time, before in zip(parts, times, befores, strict=False)]


def label(speaker: str) -> str:
    """What SubRip has before the first words of a speaker."""
    return f"{script.one_line(speaker)}: "


def _make_room(first: Piece, spoken: Spoken) -> None:
    """For the speaker's name before the first piece, where both fit on a line."""
    if spoken.speaker is not None:
        width = first.width + sum(map(script.width, label(spoken.speaker)))
        if width <= line_limit(spoken.language):
            first.width = width


def _cut(pieces: list[Piece], spoken: Spoken, before_ms: int, next_ms: int) -> list[_Part]:
    """The cheapest cut of a result into cues that fit. `before_ms`, `next_ms`: where its neighbours end and begin."""
    language = spoken.language
    count = len(pieces)
    sizes = _sizes(pieces)
    far = _far(pieces, sizes, line_limit(language))
    holes = [0]
    for piece, after in pairwise(pieces):
        holes.append(holes[-1] + (after.begin_ms - piece.end_ms >= HOLE_MS))
    best = [0] + [FOREVER_MS] * count
    cut_at = [0] * (count + 1)
    for to in range(1, count + 1):
        end_ms = pieces[to - 1].end_ms
        after_ms = pieces[to].begin_ms if to < count else next_ms
        ends = A_CUE + (pieces[to - 1].cost if to < count else 0)
        for begin in range(to - 1, -1, -1):
            if far[far[begin]] < to or (begin < to - 1 and end_ms - pieces[begin].begin_ms > LONGEST_MS):
                break
            cost = best[begin] + ends + A_HOLE * (holes[to - 1] - holes[begin])
            cost += max(0, FEW - (sizes[to] - sizes[begin] - pieces[begin].space))
            if after_ms - (pieces[begin - 1].end_ms if begin > 0 else before_ms) < SHORTEST_MS:
                cost += A_FLASH
            if cost < best[to]:
                best[to], cut_at[to] = cost, begin
    parts = []
    to = count
    while to > 0:
        parts.append(_Part(pieces[cut_at[to] : to], language, cut_at[to] == 0, spoken.speaker))
        to = cut_at[to]
    return parts[::-1]


def _sizes(pieces: list[Piece]) -> list[int]:
    """Half widths of all before each piece, and of all."""
    sizes = [0]
    for piece in pieces:
        sizes.append(sizes[-1] + piece.space + piece.width)
    return sizes


def _far(pieces: list[Piece], sizes: list[int], limit: int) -> list[int]:
    """For each piece, before which the line ends that begins with it. The last one is for none."""
    far = []
    to = 0
    for begin, piece in enumerate(pieces):
        to = max(to, begin + 1)
        while to < len(pieces) and sizes[to + 1] - sizes[begin] - piece.space <= limit:
            to += 1
        far.append(to)
    return [*far, len(pieces)]


def _joined(parts: list[_Part]) -> list[_Part]:
    """With those for which there is no time joined to a neighbour, of the same language and speaker, where both fit
    together."""
    joined: list[_Part] = []
    waiting = list(reversed(parts))
    while waiting:
        part = waiting.pop()
        before = joined[-1] if joined else None
        after = waiting[-1] if waiting else None
        room_ms = (after.begin_ms if after else FOREVER_MS) - (before.end_ms if before else 0)
        if room_ms < SHORTEST_MS and before is not None and _fit(before, part):
            joined[-1] = _together(before, part)
        elif room_ms < SHORTEST_MS and after is not None and _fit(part, after):
            waiting[-1] = _together(part, after)
        else:
            joined.append(part)
    return joined


def _fit(one: _Part, other: _Part) -> bool:
    if (one.language, one.speaker) != (other.language, other.speaker):
        return False
    if other.pieces[-1].end_ms - one.begin_ms > LONGEST_MS:
        return False
    pieces = _together(one, other).pieces
    far = _far(pieces, _sizes(pieces), line_limit(one.language))
    return far[far[0]] == len(pieces)


def _together(one: _Part, other: _Part) -> _Part:
    first = other.pieces[0]
    if other.opens:
        apart = not (script.unspaced(one.pieces[-1].text[-1]) and script.unspaced(first.text[0]))
        first = replace(first, space=int(apart))
    return _Part([*one.pieces, first, *other.pieces[1:]], one.language, one.opens, one.speaker)


def _times(parts: list[_Part]) -> list[tuple[int, int]]:
    """When each is shown: while it is said, and longer where that is too short: into the silence after it, then into
    that before it. Where both are too short, those after it come later."""
    begins = [part.begin_ms for part in parts]
    for number in range(len(parts) - 1, -1, -1):
        silent_ms = parts[number - 1].end_ms if number > 0 else 0
        next_ms = begins[number + 1] if number + 1 < len(parts) else FOREVER_MS
        begins[number] = min(begins[number], max(silent_ms, next_ms - SHORTEST_MS))
    times: list[tuple[int, int]] = []
    for number, part in enumerate(parts):
        begin_ms = max(begins[number], times[-1][1] if times else 0)
        end_ms = max(min(part.end_ms, begin_ms + LONGEST_MS), begin_ms + SHORTEST_MS)
        times.append((begin_ms, end_ms))
    return times


def _cue(part: _Part, begin_ms: int, end_ms: int, speaker_before: str | None) -> Cue:
    right_to_left = script.reads_right_to_left(_text(part.pieces), part.language)
    named = part.speaker not in (None, speaker_before)
    return Cue(begin_ms, end_ms, _lines(part), right_to_left, part.speaker, named)


def _lines(part: _Part) -> list[str]:
    """One line, or two, cut where it is cheap and they become alike."""
    pieces, limit = part.pieces, line_limit(part.language)
    sizes = _sizes(pieces)
    if sizes[-1] - pieces[0].space <= limit:
        return [_text(pieces)]
    found, cheapest = 0, FOREVER_MS
    for at in range(1, len(pieces)):
        first, second = sizes[at] - pieces[0].space, sizes[-1] - sizes[at] - pieces[at].space
        cost = pieces[at - 1].cost + 2 * abs(first - second)
        if first <= limit and second <= limit and cost < cheapest:
            found, cheapest = at, cost
    return [_text(pieces[:found]), _text(pieces[found:])]


def _text(pieces: list[Piece]) -> str:
    return "".join(" " * (piece.space and number > 0) + piece.text for number, piece in enumerate(pieces))
