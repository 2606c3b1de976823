"""Who has said how much in one session, and how it felt. Pure, in bounded memory, and its state is JSON.

A result and its turns come in either order, and turns may come again once somebody unsure is known: then what the
utterance was counted as is taken back. What a result says is not kept: `awaited` names the results that are needed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from contract.messages import MAX_SPEAKERS, Result, SentimentShare, Speaker, SpeakerShare, Turn
from contract.speakers.names import shown_speaker
from contract.speakers.parts import parts_of
from contract.speakers.told import with_turns
from contract.text.words import count_words

HELD_MAX = 64  # latest utterances that turns may still come for
UNASKED_MAX = 16  # the same in a session of whose speakers nothing was told so far: mostly nothing will be
EARLY_MAX = 16  # utterances whose turns came before their result
ZONES = ("positive", "neutral", "negative")
T = TypeVar("T")


@dataclass
class Figures:
    """What was said. `zones`: sentences, and the sum of their scores."""

    words: int = 0
    audio_ms: int = 0
    zones: dict[str, tuple[int, float]] = field(default_factory=dict)

    def add(self, other: Figures, times: int = 1) -> None:
        """Add `other`, or take it back (`times` -1)."""
        self.words += times * other.words
        self.audio_ms += times * other.audio_ms
        for zone, (count, score_sum) in other.zones.items():
            before, sum_before = self.zones.get(zone, (0, 0.0))
            self.zones[zone] = (before + times * count, sum_before + times * score_sum)
            if self.zones[zone][0] <= 0:
                del self.zones[zone]

    def to_json(self) -> list[Any]:
        """As JSON types."""
        return [self.words, self.audio_ms, {zone: list(sums) for zone, sums in self.zones.items()}]

    @classmethod
    def from_json(cls, state: Sequence[Any]) -> Figures:
        """What `to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        words, audio_ms, zones = state
        if not set(zones) <= set(ZONES):
            raise ValueError("a zone that is none")
        sums = {zone: (int(count), float(score_sum)) for zone, (count, score_sum) in zones.items()}
        return cls(int(words), int(audio_ms), sums)


Shares = list[tuple[int, Figures]]
"""What one utterance was counted as: speakers, the numbers as they were told, and what each said of it."""


@dataclass
class SpeakerShares:
    """The speakers of one session. `last_rev`: of what was told of them."""

    last_rev: int = 0
    figures: dict[int, Figures] = field(default_factory=dict)
    same_as: dict[int, int] = field(default_factory=dict)
    held: OrderedDict[int, tuple[int, Shares]] = field(default_factory=OrderedDict)
    """The latest utterances by their first sample: the number of their result, and what they were counted as."""
    early: OrderedDict[int, list[Turn]] = field(default_factory=OrderedDict)

    @property
    def numbers(self) -> int:
        """How many speakers there are, of whom something was counted."""
        return len(self._merged())

    def awaited(self, start: int) -> int | None:
        """The number of the result that turns of the utterance at `start` are about; None while none has come."""
        return self.held[start][0] if start in self.held else None

    def add_result(self, start: int, seq: int, result: Result) -> None:
        """Count a result, if it is known who speaks it."""
        turns = self.early.pop(start, None)
        if turns is not None:
            result = with_turns(result, turns)
        shares = self._count(_shares(result))
        if result.channel is None:  # of a channel nothing more is told
            _keep(self.held, start, (seq, shares), HELD_MAX if self.last_rev else UNASKED_MAX)

    def add_turns(self, start: int, turns: Sequence[Turn], result: Result | None) -> None:
        """Count turns. `result`: that which is `awaited`, None where it has not come or is gone."""
        if start not in self.held:
            _keep(self.early, start, list(turns), EARLY_MAX)
        elif result is not None:
            seq, before = self.held[start]
            for number, figures in before:
                self.figures[number].add(figures, -1)
                if self.figures[number] == Figures():
                    del self.figures[number]
            self.held[start] = (seq, self._count(_shares(with_turns(result, turns))))

    def note(self, speakers: Sequence[Speaker]) -> None:
        """Take who was found to be another."""
        self.same_as = {one.speaker: one.same_as for one in speakers[:MAX_SPEAKERS] if one.same_as is not None}

    def block(self) -> dict[str, SpeakerShare]:
        """The shares as they are shown, by the number that is shown."""
        merged = self._merged()
        whole_ms = sum(figures.audio_ms for figures in merged.values())
        return {str(number): _shown(figures, whole_ms) for number, figures in sorted(merged.items())}

    def to_json(self) -> dict[str, Any]:
        """The state as JSON types; `from_json` reads it back."""
        return {
            "rev": self.last_rev,
            "figures": [[number, figures.to_json()] for number, figures in self.figures.items()],
            "same_as": list(self.same_as.items()),
            "held": [
                [start, seq, [[number, figures.to_json()] for number, figures in shares]]
                for start, (seq, shares) in self.held.items()
            ],
            "early": [[start, [turn.model_dump() for turn in turns]] for start, turns in self.early.items()],
        }

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> SpeakerShares:
        """What `to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        shares = cls(int(state["rev"]))
        shares.figures = {int(number): Figures.from_json(figures) for number, figures in state["figures"]}
        shares.same_as = {int(number): int(other) for number, other in state["same_as"]}
        for start, seq, counted in state["held"]:
            parts = [(int(number), Figures.from_json(figures)) for number, figures in counted]
            shares.held[int(start)] = (int(seq), parts)
        for start, turns in state["early"]:
            shares.early[int(start)] = [Turn.model_validate(turn) for turn in turns]
        return shares

    def _count(self, shares: Shares) -> Shares:
        """Count these, and return those for which there was room."""
        counted: Shares = []
        for number, figures in shares:
            if number in self.figures or len(self.figures) < MAX_SPEAKERS:
                self.figures.setdefault(number, Figures()).add(figures)
                counted.append((number, figures))
        return counted

    def _merged(self) -> dict[int, Figures]:
        speakers = [Speaker(speaker=number, same_as=other) for number, other in self.same_as.items()]
        merged: dict[int, Figures] = {}
        for number, figures in self.figures.items():
            merged.setdefault(shown_speaker(number, speakers), Figures()).add(figures)
        return merged


