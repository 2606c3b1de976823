"""What a stream's caller and its connections share, under one lock: what is kept, what has come, how it ends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from contract.messages import ServerMessage
from recorder_service.client.errors import BufferFull, StreamError
from recorder_service.client.session import StreamSession

INBOX_MESSAGES = 2_000


class StreamState:
    """Methods take the lock themselves and wake everybody who waits for a change."""

    def __init__(self, stream: StreamSession) -> None:
        self.stream = stream
        self.failure: Exception | None = None
        self.closed = False
        self._inbox: deque[ServerMessage] = deque()
        self._changed = asyncio.Condition()

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.closed or self.failure is not None

    def check(self) -> None:
        """Raise what the stream has ended with, if it has."""
        if self.failure is not None:
            raise self.failure
        if self.closed:
            raise StreamError("the stream client is closed")

    async def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def fail(self, problem: Exception) -> None:
        """The stream is over for good."""
        self.failure = problem
        await self.notify()

    async def notify(self) -> None:
        """Something has changed outside."""
        async with self._changed:
            self._changed.notify_all()

    async def keep(self, pcm: bytes, wait_when_full: bool) -> None:
        """Take speech. Raises BufferFull, or what the stream has ended with."""
        ledger = self.stream.ledger
        async with self._changed:
            if wait_when_full:
                await self._changed.wait_for(lambda: ledger.has_room(len(pcm)) or self.over)
            self.check()
            if not ledger.has_room(len(pcm)):
                raise BufferFull(ledger.kept_sec)
            ledger.append(pcm)
            self._changed.notify_all()

    async def mark(self, empty_frames: int) -> None:
        """See that so many empty frames (1 or 2) are here. Raises what the stream has ended with."""
        async with self._changed:
            self.check()
            self.stream.ledger.mark(empty_frames)
            self._changed.notify_all()

    def put_at_once(self, messages: list[ServerMessage]) -> None:
        """Add messages of the client's own; the next `deliver` or `notify` wakes their reader."""
        self._inbox.extend(messages)

    async def deliver(self, message: ServerMessage) -> None:
        """Add a message for the caller; waits while too many are unread."""
        async with self._changed:
            self._changed.notify_all()
            await self._changed.wait_for(lambda: len(self._inbox) < INBOX_MESSAGES)
            self._inbox.append(message)
            self._changed.notify_all()

    async def messages(self) -> AsyncIterator[ServerMessage]:
        """The messages in their order; after the last one raises what the stream has failed with, if it has."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._inbox or self.over)
                if not self._inbox:
                    break
                message = self._inbox.popleft()
                self._changed.notify_all()
            yield message
        if self.failure is not None:
            raise self.failure
