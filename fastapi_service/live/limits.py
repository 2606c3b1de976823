"""Limits per client and over all: connections, bytes per second, utterances without outcome."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from fastapi_service.token_bucket import Clock, TokenBucket

REAL_TIME_BYTES_PER_SEC = SAMPLE_RATE_HZ * BYTES_PER_SAMPLE
# A frame counts as at least so many bytes (8 ms of speech), so that a flood of tiny ones is slowed too.
SMALLEST_FRAME_BYTES = 256


class NoPlaceError(Exception):
    """No connection is free; the message says so to the client."""


class ConnectionLimit:
    """Counts open connections, in all and per address. `per_address` 0: no limit per address."""

    def __init__(self, in_all: int, per_address: int) -> None:
        self._in_all = in_all
        self._per_address = per_address
        self._taken: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._taken.total()

    @contextmanager
    def take(self, address: str) -> Iterator[None]:
        """Count a connection while the context lasts. Raises NoPlaceError."""
        if len(self) >= self._in_all:
            raise NoPlaceError("Everybody is speaking: no connection is free.")
        if 0 < self._per_address <= self._taken[address]:
            raise NoPlaceError("Too many connections are open from your address.")
        self._taken[address] += 1
        try:
            yield
        finally:
            self._taken[address] -= 1
            if not self._taken[address]:
                del self._taken[address]


class ByteRate:
    """`per_sec` bytes a second, and `burst` at once."""

    def __init__(self, per_sec: float, burst: float, clock: Clock = time.monotonic) -> None:
        self._bucket = TokenBucket(per_sec, burst, clock)

    def spend(self, frame_bytes: int) -> float:
        """Count a received frame; returns how many seconds to wait before the next is read."""
        self._bucket.take(max(frame_bytes, SMALLEST_FRAME_BYTES))
        return self._bucket.wait_sec()


class Outstanding:
    """The utterances of one connection that have no outcome, by their first sample: room for `most` of them."""

    def __init__(self, most: int, wait_sec: float) -> None:
        self._most = most
        self._wait_sec = wait_sec
        self._starts: set[int] = set()
        self._has_room = asyncio.Event()

    def add(self, start: int) -> None:
        """Count one that was accepted."""
        self._starts.add(start)

    def remove(self, start: int) -> None:
        """It has its outcome."""
        self._starts.discard(start)
        if len(self._starts) < self._most:
            self._has_room.set()

    def clear(self) -> None:
        """Forget all."""
        self._starts.clear()

    async def room(self) -> None:
        """Back-pressure: wait until there is room. Raises TimeoutError after `wait_sec`."""
        if len(self._starts) < self._most:
            return
        self._has_room.clear()
        async with asyncio.timeout(self._wait_sec):
            await self._has_room.wait()
