"""The send queue of one client: bounded and ordered, and beside it the latest of each repeating message."""

from __future__ import annotations

import asyncio
from collections import deque

from contract.messages import Message


class Outbox:
    """Ordered messages leave first in, first out; of a kind given to `set_latest` only the newest is kept.

    One task reads; any may write. Only `put` blocks a writer.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ordered: deque[Message] = deque()
        self._latest: dict[str, Message] = {}
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()

    def offer(self, message: Message) -> bool:
        """Add an ordered message; False when full."""
        if len(self._ordered) >= self._limit:
            return False
        self._ordered.append(message)
        self._filled.set()
        return True

    async def put(self, message: Message) -> None:
        """Add an ordered message; waits while full."""
        while not self.offer(message):
            self._drained.clear()
            await self._drained.wait()

    def set_latest(self, kind: str, message: Message) -> None:
        """Set the newest message of `kind`."""
        self._latest[kind] = message
        self._filled.set()

    def discard(self, kind: str) -> None:
        """Drop the waiting message of `kind`, if there is one."""
        self._latest.pop(kind, None)

    async def get(self) -> Message:
        """The next message; waits for one. Ordered ones go first."""
        while not self._ordered and not self._latest:
            self._filled.clear()
            await self._filled.wait()
        if self._ordered:
            message = self._ordered.popleft()
            self._drained.set()
            return message
        return self._latest.pop(next(iter(self._latest)))
