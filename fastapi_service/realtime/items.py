"""The turns of one connection as OpenAI's items, and their transcripts in the order of the turns. Pure.

An item is made of one utterance or, where speech was longer than an utterance may be, of several in a row (pieces). The
first item alone is told about: outcomes of later ones wait, so that everything comes in order.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

from contract.audio import SAMPLE_RATE_HZ
from contract.messages import Dropped, Error, Partial, Result, Speakers, Turns
from contract.speech.segmenter import Cut
from fastapi_service.access.refusals import error_event
from fastapi_service.realtime.events import TRANSCRIPTION, Event, event, new_id, user_item
from fastapi_service.realtime.who import WhoSpoke
from fastapi_service.realtime.wording import Growing, glue

KNOWN_MAX = 64  # turns that a client can ask for again

Outcome = Result | Dropped | Error


def first_sample(utterance: str) -> int:
    """The first sample of an utterance, which its id ends with."""
    return int(utterance.rpartition("-")[2])


@dataclass(slots=True)
class Piece:
    """An utterance of an item, from sample `start` to `end`."""

    start: int
    end: int
    outcome: Outcome | None = None


@dataclass(slots=True)
class Item:
    """A turn, from sample `begin` on. `live`: its text is told while it is spoken. `announced`: so was its start.
    `patient`: its end waits until it is known who speaks."""

    begin: int
    live: bool
    announced: bool
    patient: bool = False
    id: str = field(default_factory=lambda: new_id("item"))
    pieces: list[Piece] = field(default_factory=list)
    closed: bool = False
    seconds: float | None = None  # of its audio; None: that of its pieces
    text: str = ""  # of the pieces that are final
    ready: int = 0  # so many of the pieces are in it
    growing: Growing = field(default_factory=Growing)  # the text of the next piece
    between: str = ""  # what stands between `text` and that
    language: str = ""  # of the latest piece that has one

    @property
    def end(self) -> int:
        """Where its pieces end."""
        return self.pieces[-1].end if self.pieces else self.begin


class Items:
    """All that are not told to the end. `current`: the one that is being spoken."""

    def __init__(self) -> None:
        self.current: Item | None = None
        self._waiting: deque[Item] = deque()
        self._pieces: dict[int, Piece] = {}  # without outcome, by their first sample
        self._last_id: str | None = None
        self._known: OrderedDict[str, str | None] = OrderedDict()  # the latest that have ended: id to transcript
        self._who = WhoSpoke()
        self.held: str | None = None  # the item of which only is awaited who speaks

    def open(self, begin: int, live: bool, announced: bool, patient: bool = False) -> Item:
        """A turn begins."""
        self.current = Item(begin, live, announced, patient)
        self._waiting.append(self.current)
        return self.current

    def add(self, cut: Cut) -> None:
        """An utterance of the current turn has ended."""
        if self.current is not None:
            piece = Piece(cut.start, cut.end)
            self.current.pieces.append(piece)
            self._pieces[cut.start] = piece

    def close(self) -> str | None:
        """The current turn has ended; returns the id of the one before."""
        before = self._last_id
        if self.current is not None:
            self.current.closed = True
            self._last_id = self.current.id
            self._know(self.current.id, None)
        self.current = None
        return before

    def retrieved(self, item_id: str) -> Event | None:
        """A turn that has ended, with its transcript once that is told; None for one that is not known any more."""
        return user_item(item_id, self._known[item_id]) if item_id in self._known else None

    def _know(self, item_id: str, transcript: str | None) -> None:
        self._known[item_id] = transcript
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """The current turn is dropped, with the outcomes that are still to come."""
        if self.current is not None:
            self._waiting.remove(self.current)
            for piece in self.current.pieces:
                self._pieces.pop(piece.start, None)
        self.current = None

    def partial(self, message: Partial) -> list[Event]:
        """Take the text of what is being spoken; returns what is to be told."""
        item = self._waiting[0] if self._waiting else None
        if item is None or not item.live or item.ready < len(item.pieces):
            return []
        if item.closed or first_sample(message.utterance) != item.end:
            return []
        begun = bool(item.growing.told)
        added = item.growing.settled(message.text, message.settled)
        if added and not begun:
            item.between = glue(item.language) if item.text else ""
            added = item.between + added
        return [_delta(item, added)] if added else []

    def outcome(self, message: Outcome) -> list[Event]:
        """Take an outcome; returns what is to be told."""
        piece = self._pieces.pop(first_sample(message.utterance), None)
        if piece is not None:
            piece.outcome = message
        return self.told()

    def speakers(self, message: Turns | Speakers) -> list[Event]:
        """Take who speaks; returns what is to be told."""
        self._who.take(message)
        return self.told()

    def let_go(self, item_id: str) -> list[Event]:
        """Who speaks the item that is held is not awaited any longer; returns what is to be told."""
        if self.held != item_id:
            return []
        self._waiting[0].patient = False
        return self.told()

    def told(self) -> list[Event]:
        """What is to be told now."""
        events: list[Event] = []
        self.held = None
        while self._waiting:
            item = self._waiting[0]
            for piece in item.pieces[item.ready :]:
                if piece.outcome is None:
                    break
                events += _finish(item, piece.outcome)
            if not item.closed or item.ready < len(item.pieces):
                break
            results = [one.outcome for one in item.pieces if isinstance(one.outcome, Result) and one.outcome.text]
            if item.patient and not self._who.knows(results):
                self.held = item.id
                break
            ending = _completed(item, results, self._who)
            events += ending
            self._know(item.id, ending[-1].get("transcript"))
            self._waiting.popleft()
        return events


def _finish(item: Item, outcome: Outcome) -> list[Event]:
    """The next piece is final."""
    item.ready += 1
    growing, item.growing = item.growing, Growing()
    final = " ".join(outcome.text.split()) if isinstance(outcome, Result) else ""
    text, added = growing.final(final)
    if isinstance(outcome, Result):
        item.language = outcome.language
    if not growing.told:
        item.between = glue(item.language) if item.text and text else ""
        added = item.between + added
    if text:
        item.text += item.between + text
    return [_delta(item, added)] if added and item.live else []


def _delta(item: Item, text: str) -> Event:
    return event(f"{TRANSCRIPTION}.delta", item_id=item.id, content_index=0, delta=text)


def _completed(item: Item, results: list[Result], who: WhoSpoke) -> list[Event]:
    """The end of an item: its transcript, or why there is none."""
    outcomes = [piece.outcome for piece in item.pieces]
    events: list[Event] = []
    failure = next((one for one in outcomes if isinstance(one, Error)), None)
    if failure is not None:
        told = error_event(failure.code, failure.message, "server_error")
        if not item.text:
            error = {name: told["error"][name] for name in ("type", "code", "message", "param")}
            return [event(f"{TRANSCRIPTION}.failed", item_id=item.id, content_index=0, error=error)]
        events.append(told)
    if item.text and not item.live:
        events.append(_delta(item, item.text))
    seconds = item.seconds
    if seconds is None:
        seconds = sum(piece.end - piece.start for piece in item.pieces) / SAMPLE_RATE_HZ
    completed = event(
        f"{TRANSCRIPTION}.completed",
        item_id=item.id,
        content_index=0,
        transcript=item.text,
        usage={"type": "duration", "seconds": round(seconds, 3)},
        languages=[{"code": code} for code in dict.fromkeys(one.language for one in results)],
        sentiment=_sentiment(results),
        sentences=[one.model_dump() for result in results for one in result.sentences],
        **who.told(results),
    )
    return [*events, completed]


def _sentiment(results: list[Result]) -> dict[str, Any] | None:
    """The sentiment of a turn: of several pieces the surest one of the zone that lasted longest."""
    judged = [(one.duration_sec, one.sentiment) for one in results if one.sentiment is not None]
    lasted: Counter[str] = Counter()
    for duration_sec, sentiment in judged:
        lasted[sentiment.zone] += round(1000 * duration_sec)
    if not judged:
        return None
    zone = lasted.most_common(1)[0][0]
    return max((one for _, one in judged if one.zone == zone), key=lambda one: one.score).model_dump()
