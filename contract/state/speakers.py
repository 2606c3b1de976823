"""The one way in which a session is told of its speakers, for synchronous and asyncio services.

Whoever changes something reads the hash `speakers_key`, and writes only if nobody else did meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from contract.events import SpeakerEvent
from contract.keys import OUTCOMES_STREAM, speaker_events_key, speakers_key
from contract.messages import Speaker, Speakers, Turns
from contract.queues import RESULT_MESSAGES
from contract.settings import ServiceSettings

if TYPE_CHECKING:
    import redis
    import redis.asyncio

TELL_SCRIPT = Path(__file__).with_name("tell_speakers.lua").read_text(encoding="utf-8")
FIELDS = ("rev", "state", "speakers")


@dataclass(frozen=True)
class SessionSpeakers:
    """What is known by now. `state`: the speaker worker's own, with the voice prints; empty at first."""

    rev: int = 0
    state: bytes = b""
    speakers: tuple[Speaker, ...] = ()


def _read(values: list[Any]) -> SessionSpeakers:
    rev, state, speakers = values
    known = json.loads(speakers) if speakers else []
    return SessionSpeakers(int(rev or 0), state or b"", tuple(Speaker.model_validate(one) for one in known))


def _call(
    session: str,
    known: SessionSpeakers,
    state: bytes,
    told: Sequence[tuple[int | None, Turns | Speakers]],
    settings: ServiceSettings,
) -> tuple[list[str], list[str | bytes]]:
    events = [
        SpeakerEvent(session=session, start=start, speakers=message).model_dump_json(exclude={"rev"})
        for start, message in told
    ]
    lists = [message for _, message in told if isinstance(message, Speakers)]
    speakers = lists[-1].model_dump(mode="json")["speakers"] if lists else None
    arguments: list[str | bytes] = [
        str(known.rev),
        state,
        "" if speakers is None else json.dumps(speakers),
        str(settings.session_ttl_sec),
        str(settings.session_outcomes_max),
        str(settings.outcomes_max),
        RESULT_MESSAGES,
        *events,
    ]
    return [speakers_key(session), speaker_events_key(session), OUTCOMES_STREAM], arguments


def session_speakers(client: redis.Redis, session: str) -> SessionSpeakers:
    """What is known by now of the speakers of `session`. Raises redis.RedisError."""
    return _read(cast(list[Any], client.hmget(speakers_key(session), FIELDS)))


async def session_speakers_async(client: redis.asyncio.Redis, session: str) -> SessionSpeakers:
    """`session_speakers` for asyncio services."""
    return _read(await cast(Any, client.hmget(speakers_key(session), FIELDS)))


def tell_speakers(
    client: redis.Redis,
    session: str,
    known: SessionSpeakers,
    state: bytes,
    told: Sequence[tuple[int | None, Turns | Speakers]],
    settings: ServiceSettings,
) -> bool:
    """Write `state` and tell what is new: messages, each with the first sample of its utterance or None.

    False where something else was written since `known` was read: nothing has changed then, and the caller reads and
    decides again. Raises redis.RedisError.
    """
    keys, arguments = _call(session, known, state, told, settings)
    return bool(client.eval(TELL_SCRIPT, len(keys), *keys, *cast(list[str], arguments)))


async def tell_speakers_async(
    client: redis.asyncio.Redis,
    session: str,
    known: SessionSpeakers,
    state: bytes,
    told: Sequence[tuple[int | None, Turns | Speakers]],
    settings: ServiceSettings,
) -> bool:
    """`tell_speakers` for asyncio services."""
    keys, arguments = _call(session, known, state, told, settings)
    return bool(await client.eval(TELL_SCRIPT, len(keys), *keys, *cast(list[str], arguments)))
