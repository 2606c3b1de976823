"""What stays at the bottom of a terminal: what is being said, and the live line with its meter."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from rich.text import Text

from contract.messages import Partial
from contract.speakers.names import speaker_label
from runtime.logs.setup import printable

METER_CELLS = 24
METER_FLOOR_DB = -60.0
PARTIAL_LINES = 3


@dataclass(frozen=True)
class Status:
    """What the live line shows. `levels`: mean square of each channel, samples in -1 to 1. Not `recording`: outcomes
    are waited for."""

    recording: bool
    levels: tuple[float, ...]
    speaking: bool
    captured_sec: float
    waiting: int
    overflows: int
    connection: str


def live_view(status: Status, partials: Iterable[Partial], width: int) -> Text:
    """What stays at the bottom of a terminal: what is being said (its end, where it is long; what is not settled is
    faint), in each channel where there are two, and the live line."""
    shown = Text()
    for partial in sorted(partials, key=lambda one: one.channel or 0):
        if partial.text:
            shown.append_text(_said(partial, width)).append("\n")
    return shown.append_text(status_line(status, width))


def _said(partial: Partial, width: int) -> Text:
    label = "" if partial.channel is None else f"{speaker_label(partial.channel, ())}: "
    settled, rest = printable(partial.text[: partial.settled]), printable(partial.text[partial.settled :])
    said = Text(style="italic").append(settled).append(rest, "dim")
    room = max(1, PARTIAL_LINES * (width - 1) - 2 - len(label))
    if len(said) > room:
        said = Text().append("…", "dim").append_text(said[-room:])
    return Text(label).append_text(said) if label else said


def status_line(status: Status, width: int) -> Text:
    """The live line: meter, time, what is waited for, what is wrong."""
    line = _meter(status) if status.recording else Text("recording is over", "bold")
    if status.waiting:
        line.append(f"  {counted(status.waiting, 'utterance')} waiting", "dim")
    if status.overflows:
        line.append(f"  sound lost {counted(status.overflows, 'time')}", "bold red")
    if status.connection:
        line.append(f"  {printable(status.connection)}", "bold yellow")
    line.truncate(max(1, width - 1), overflow="ellipsis")
    return line


def counted(number: int, noun: str) -> str:
    """`1 result`, `2 results`, `0 results`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _meter(status: Status) -> Text:
    cells = METER_CELLS // len(status.levels)
    line = Text()
    for number, level in enumerate(status.levels, 1):
        level_db = 10.0 * math.log10(level) if level > 1e-12 else -120.0
        filled = round(cells * min(1.0, max(0.0, 1.0 - level_db / METER_FLOOR_DB)))
        line.append(f"{number} " if len(status.levels) > 1 else "")
        line.append("█" * filled, "green" if status.speaking else "blue")
        line.append("·" * (cells - filled), "dim").append(f" {max(level_db, -99.0):4.0f} dB ")
    line.append("speech " if status.speaking else "silence", "bold green" if status.speaking else "dim")
    line.append(f"  {clock(status.captured_sec)}", "cyan")
    return line


def clock(seconds: float) -> str:
    """`1:05.0`, and `1:01:05.0` from an hour on."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{f'{hours}:{minutes:02d}' if hours else minutes}:{tenths / 10:04.1f}"
