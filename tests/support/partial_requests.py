"""The worker's side of partials, where the gateway alone is tested."""

from __future__ import annotations

from typing import Any, cast

import redis

from contract.keys import PARTIALS, partial_audio_key
from contract.queues import RESULT_MESSAGES
from contract.speech.partials import PartialRequest
from harness.processes import wait_until

WAIT_SEC = 10.0


def waiting(client: redis.Redis) -> list[PartialRequest]:
    """The requests that no worker has taken, the oldest first."""
    raw = cast(list[bytes], client.lrange(PARTIALS, 0, -1))
    return [PartialRequest.model_validate_json(request) for request in reversed(raw)]


def put(
    client: redis.Redis,
    session: str,
    start: int,
    pcm: bytes | None,
    begin_in_ms: int = 20_000,
    answer_in_ms: int = 600_000,
    **fields: Any,
) -> PartialRequest:
    """Put down audio (None: nothing) and a request for its partial, as the gateway does."""
    sec, us = client.time()
    now_ms = sec * 1000 + us / 1000
    request = PartialRequest(
        session=session,
        start=start,
        end=start + 8000,
        begin_by_ms=now_ms + begin_in_ms,
        answer_by_ms=now_ms + answer_in_ms,
        **fields,
    )
    if pcm is not None:
        client.set(partial_audio_key(session, start), pcm)
    client.lpush(PARTIALS, request.model_dump_json())
    return request


def take(client: redis.Redis) -> PartialRequest:
    """The oldest request, as soon as there is one."""
    taken: Any = client.brpop([PARTIALS], WAIT_SEC)
    assert taken is not None, "no partial was asked for"
    return PartialRequest.model_validate_json(taken[1])


def answer(client: redis.Redis, request: PartialRequest, text: str) -> None:
    """Answer it; the gateway must be listening."""
    wait_until(
        lambda: client.publish(RESULT_MESSAGES, request.answer(text).model_dump_json()) > 0, WAIT_SEC, "subscribed"
    )
