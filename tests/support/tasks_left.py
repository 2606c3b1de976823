"""Tasks that are not done: queued, being taken, or not acknowledged."""

from __future__ import annotations

from typing import cast

import redis

from contract.keys import taken_key


def tasks_left(client: redis.Redis, queue: str) -> int:
    """How many of `queue` are anywhere in Redis, at one moment. Only where no other queue has workers: what is not
    acknowledged is one hash for all.

    A worker that stands back may need a while from taking a task to recording it, and in between the task is in
    neither the queue nor the record. Raises redis.RedisError.
    """
    with client.pipeline(transaction=True) as pipe:
        pipe.llen(queue)
        pipe.llen(taken_key(queue))
        pipe.hlen("unacked")
        return sum(cast(list[int], pipe.execute()))
