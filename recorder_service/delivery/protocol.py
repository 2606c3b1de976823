"""What both ways of delivery have in common: straight to the queue, and through the WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from contract.messages import ServerMessage


class DeliveryError(Exception):
    """Delivery cannot begin; the message says why and what mends it."""


class Delivery(Protocol):
    """Takes speech, and brings exactly one outcome for each utterance. StreamClient is one."""

    @property
    def origin(self) -> int:
        """The stream position of the first sample that was sent."""

    @property
    def waiting(self) -> int:
        """How many utterances have no outcome yet."""

    @property
    def unsafe_sec(self) -> float:
        """Seconds of speech that are kept here because nobody else has taken them over."""

    @property
    def sentence_wait_sec(self) -> float:
        """How long an utterance stays open after a pause, for the rest of its sentence; 0: there are no pauses."""

    async def send(self, pcm: bytes) -> None:
        """Take speech. Raises BufferFull, StreamError."""

    async def pause(self) -> None:
        """The speaker pauses here."""

    async def end_utterance(self) -> None:
        """End the utterance here."""

    async def drain(self, timeout_sec: float | None = None) -> bool:
        """End the open utterance and wait for all outcomes; False when the time is up before."""

    def messages(self) -> AsyncIterator[ServerMessage]:
        """What comes back; ends when the delivery is closed."""
