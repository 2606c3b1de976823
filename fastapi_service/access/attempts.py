"""Counts wrong tokens per client address, in bounded memory; and what counts as one client."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from fastapi_service.token_bucket import Clock, TokenBucket

ADDRESSES_REMEMBERED = 4_096
MINUTE_SEC = 60.0


class LoginAttempts:
    """Wrong tokens per address: `per_min` at once and per minute, then the address has to wait.

    When there are too many addresses, the one whose last failure is the oldest is forgotten.
    """

    def __init__(self, per_min: int, clock: Clock = time.monotonic) -> None:
        self._per_min = per_min
        self._clock = clock
        self._left: OrderedDict[str, TokenBucket] = OrderedDict()  # failures that an address has left

    def __len__(self) -> int:
        return len(self._left)

    def wait_sec(self, address: str) -> float:
        """How long `address` has to wait before it may try a token; 0 when it may now."""
        left = self._left.get(address)
        return 0.0 if left is None else left.wait_sec(1)

    def failed(self, address: str) -> None:
        """`address` has tried a wrong token."""
        if address not in self._left:
            self._left[address] = TokenBucket(self._per_min / MINUTE_SEC, self._per_min, self._clock)
        self._left[address].take(1)
        self._left.move_to_end(address)
        while len(self._left) > ADDRESSES_REMEMBERED:
            self._left.popitem(last=False)


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
