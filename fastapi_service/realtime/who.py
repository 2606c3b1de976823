"""Who spoke the latest utterances of one connection, as far as that was told. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from contract.messages import Result, Speaker, Speakers, Turns
from contract.speakers.names import shown_speaker
from contract.speakers.parts import parts_of
from contract.speakers.told import main_speaker, with_turns
from fastapi_service.realtime.events import Event

KEPT_MAX = 64  # utterances


class WhoSpoke:
    """What `turns` and `speakers` said."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, Turns] = OrderedDict()
        self._speakers: list[Speaker] = []

    def take(self, message: Turns | Speakers) -> None:
        """Take one."""
        if isinstance(message, Speakers):
            self._speakers = message.speakers
            return
        self._turns[message.utterance] = message
        self._turns.move_to_end(message.utterance)
        while len(self._turns) > KEPT_MAX:
            self._turns.popitem(last=False)

    def knows(self, results: Sequence[Result]) -> bool:
        """Whether turns of all of them have come."""
        return all(one.utterance in self._turns for one in results)

    def told(self, results: Sequence[Result]) -> Event:
        """Fields of a transcript that is made of these results: `speaker`, and `turns` with the text of each. None
        where nothing was told."""
        known = [one for one in results if one.utterance in self._turns]
        if not known:
            return {}
        complete = [
            with_turns(one, self._turns[one.utterance].turns if one.utterance in self._turns else []) for one in results
        ]
        parts = [part for result in complete for part in parts_of(result)]
        turns = [
            {
                "speaker": self._shown(part.speaker),
                "text": part.text,
                "sentiment": None if part.sentiment is None else part.sentiment.model_dump(),
            }
            for part in parts
        ]
        speaker = main_speaker([turn for result in complete for turn in result.turns])
        return {"speaker": self._shown(speaker), "turns": turns}

    def _shown(self, number: int | None) -> int | None:
        return None if number is None else shown_speaker(number, self._speakers)
