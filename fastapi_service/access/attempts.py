"""Counts wrong tokens per client address, in bounded memory; and what counts as one client."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

ADDRESSES_REMEMBERED = 4_096
MINUTE_SEC = 60.0

Clock = Callable[[], float]


class Failures:
    """Wrong tokens per address: `per_min` at once and per minute, then the address has to wait.

    When there are too many addresses, the one whose last failure is the oldest is forgotten.
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
    """What a limit counts as one client: the address, or for IPv6 its /64, which is one subscriber's."""
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
