"""What the recorder shows: results as they come with a live level meter, or one JSON object per message."""

from __future__ import annotations

import json
import logging
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
from recorder_service.live_line import Status, clock, live_view
from recorder_service.who import WhoSpeaks
from runtime.logs.setup import OneLineFormatter, printable

REFRESH_PER_SECOND = 12
ABOUT_CHARS = 60


@dataclass(frozen=True)
class Moment:
    """When an utterance was spoken, in seconds of the recording."""

    start_sec: float
    end_sec: float

    def __str__(self) -> str:
        return f"{clock(self.start_sec)} - {clock(self.end_sec)}"


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
        self._partials: dict[int | None, Partial] = {}  # the latest of each channel, in which somebody speaks
        self._who = WhoSpeaks()
        self._latest = ""  # the result that was shown last

    def live(self, status: Callable[[], Status]) -> AbstractContextManager[object]:
        """The meter, refreshed beside everything else that is printed."""
        if not self._console.is_terminal:
            return nullcontext()
        return Live(
            get_renderable=lambda: live_view(status(), list(self._partials.values()), self._console.width),
            console=self._console,
            refresh_per_second=REFRESH_PER_SECOND,
            transient=True,
        )

    def _show(self, message: ServerMessage, moment: Moment | None) -> None:
        if isinstance(message, Partial):
            self._partials[message.channel] = message
            return
        if isinstance(message, Turns | Speakers):
            self._show_speakers(message)
            return
        if isinstance(message, Result | Dropped | Error):
            self._partials.pop(message.channel, None)
        if isinstance(message, Result):
            message = self._who.known(message)
            self._latest = message.utterance
        if isinstance(message, Session | Busy) or (isinstance(message, Error) and moment is None):
            self.note(plain_line(message, moment).plain)
            return
        who = self._who.lines(message) if isinstance(message, Result | Dropped | Error) else ()
        self._print(plain_line(message, moment, who))

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
    """One message as a line (what else there is of a result underneath); empty where none is due. `who` speaks an
    outcome: one, who stands before it, or several with their parts of a result underneath."""
    line = Text().append(f"{moment}  " if moment is not None else "", "cyan")
    if len(who) == 1:
        line.append_text(who[0]).append(": ")
    match message:
        case Result():
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


def _plain_json(fields: dict[str, Any]) -> str:
    """`fields` on one line; what a terminal would obey, or a reader take for a line's end, stands as `\\uXXXX`."""
    text = json.dumps(fields, ensure_ascii=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def printable_lines(text: str) -> str:
    """`text` with its line ends, and nothing else that a terminal would obey."""
    return "\n".join(printable(line) for line in text.split("\n"))
