"""Status texts about the system behind the queue: Redis, and the workers."""

from __future__ import annotations

import redis.asyncio

from contract.queues import ANALYZER_QUEUE, STT_QUEUE
from recorder_service.settings import RecorderSettings
from runtime.worker.heartbeat import live_workers


async def workers_status(client: redis.asyncio.Redis) -> str:
    """The models that serve the queues, and which queue has no worker. Raises redis.RedisError, OSError."""
    found = []
    demo = False
    for what, queue in (("speech", STT_QUEUE), ("sentiment", ANALYZER_QUEUE)):
        workers = await live_workers(client, queue)
        models = ", ".join(sorted({worker.model for worker in workers}))
        found.append(f"{what} {models}" if models else f"no {what} worker is running: utterances wait for one")
        demo = demo or any(worker.demo for worker in workers)
    return "; ".join(found) + (" (demo models: good for trying out, not for real use)" if demo else "")


def redis_status(settings: RecorderSettings, problem: Exception) -> str:
    """Why the Redis of `settings` cannot be used, and what to do."""
    where = "the Redis of REDIS_URL" if settings.redis_url else f"Redis at {settings.redis_host}:{settings.redis_port}"
    return (
        f"{where} cannot be used ({problem or type(problem).__name__}).\n"
        "Start the system first (make run), set REDIS_HOST, REDIS_PORT and REDIS_PASSWORD to where it runs,\n"
        "or send through its web address: --url ws://localhost:8000/ws"
    )
