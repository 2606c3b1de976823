"""What it costs to bring 5 s of audio through the broker: as it is done, as JSON, and in ways that were not taken."""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import redis
from celery import Celery

from bench.files import say
from bench.pipeline.system import cpu_sec
from contract.jobs import UtteranceJob
from contract.queues import STT_QUEUE, TRANSCRIBE_TASK
from contract.settings import ServiceSettings
from harness.processes import free_port, start_redis
from harness.speech import demo_clips
from runtime.broker.app import make_celery

SECONDS = 5.0
ROUND_TRIPS = 60
WARM = 5


def broker_rows() -> list[dict[str, Any]]:
    """Each way: bytes in the queue, CPU ms of sender and taker, of Redis, and elapsed ms of one utterance's way."""
    pcm = _speech()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with start_redis(port, Path(folder)) as server:
            assert server.process is not None
            settings = ServiceSettings(redis_host="127.0.0.1", redis_port=port)
            job = UtteranceJob(session=secrets.token_urlsafe(24), start=0, end=len(pcm) // 2).model_dump(mode="json")
            client = redis.Redis(port=port)
            ways: list[tuple[str, Callable[[], int]]] = [
                ("msgpack, as it is sent", _celery_way(settings, client, "msgpack", pcm, job)),
                ("JSON, base64 in base64", _celery_way(settings, client, "json", pcm, job)),
                ("msgpack, compressed by zlib", _celery_way(settings, client, "msgpack", pcm, job, "zlib")),
                ("audio under a key of its own", _key_way(settings, client, pcm, job)),
                ("bytes in a list, without kombu", _raw_way(client, pcm, job)),
            ]
            rows = [_measured(name, way, server.process.pid) for name, way in ways]
            client.close()
    return rows


def _measured(name: str, way: Callable[[], int], redis_pid: int) -> dict[str, Any]:
    size = 0
    for _ in range(WARM):
        size = way()
    own, server, began = time.process_time(), cpu_sec(redis_pid), time.perf_counter()
    for _ in range(ROUND_TRIPS):
        way()
    took = time.perf_counter() - began
    return {
        "way": name,
        "bytes": size,
        "cpu_ms": round(1000 * (time.process_time() - own) / ROUND_TRIPS, 2),
        "redis_cpu_ms": round(1000 * (cpu_sec(redis_pid) - server) / ROUND_TRIPS, 2),
        "elapsed_ms": round(1000 * took / ROUND_TRIPS, 2),
    }


def _app(settings: ServiceSettings, serializer: str) -> Celery:
    app = make_celery(f"bench-{serializer}", settings, STT_QUEUE)
    app.conf.update(task_serializer=serializer, accept_content=[serializer])
    return app


def _celery_way(
    settings: ServiceSettings,
    client: redis.Redis,
    serializer: str,
    pcm: bytes,
    job: dict[str, Any],
    compression: str | None = None,
) -> Callable[[], int]:
    """`send_task`, then taken, decoded and acknowledged through kombu."""
    app = _app(settings, serializer)
    channel = app.connection_for_read().channel()

    def run() -> int:
        app.send_task(
            TRANSCRIBE_TASK,
            args=[pcm, job],
            queue=STT_QUEUE,
            argsrepr="",
            kwargsrepr="",
            ignore_result=True,
            compression=compression,
        )
        size = _size(client)
        message = channel.basic_get(STT_QUEUE)
        message.accept = {f"application/{'x-msgpack' if serializer == 'msgpack' else 'json'}"}
        (audio, _), _, _ = message.decode()
        if audio != pcm:
            raise ValueError("the audio came out as something else")
        message.ack()
        return size

    return run


def _key_way(settings: ServiceSettings, client: redis.Redis, pcm: bytes, job: dict[str, Any]) -> Callable[[], int]:
    """The audio under a key with a time to live, its name in the task."""
    small = _celery_way(settings, client, "msgpack", b"", job)

    def run() -> int:
        client.set("bench:audio", pcm, ex=60)
        size = small()
        if client.getdel("bench:audio") != pcm:
            raise ValueError("the audio came out as something else")
        return size + len(pcm)

    return run


def _raw_way(client: redis.Redis, pcm: bytes, job: dict[str, Any]) -> Callable[[], int]:
    """A list of msgpack messages with a second list of what is being worked on: the least there is."""

    def run() -> int:
        body = msgpack.packb([pcm, job])
        client.lpush("bench:queue", body)
        taken = client.lmove("bench:queue", "bench:taken")
        assert isinstance(taken, bytes)
        audio, _ = msgpack.unpackb(taken)
        if audio != pcm:
            raise ValueError("the audio came out as something else")
        client.rpop("bench:taken")
        return len(body)

    return run


def _size(client: redis.Redis) -> int:
    """Bytes of the message that waits."""
    waiting = client.eval("return #redis.call('LINDEX', KEYS[1], 0)", 1, STT_QUEUE)
    return int(waiting)


def _speech() -> bytes:
    """The demo clips one after the other, cut to SECONDS."""
    return b"".join(clip.pcm for clip in demo_clips())[: int(SECONDS * 32_000)]


if __name__ == "__main__":
    for row in broker_rows():
        say(json.dumps(row))
