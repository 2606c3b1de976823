"""Tells a session who speaks, as a speaker worker does."""

from __future__ import annotations

from dataclasses import dataclass, field

import redis

from contract.ids import utterance_id
from contract.messages import Speaker, Speakers, Turn, Turns
from contract.settings import ServiceSettings
from contract.state.speakers import session_speakers, tell_speakers


def turn(speaker: int | None, start_sec: float, end_sec: float, first_char: int, end_char: int) -> Turn:
    return Turn(speaker=speaker, start_sec=start_sec, end_sec=end_sec, first_char=first_char, end_char=end_char)


@dataclass(frozen=True)
class Teller:
    """Who speaks in `session`."""

    client: redis.Redis
    session: str
    settings: ServiceSettings = field(default_factory=ServiceSettings)

    def turns(self, start: int, *turns: Turn, state: bytes = b"voices") -> None:
        """Of the utterance at `start`."""
        self._tell(start, Turns(utterance=utterance_id(self.session, start), turns=list(turns)), state)

    def speakers(self, *speakers: Speaker, state: bytes = b"voices") -> None:
        """All of them by now."""
        self._tell(None, Speakers(speakers=list(speakers)), state)

    def state_alone(self, state: bytes = b"more voices") -> None:
        """A new state of the worker's, of which nobody is told."""
        known = session_speakers(self.client, self.session)
        assert tell_speakers(self.client, self.session, known, state, [], self.settings)

    def _tell(self, start: int | None, message: Turns | Speakers, state: bytes) -> None:
        known = session_speakers(self.client, self.session)
        assert tell_speakers(self.client, self.session, known, state, [(start, message)], self.settings)
