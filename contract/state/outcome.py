"""The one way an utterance ends, for synchronous and asyncio services."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from contract.events import OutcomeEvent
from contract.jobs import UtteranceJob
from contract.keys import (
    DEAD_LETTERS_STREAM,
    OUTCOMES_STREAM,
    analyzer_tries_key,
    done_key,
    session_key,
    session_outcomes_key,
    tries_key,
)
from contract.messages import Dropped, Error, UtteranceOutcome
from contract.queues import RESULT_CHANNEL
from contract.settings import ServiceSettings
from contract.state.dead_letters import DEAD_LETTERS_MAX, DEAD_LETTERS_TTL_SEC, dead_letter

if TYPE_CHECKING:
    import redis
    import redis.asyncio

OUTCOME_SCRIPT = Path(__file__).with_name("outcome.lua").read_text(encoding="utf-8")


def _call(job: UtteranceJob, message: UtteranceOutcome, settings: ServiceSettings) -> tuple[list[str], list[str]]:
    event = OutcomeEvent(session=job.session, start=job.start, repetition=job.repetition, message=message)
    keys = [
        done_key(job.session, job.start),
        session_key(job.session),
        session_outcomes_key(job.session),
        OUTCOMES_STREAM,
        tries_key(job.session, job.start),
        analyzer_tries_key(job.session, job.start),
        DEAD_LETTERS_STREAM,
    ]
    arguments = [
        event.model_dump_json(exclude={"seq"}),
        str(settings.session_ttl_sec),
        str(settings.session_outcomes_max),
        str(settings.outcomes_max),
        RESULT_CHANNEL,
        dead_letter(job, message),
        str(DEAD_LETTERS_MAX),
        str(DEAD_LETTERS_TTL_SEC),
    ]
    return keys, arguments


def end_utterance(client: redis.Redis, job: UtteranceJob, message: UtteranceOutcome, settings: ServiceSettings) -> int:
    """End `job` as `message`; returns its sequence number, or 0 when it had ended before.

    Raises redis.RedisError when Redis cannot be reached: the caller's task then stays unacknowledged.
    """
    keys, arguments = _call(job, message, settings)
    return int(cast(int, client.eval(OUTCOME_SCRIPT, len(keys), *keys, *arguments)))


async def end_utterance_async(
    client: redis.asyncio.Redis, job: UtteranceJob, message: UtteranceOutcome, settings: ServiceSettings
) -> int:
    """`end_utterance` for asyncio services."""
    keys, arguments = _call(job, message, settings)
    return int(await client.eval(OUTCOME_SCRIPT, len(keys), *keys, *arguments))


def dropped(job: UtteranceJob, reason: str, detail: str = "") -> Dropped:
    """The message that ends `job` as refused for `reason`."""
    return Dropped(**job.outcome_fields(), reason=reason, detail=detail)


def failed(job: UtteranceJob, code: str, message: str) -> Error:
    """The message that ends `job` as an error its user sees."""
    return Error(**job.outcome_fields(), code=code, message=message)
