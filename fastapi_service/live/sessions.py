"""Sessions in Redis: safe position, recorded end of the latest cut, outcomes."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import redis.asyncio
from pydantic import ValidationError

from contract.events import OutcomeEvent, SpeakerEvent, StatsEvent
from contract.ids import SESSION_ID_BYTES, channel_session, utterance_id
from contract.jobs import SESSION_PATTERN, now_ms
from contract.keys import (
    PLACE,
    SESSIONS_KEY,
    done_key,
    partial_audio_key,
    session_key,
    session_outcomes_key,
    shown_stats_key,
    speaker_events_key,
    speakers_key,
    stats_key,
)
from contract.queues import STT_QUEUE
from contract.speech.segmenter import Cut
from fastapi_service.settings import GatewaySettings

REPLAY_PAGE = 100
SESSION_KEYS = [
    of(PLACE)
    for of in (session_key, session_outcomes_key, stats_key, shown_stats_key, speakers_key, speaker_events_key)
]
IN_USE_MARGIN_SEC = 600.0  # an utterance may wait so long for room in the queue
StreamEntries = list[tuple[bytes, dict[bytes, bytes]]]


class TakenOverError(Exception):
    """A newer connection holds the session, or it has expired."""


class QueueFullError(Exception):
    """The speech recognition queue is at its limit."""


class SessionsFullError(Exception):
    """As many sessions as may be kept are in use."""


@dataclass(slots=True)
class OpenSession:
    """One connection's lease of a session. `epoch` tells it from other connections of the same session."""

    session: str
    epoch: int
    position: int
    seq: int
    recorded_end: int | None


def _script(name: str) -> str:
    return (Path(__file__).parent / "scripts" / name).read_text(encoding="utf-8")


