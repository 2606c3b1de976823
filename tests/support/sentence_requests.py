"""The worker's side of the look at pauses, where the gateway alone is tested."""

from __future__ import annotations

from typing import Any, cast

import redis

from contract.events import Ending
from contract.keys import SENTENCES
from contract.queues import RESULT_MESSAGES
from contract.speech.sentences import SentenceRequest
from harness.processes import wait_until

WAIT_SEC = 10.0


def waiting(client: redis.Redis) -> list[SentenceRequest]:
    """The questions that no worker has taken, the oldest first."""
    raw = cast(list[bytes], client.lrange(SENTENCES, 0, -1))
    return [SentenceRequest.model_validate_json(request) for request in reversed(raw)]


def take(client: redis.Redis) -> SentenceRequest:
    """The oldest question, as soon as there is one."""
    taken: Any = client.brpop([SENTENCES], WAIT_SEC)
    assert taken is not None, "nobody asked about a pause"
    return SentenceRequest.model_validate_json(taken[1])


def answer(client: redis.Redis, request: SentenceRequest, ending: Ending | None, text: str = "") -> None:
    """Answer it; the gateway must be listening."""
    event = request.answer(text, ending).model_dump_json()
    wait_until(lambda: client.publish(RESULT_MESSAGES, event) > 0, WAIT_SEC, "subscribed")
