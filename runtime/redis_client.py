"""Redis clients with timeouts, so that a dead broker is an error and not an endless wait."""

from __future__ import annotations

import asyncio

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from contract.settings import ServiceSettings

CONNECT_TIMEOUT_SEC = 5.0
SOCKET_TIMEOUT_SEC = 10.0
HEALTH_CHECK_EVERY_SEC = 10
CALLS_AT_ONCE = 32


def sync_redis(settings: ServiceSettings) -> redis.Redis:
    """A client for threads and workers. Does not connect before its first command."""
    address = settings.redis_address()
    return redis.Redis.from_url(
        address.url,
        **address.tls,
        socket_connect_timeout=CONNECT_TIMEOUT_SEC,
        socket_timeout=SOCKET_TIMEOUT_SEC,
        health_check_interval=HEALTH_CHECK_EVERY_SEC,
    )


def worker_redis(settings: ServiceSettings) -> redis.Redis:
    """A client without retries of its own: RedisRetry, or the caller's loop, decides how often and how long."""
    client = sync_redis(settings)
    client.set_retry(Retry(NoBackoff(), 0))
    return client


def async_redis(settings: ServiceSettings) -> redis.asyncio.Redis:
    """A client for asyncio services. Does not connect before its first command.

    At most `CALLS_AT_ONCE` calls run at once, the others wait. redis-py's own pool refuses the 101st, which happens
    when many speakers end their sentences at the same moment.
    """
    address = settings.redis_address()
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        address.url,
        **address.tls,
        max_connections=CALLS_AT_ONCE,
        timeout=SOCKET_TIMEOUT_SEC,
        socket_connect_timeout=CONNECT_TIMEOUT_SEC,
        socket_timeout=SOCKET_TIMEOUT_SEC,
        health_check_interval=HEALTH_CHECK_EVERY_SEC,
    )
    return redis.asyncio.Redis.from_pool(pool)


def end_if_cancelled() -> None:
    """Cancel again a task whose cancellation was lost inside redis-py (8.1 swallows one while it connects)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
