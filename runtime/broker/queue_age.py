"""How long the oldest task of a queue has been waiting, for those who look at the queues.

kombu pushes a message to the left of a Redis list and takes it from the right. The job inside says when its last stage
ended, which is when it was sent.
"""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, cast

import msgpack

from contract.jobs import now_ms

if TYPE_CHECKING:
    import redis.asyncio


async def oldest_wait_sec(client: redis.asyncio.Redis, queue: str) -> float | None:
    """For how many seconds the oldest task of `queue` waits, 0 where there is none, None where it does not say.

    Reads the whole message, audio included. Raises redis.RedisError.
    """
    oldest = cast(bytes | None, await client.lindex(queue, -1))
    if oldest is None:
        return 0.0
    sent_ms = when_sent_ms(oldest)
    return None if sent_ms is None else max(0.0, now_ms() - sent_ms) / 1000.0


def when_sent_ms(message: bytes) -> float | None:
    """When the task in a broker message was sent (epoch ms), None where it does not say."""
    try:
        arguments = msgpack.unpackb(base64.b64decode(json.loads(message)["body"]))[0]
        sent = [one["stamped_ms"] for one in arguments if isinstance(one, dict) and "stamped_ms" in one]
        return float(sent[0]) if math.isfinite(sent[0]) else None
    except (ValueError, LookupError, TypeError, RecursionError, msgpack.UnpackException):
        return None
