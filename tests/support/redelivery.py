"""The visibility timeout, without waiting for it."""

from __future__ import annotations

from typing import cast

import redis

from contract.keys import UNACKED_INDEX

TIMEOUT_SEC = 5  # the shortest that VISIBILITY_TIMEOUT_SEC can be


def timeout_passes(client: redis.Redis, seconds: int = TIMEOUT_SEC) -> None:
    """Make every message that a worker has taken so much older. Only where none of these workers is still at it:
    another would be given its message."""
    for tag in cast(list[bytes], client.zrange(UNACKED_INDEX, 0, -1)):
        client.zadd(UNACKED_INDEX, {tag: -seconds}, xx=True, incr=True)
