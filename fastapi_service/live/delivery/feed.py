"""What a session is told in numbers is sent in their order, each once: as it comes, and from Redis after a gap."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

import redis

from contract.messages import Message
from fastapi_service.live.delivery.outbox import Outbox
from runtime.redis_client import end_if_cancelled

logger = logging.getLogger(__name__)

CATCH_UP_RETRY_SEC = 1.0
Numbered = TypeVar("Numbered")


class Feed(ABC, Generic[Numbered]):
    """`last`: the number up to which all was sent. `caught_up`: what came before the connection has been."""

    what: ClassVar[str]

    def __init__(self, tag: str, last: int, outbox: Outbox) -> None:
        """`tag`: of the session, for the log."""
        self.last = last
        self.caught_up = asyncio.Event()
        self._tag = tag
        self._outbox = outbox
        self._catching_up = False
        self._behind = asyncio.Event()
        self._behind.set()  # what came before this connection is fetched first

    def take(self, event: Numbered) -> None:
        """Take one from the relay: the next in order is sent at once, any other is read from Redis."""
        number = self._number(event)
        if number <= self.last:
            return
        in_order = number == self.last + 1 and not self._catching_up and not self._behind.is_set()
        message = self._message(event) if in_order else None
        if message is not None and self._outbox.offer(message):
            self.last = number
            self._sent(event)
        else:
            self._behind.set()

    def catch_up(self) -> None:
        """Some may have been missed: read them."""
        self._behind.set()

    async def run(self) -> None:
        """Whenever some were missed, send those after the last one, until cancelled."""
        while True:
            await self._behind.wait()
            self._behind.clear()
            self._catching_up = True
            try:
                await self._catch_up()
                self.caught_up.set()
            except redis.RedisError as problem:
                logger.warning("session %s: %s not read: %s", self._tag, self.what, problem)
                self._behind.set()
                await asyncio.sleep(CATCH_UP_RETRY_SEC)
            finally:
                self._catching_up = False
            end_if_cancelled()

    async def _catch_up(self) -> None:
        """Send what is in Redis after the last one. Raises redis.RedisError."""
        while events := await self._read():
            for event in events:
                number = self._number(event)
                if number > self.last:
                    self.last = number
                    self._sent(event)
                    message = self._message(event)
                    if message is not None:
                        await self._outbox.put(message)

    @abstractmethod
    async def _read(self) -> list[Numbered]:
        """The next ones after the last, in order. Raises redis.RedisError."""

    @abstractmethod
    def _number(self, event: Numbered) -> int:
        """Its number."""

    @abstractmethod
    def _message(self, event: Numbered) -> Message | None:
        """What the client gets; None: nothing."""

    def _sent(self, event: Numbered) -> None:
        """It is sent now."""