def _keep(store: OrderedDict[int, T], start: int, value: T, most: int) -> None:
    store[start] = value
    store.move_to_end(start)
    while len(store) > most:
        store.popitem(last=False)


def _shares(result: Result) -> Shares:
    """What each known speaker said of `result`; sentences are counted, as in the session's own statistics."""
    shares: Shares = []
    for part in parts_of(result):
        if part.speaker is None:
            continue
        felt = [sentence.sentiment for sentence in part.sentences]
        if not felt and part.sentiment is not None:
            felt = [part.sentiment]
        figures = Figures(count_words(part.text), max(0, round(1000 * (part.end_sec - part.start_sec))))
        for sentiment in felt:
            figures.add(Figures(zones={sentiment.zone: (1, sentiment.score)}))
        shares.append((part.speaker, figures))
    return shares


def _shown(figures: Figures, whole_ms: int) -> SpeakerShare:
    return SpeakerShare(
        words=figures.words,
        audio_sec=round(figures.audio_ms / 1000, 3),
        share=round(figures.audio_ms / whole_ms, 4) if whole_ms else 0.0,
        sentiment=shown_zones(figures.zones),
    )


def shown_zones(zones: dict[str, tuple[int, float]]) -> dict[str, SentimentShare]:
    """Zones with the number of their sentences and the sum of their scores, as they are shown."""
    judged = sum(count for count, _ in zones.values())
    return {
        zone: SentimentShare(
            count=zones[zone][0],
            share=round(zones[zone][0] / judged, 4),
            mean_score=round(min(1.0, max(0.0, zones[zone][1] / zones[zone][0])), 4),
        )
        for zone in sorted(zones, key=ZONES.index)
    }
