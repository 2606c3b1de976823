"""Who speaks, as the recorder shows it: under the text, or before it where that is known by then.

While there is one voice, without a name, nothing is said of it. A channel that is a speaker is told of at once.
"""

from __future__ import annotations

from collections import OrderedDict

from rich.text import Text

from contract.messages import Dropped, Error, Result, Speaker, Speakers, Turns
from contract.speakers.names import shown_speaker, speaker_label
from contract.speakers.parts import parts_of
from contract.speakers.told import with_turns
from recorder_service.feelings import felt
from runtime.logs.setup import printable

KEPT_MAX = 2_000  # results whose turns may still come (of a file, once all was heard), and turns whose result may
STYLES = ("cyan", "magenta", "blue", "yellow", "green", "red")


class WhoSpeaks:
    """What was told of the speakers so far."""

    def __init__(self) -> None:
        self._speakers: list[Speaker] = []
        self._shown: set[int] = set()  # numbers that were shown, until there are two
        self._results: OrderedDict[str, Result] = OrderedDict()
        self._early: OrderedDict[str, Turns] = OrderedDict()

    def note(self, message: Speakers) -> None:
        """Take who they are."""
        self._speakers = message.speakers

    def known(self, result: Result) -> Result:
        """`result` with its turns, if they came before it; else it is kept for them."""
        turns = self._early.pop(result.utterance, None)
        if turns is not None and not result.turns:
            result = with_turns(result, turns.turns)
        self._results[result.utterance] = result
        _bound(self._results)
        return result

    def result_of(self, turns: Turns) -> Result | None:
        """The result that these turns are of, with them; None while it has not come, and where it is too old."""
        result = self._results.get(turns.utterance)
        if result is None:
            self._early[turns.utterance] = turns
            _bound(self._early)
            return None
        return with_turns(result, turns.turns)

    def lines(self, result: Result | Dropped | Error) -> list[Text]:
        """Who spoke `result`: a name alone, or each part of it with its speaker. Nothing where that says nothing."""
        if result.channel is not None:
            return [self._label(result.channel)]
        if not isinstance(result, Result):
            return []
        parts = parts_of(result)
        numbers = {part.speaker for part in parts}
        if numbers == {None}:
            return []
        if len(self._shown) < 2:
            self._shown |= {shown_speaker(number, self._speakers) for number in numbers if number is not None}
        if len(self._shown) < 2 and not any(one.name for one in self._speakers) and None not in numbers:
            return []
        if len(parts) == 1:
            return [self._label(parts[0].speaker)]
        lines = []
        for part in parts:
            line = self._label(part.speaker).append(f": {printable(part.text)}", "default")
            if part.sentiment is not None:
                line.append("  ").append_text(felt(part.sentiment))
            lines.append(line)
        return lines

    def _label(self, number: int | None) -> Text:
        shown = None if number is None else shown_speaker(number, self._speakers)
        style = "dim" if shown is None else STYLES[(shown - 1) % len(STYLES)]
        return Text().append(printable(speaker_label(number, self._speakers)), style)


def _bound(kept: OrderedDict[str, Result] | OrderedDict[str, Turns]) -> None:
    while len(kept) > KEPT_MAX:
        kept.popitem(last=False)
