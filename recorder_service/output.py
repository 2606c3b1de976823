"""What the recorder shows: results as they come with a live level meter, or one JSON object per message."""

from __future__ import annotations

import json
import logging
import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from contract.ids import session_tag
from contract.messages import Busy, Dropped, Error, Partial, Result, ServerMessage, Session, Speakers, Turns
from recorder_service.feelings import felt
from recorder_service.who import WhoSpeaks
from runtime.logs.setup import OneLineFormatter, printable

METER_CELLS = 24
METER_FLOOR_DB = -60.0
PARTIAL_LINES = 3
REFRESH_PER_SECOND = 12
ABOUT_CHARS = 60


@dataclass(frozen=True)
class Moment:
    """When an utterance was spoken, in seconds of the recording."""

    start_sec: float
    end_sec: float

    def __str__(self) -> str:
        return f"{_clock(self.start_sec)} - {_clock(self.end_sec)}"


@dataclass(frozen=True)
class Status:
    """What the live line shows. `level`: mean square, samples in -1 to 1. Not `recording`: outcomes are waited for."""

    recording: bool
    level: float
    speaking: bool
    captured_sec: float
    waiting: int
    overflows: int
    connection: str


class PipeConsole(Console):
    """A console that reports a closed pipe to its caller instead of ending the program in the middle."""

    def on_broken_pipe(self) -> None:
        """Pass the BrokenPipeError on that is being handled."""
        self.quiet = True
        raise BrokenPipeError


class Output(ABC):
    """Where messages, notes and problems go; counts what has ended by kind."""

    def __init__(self, notes: Console) -> None:
        self.counts: Counter[str] = Counter()
        self._notes = notes

    def message(self, message: ServerMessage, moment: Moment | None) -> None:
        """Show one message; `moment` where it is the outcome of an utterance."""
        if isinstance(message, Result | Dropped | Error):
            self.counts[message.type] += 1
        self._show(message, moment)

    def note(self, text: str) -> None:
        """Tell something that is no result."""
        if text:
            self._notes.print(Text(printable_lines(text), "dim"), soft_wrap=True)

    def problem(self, text: str) -> None:
        """Tell something that went wrong."""
        self._notes.print(Text(printable_lines(text), "red"), soft_wrap=True)

    def live(self, status: Callable[[], Status]) -> AbstractContextManager[object]:
        """While entered, keep showing `status` where there is a terminal to show it."""
        del status
        return nullcontext()

    @abstractmethod
    def _show(self, message: ServerMessage, moment: Moment | None) -> None:
        """Show one message."""


class TextOutput(Output):
    """For people: lines with time, text, zone and score. On a terminal with colours and a meter underneath."""

    def __init__(self, console: Console, notes: Console) -> None:
        super().__init__(console if console.is_terminal else notes)
        self._console = console
        self._partial: Partial | None = None
        self._who = WhoSpeaks()
        self._latest = ""  # the result that was shown last

    def live(self, status: Callable[[], Status]) -> AbstractContextManager[object]:
        """The meter, refreshed beside everything else that is printed."""
        if not self._console.is_terminal:
            return nullcontext()
        return Live(
            get_renderable=lambda: live_view(status(), self._partial, self._console.width),
            console=self._console,
            refresh_per_second=REFRESH_PER_SECOND,
            transient=True,
        )

    def _show(self, message: ServerMessage, moment: Moment | None) -> None:
        if isinstance(message, Partial):
            self._partial = message
            return
        if isinstance(message, Turns | Speakers):
            self._show_speakers(message)
            return
        if isinstance(message, Result | Dropped | Error):
            self._partial = None
        if isinstance(message, Result):
            message = self._who.known(message)
            self._latest = message.utterance
        if isinstance(message, Session | Busy) or (isinstance(message, Error) and moment is None):
            self.note(plain_line(message, moment).plain)
            return
        self._print(plain_line(message, moment, self._who.lines(message) if isinstance(message, Result) else ()))

    def _show_speakers(self, message: Turns | Speakers) -> None:
        """Under the text; where another has come meanwhile, with the beginning of the text that it is about."""
        if isinstance(message, Speakers):
            self._who.note(message)
            return
        result = self._who.result_of(message)
        lines = self._who.lines(result) if result is not None else []
        if result is not None and lines and message.utterance != self._latest:
            about = printable(result.text)
            self._print(Text(about if len(about) <= ABOUT_CHARS else about[:ABOUT_CHARS] + "…", "dim"))
        for line in lines:
            self._print(Text("  ").append_text(line))

    def _print(self, line: Text) -> None:
        if line:
            self._console.print(line, soft_wrap=not self._console.is_terminal)