class SessionStore:
    """All of the gateway's per-session state in Redis. Methods raise redis.RedisError when it cannot be reached."""

    def __init__(self, client: redis.asyncio.Redis, settings: GatewaySettings) -> None:
        self._client = client
        self._settings = settings
        self._open = client.register_script(_script("open_session.lua"))
        self._record = client.register_script(_script("record_cut.lua"))
        self._safe = client.register_script(_script("mark_safe.lua"))
        self._claim = client.register_script(_script("claim_session.lua"))
        self._leave = client.register_script(_script("leave_session.lua"))
        # An open connection sent something within idle_close_sec, so its session is never taken for unused.
        self._in_use_ms = int(1000 * (settings.idle_close_sec + IN_USE_MARGIN_SEC))

    async def open(self, session: str | None, held_from: int | None) -> OpenSession:
        """Resume `session`, or begin a new one where it is None, ill-formed or unknown.

        `held_from`: the oldest sample that the client can still send, None when it holds nothing.
        Raises SessionsFullError.
        """
        if session is not None and re.fullmatch(SESSION_PATTERN, session):
            resumed = await self._opened(session, create=False, held_from=held_from)
            if resumed is not None:
                return resumed
        bounds = [self._settings.sessions_max, int(now_ms()), 1000 * self._settings.session_ttl_sec, self._in_use_ms]
        if not await self._claim([SESSIONS_KEY], [*bounds, *SESSION_KEYS]):
            raise SessionsFullError
        created = await self._opened(secrets.token_urlsafe(SESSION_ID_BYTES), create=True, held_from=None)
        assert created is not None
        return created

    async def open_channels(self, session: str | None, held_from: int | None, count: int) -> list[OpenSession]:
        """`open` for each of so many channels, which have a session each. Where the client holds nothing, all go on at
        one position: what it sends next is new in each. Raises SessionsFullError."""
        first = await self.open(session, held_from)
        leases = [first]
        for channel in range(2, count + 1):
            name = channel_session(first.session, channel)
            lease = await self._opened(name, create=False, held_from=held_from)
            if lease is None:  # a new stream, or one whose other channels were evicted
                await self._opened(name, create=True, held_from=None)
                lease = await self._opened(name, create=False, held_from=first.position)
            assert lease is not None
            leases.append(lease)
        furthest = max(lease.position for lease in leases)
        if held_from is None:
            for number, lease in enumerate(leases):
                if lease.position < furthest:
                    leases[number] = await self._opened(lease.session, create=False, held_from=furthest) or lease
        return leases

    async def _opened(self, session: str, create: bool, held_from: int | None) -> OpenSession | None:
        position = -1 if held_from is None else held_from
        ttl = self._settings.session_ttl_sec
        keys = [session_key(session), SESSIONS_KEY]
        answer = await self._open(keys, [int(create), position, ttl, int(now_ms()), session])
        if answer is None:
            return None
        epoch, position, seq, recorded_end = map(int, answer)
        return OpenSession(session, epoch, position, seq, recorded_end if recorded_end >= 0 else None)

    async def record_cut(self, lease: OpenSession, cut: Cut, queue_limit: int) -> bool:
        """Record where `cut` ends, before its task is sent; False when the utterance has ended already.

        Raises TakenOverError, QueueFullError.
        """
        session, start = lease.session, cut.start
        keys = [session_key(session), STT_QUEUE, done_key(session, start), partial_audio_key(session, start)]
        answer = await self._record(keys, [lease.epoch, cut.start, cut.end, queue_limit])
        if answer == -1:
            raise TakenOverError
        if answer == -2:
            raise QueueFullError
        return bool(answer)

    async def mark_safe(self, lease: OpenSession, position: int) -> None:
        """Move the safe position to `position`, after the task was sent. Raises TakenOverError."""
        ttl = self._settings.session_ttl_sec
        keys = [session_key(lease.session), SESSIONS_KEY]
        if await self._safe(keys, [lease.epoch, position, ttl, int(now_ms()), lease.session]) == -1:
            raise TakenOverError

    async def leave(self, lease: OpenSession) -> None:
        """The connection is gone: a session in which nothing was said may be evicted first."""
        unused_since = int(now_ms()) - self._in_use_ms
        await self._leave([session_key(lease.session), SESSIONS_KEY], [lease.epoch, lease.session, unused_since])

    async def outcomes_after(self, session: str, seq: int) -> list[OutcomeEvent]:
        """The next outcomes of `session` after number `seq`, at most REPLAY_PAGE of them, in order."""
        key = session_outcomes_key(session)
        entries = cast(StreamEntries, await self._client.xrange(key, f"{seq}-1", "+", count=REPLAY_PAGE))
        return [OutcomeEvent.model_validate_json(fields[b"event"]) for _, fields in entries]

    async def speakers_after(self, session: str, rev: int) -> list[SpeakerEvent]:
        """What was told of the speakers of `session` after revision `rev`, at most REPLAY_PAGE of it, in order."""
        return [SpeakerEvent.model_validate_json(raw) for _, raw in await self._speaker_events(session, rev)]

    async def speakers_revision(self, session: str) -> int:
        """The revision at which the speakers of `session` are, 0 where none was told of."""
        return int(cast(bytes | None, await self._client.hget(speakers_key(session), "rev")) or 0)

    async def latest_turns(self, session: str) -> dict[str, tuple[int, bytes]]:
        """The latest turns of each utterance of `session`: revision and SpeakerEvent as it is in Redis."""
        latest: dict[str, tuple[int, bytes]] = {}
        last = 0
        while page := await self._speaker_events(session, last):
            last = page[-1][0]
            for rev, raw in page:
                start = json.loads(raw).get("start")
                if start is not None:
                    latest[utterance_id(session, start)] = (rev, raw)
        return latest

    async def _speaker_events(self, session: str, rev: int) -> list[tuple[int, bytes]]:
        """The next entries after `rev`: revision and SpeakerEvent."""
        key = speaker_events_key(session)
        entries = cast(StreamEntries, await self._client.xrange(key, f"{rev}-1", "+", count=REPLAY_PAGE))
        return [(int(entry_id.partition(b"-")[0]), fields[b"event"]) for entry_id, fields in entries]

    async def statistics(self, session: str) -> StatsEvent | None:
        """The latest statistics of `session`, None before its first outcome."""
        told = cast(bytes | None, await self._client.get(shown_stats_key(session)))
        try:
            return None if told is None else StatsEvent.model_validate_json(told)
        except ValidationError:
            return None  # of another version: the next outcome brings new ones
