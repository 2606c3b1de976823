"""What a session was told of who speaks: nothing twice, and whether more is due. Pure."""

from __future__ import annotations

from contract.messages import Result, Speakers, Turns

LAST_SEC = 1.0  # who spoke the last utterance may come so long after its text


class SpeakerTracker:
    """`last_rev`: of the last message."""

    def __init__(self, last_rev: int = 0) -> None:
        self.last_rev = last_rev
        self._told = False
        self._untold: str | None = None  # the latest utterance with a text, while nobody has said who spoke it

    @property
    def due(self) -> bool:
        """Whether who spoke the latest utterance will probably come: of earlier ones it came."""
        return self._told and self._untold is not None

    def result(self, message: Result) -> None:
        """There is a text."""
        self._untold = None if message.turns or message.speaker is not None else message.utterance

    def take(self, message: Turns | Speakers) -> bool:
        """Book a message; whether it is news."""
        if isinstance(message, Turns):
            self._told = True
            if message.utterance == self._untold:
                self._untold = None
        if 0 < message.rev <= self.last_rev:
            return False
        self.last_rev = max(self.last_rev, message.rev)
        return True