class JsonOutput(Output):
    """For programs: each message as one line on standard output, outcomes with their place in the recording."""

    def __init__(self, console: Console, notes: Console) -> None:
        super().__init__(notes)
        self._file = console.file

    def _show(self, message: ServerMessage, moment: Moment | None) -> None:
        fields = message.model_dump(mode="json")
        if isinstance(message, Session):
            fields["session"] = session_tag(message.session)  # the id itself is a secret, and pipes end in files
        if moment is not None:
            fields["captured_start_sec"] = round(moment.start_sec, 3)
            fields["captured_end_sec"] = round(moment.end_sec, 3)
        self._file.write(_plain_json(fields) + "\n")
        self._file.flush()


class OutputHandler(logging.Handler):
    """Sends the log through the output, so that it does not tear the live line."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self.setFormatter(OneLineFormatter())
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        try:
            self._output.note(self.format(record))
        except Exception:
            self.handleError(record)


def plain_line(message: ServerMessage, moment: Moment | None, who: Sequence[Text] = ()) -> Text:
    """One message as a line (what else there is of a result underneath); empty where none is due. `who` speaks a
    result: one, who stands before it, or several with their parts of it underneath."""
    line = Text().append(f"{moment}  " if moment is not None else "", "cyan")
    match message:
        case Result():
            if len(who) == 1:
                line.append_text(who[0]).append(": ")
            line.append(printable(message.text)).append("  ")
            if message.sentiment is not None:
                line.append_text(felt(message.sentiment))
            total_ms = sum(message.timings_ms.values())
            line.append(f"  {printable(message.language)}", "dim").append(f"  {total_ms:.0f} ms", "dim")
            indent = " " * (len(str(moment)) + 2 if moment is not None else 2)
            for below in [*(who if len(who) > 1 else ()), *_below(message)]:
                line.append(f"\n{indent}").append_text(below)
        case Dropped():
            detail = f" ({printable(message.detail)})" if message.detail else ""
            line = Text(f"{line.plain}dropped: {printable(message.reason)}{detail}", "dim")
        case Error():
            line.append(f"{printable(message.message)} ({printable(message.code)})", "red")
        case Busy():
            line.append(f"{printable(message.message)} ({message.retry_after_sec:.0f} s)")
        case Session():
            models = message.models
            names = [printable(name) or "not running yet" for name in (models.speech, models.sentiment)]
            line.append(f"connected: speech {names[0]}, sentiment {names[1]}")
            line.append(" (demo models: good for trying out, not for real use)" if models.demo else "")
        case _:
            return Text()
    return line


def _below(result: Result) -> Iterator[Text]:
    """Each of several sentences, a translation, what is doubtful, and why there is no sentiment."""
    if len(result.sentences) > 1:
        for sentence in result.sentences:
            yield Text().append(f"{printable(sentence.text)}  ", "dim").append_text(felt(sentence.sentiment))
    if result.translation is not None:
        yield Text().append("in English: ", "dim").append(printable(result.translation), "italic")
    if result.doubtful:
        yield Text(f"doubtful: {printable(result.doubtful_reason or '')}", "dim")
    for gap in result.gaps:
        yield Text(f"{gap.end_sec - gap.start_sec:.1f} s of speech without words", "dim")
    if result.sentiment is None and result.sentiment_reason is not None:
        yield Text(f"no sentiment: {printable(result.sentiment_reason)}", "dim")


def live_view(status: Status, partial: Partial | None, width: int) -> Text:
    """What stays at the bottom of a terminal: what is being said (its end, where it is long; what is not settled is
    faint), and the live line."""
    if partial is None or not partial.text:
        return status_line(status, width)
    settled, rest = printable(partial.text[: partial.settled]), printable(partial.text[partial.settled :])
    shown = Text(style="italic").append(settled).append(rest, "dim")
    room = max(1, PARTIAL_LINES * (width - 1) - 2)
    if len(shown) > room:
        shown = Text().append("…", "dim").append_text(shown[-room:])
    return shown.append("\n").append_text(status_line(status, width))


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


def _plain_json(fields: dict[str, Any]) -> str:
    """`fields` on one line; what a terminal would obey, or a reader take for a line's end, stands as `\\uXXXX`."""
    text = json.dumps(fields, ensure_ascii=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def counted(number: int, noun: str) -> str:
    """`1 result`, `2 results`, `0 results`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _meter(status: Status) -> Text:
    level_db = 10.0 * math.log10(status.level) if status.level > 1e-12 else -120.0
    filled = round(METER_CELLS * min(1.0, max(0.0, 1.0 - level_db / METER_FLOOR_DB)))
    line = Text().append("█" * filled, "green" if status.speaking else "blue")
    line.append("·" * (METER_CELLS - filled), "dim").append(f" {max(level_db, -99.0):4.0f} dB ")
    line.append("speech " if status.speaking else "silence", "bold green" if status.speaking else "dim")
    line.append(f"  {_clock(status.captured_sec)}", "cyan")
    return line


def printable_lines(text: str) -> str:
    """`text` with its line ends, and nothing else that a terminal would obey."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _clock(seconds: float) -> str:
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{f'{hours}:{minutes:02d}' if hours else minutes}:{tenths / 10:04.1f}"
