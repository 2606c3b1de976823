"""What one client, and all of them together, may take: places, bytes a second, guesses. All of bounded size."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from contract.names import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ

REAL_TIME_BYTES_PER_SEC = SAMPLE_RATE_HZ * BYTES_PER_SAMPLE
# A frame counts as so many bytes at least (8 ms of speech), so that a flood of tiny ones is slowed as well.
SMALLEST_FRAME_BYTES = 256
ADDRESSES_REMEMBERED = 4_096
MINUTE_SEC = 60.0

Clock = Callable[[], float]


class NoPlaceError(Exception):
    """No connection is free; the message says so to the client."""


class Places:
    """Counts the open connections, in all and per address. `per_address` 0: no limit of that kind."""

    def __init__(self, in_all: int, per_address: int) -> None:
        self._in_all = in_all
        self._per_address = per_address
        self._taken: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._taken.total()

    @contextmanager
    def take(self, address: str) -> Iterator[None]:
        """Hold a place while the context lasts. Raises NoPlaceError."""
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
    """A token bucket: `per_sec` bytes a second, and `burst` at once."""

    def __init__(self, per_sec: float, burst: float, clock: Clock = time.monotonic) -> None:
        self._per_sec = per_sec
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._at = clock()

    def spend(self, frame_bytes: int) -> float:
        """Count a frame that has come; returns how many seconds to wait before the next one is read."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_sec)
        self._at = now
        self._left -= max(frame_bytes, SMALLEST_FRAME_BYTES)
        return max(0.0, -self._left / self._per_sec)


class Failures:
    """Wrong tokens per address: `per_min` at once and in every minute, then the address has to wait.

    The address that failed longest ago is forgotten when there are too many.
    """

    def __init__(self, per_min: int, clock: Clock = time.monotonic) -> None:
        self._per_min = per_min
        self._clock = clock
        self._counts: OrderedDict[str, tuple[float, float]] = OrderedDict()  # failures that count, and when they did

    def __len__(self) -> int:
        return len(self._counts)

    def wait_sec(self, address: str) -> float:
        """How long `address` has to wait before it may try a token; 0 when it may now."""
        return max(0.0, self._count(address) - self._per_min + 1) * MINUTE_SEC / self._per_min

    def failed(self, address: str) -> None:
        """`address` has tried a wrong token."""
        self._counts[address] = (self._count(address) + 1, self._clock())
        self._counts.move_to_end(address)
        while len(self._counts) > ADDRESSES_REMEMBERED:
            self._counts.popitem(last=False)

    def _count(self, address: str) -> float:
        count, at = self._counts.get(address, (0.0, 0.0))
        return max(0.0, count - (self._clock() - at) * self._per_min / MINUTE_SEC)


def client_address(scope: Mapping[str, Any]) -> str:
    """Whom a limit counts as one client: the address, or for IPv6 its /64, which one subscriber has to himself."""
    client = scope.get("client")
    host = str(client[0]) if client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
