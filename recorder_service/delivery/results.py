"""Reads one session's outcomes from Redis: by message as they come, and from the durable stream after any gap."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import redis
import redis.asyncio
from pydantic import ValidationError

from contract.events import BUS_EVENT, OutcomeEvent, PartialEvent, SpeakerEvent, StatsEvent
from contract.keys import done_key, session_outcomes_key, speaker_events_key
from contract.messages import Partial, ServerMessage, Stats
from contract.queues import FINAL_STATS, RESULT_MESSAGES
from recorder_service.client.errors import Backoff
from runtime.redis_client import end_if_cancelled

logger = logging.getLogger(__name__)

PAGE = 100
StreamEntries = list[tuple[bytes, dict[bytes, bytes]]]
Told = OutcomeEvent | SpeakerEvent | Partial | Stats
Handler = Callable[[Told], Awaitable[None]]


class ResultReader:
    """Calls `handle` with each outcome, in the order of their numbers, with partials, statistics, and who speaks.

    Pub/Sub loses messages, and the listener that publishes may be down: while `outcomes_due` names the first samples of
    utterances without outcome, the stream is read every `poll_sec` seconds as well. `handle` may see one twice.
    """

    def __init__(
        self,
        client: redis.asyncio.Redis,
        session: str,
        handle: Handler,
        outcomes_due: Callable[[], list[int]],
        poll_sec: float,
    ) -> None:
        self._client = client
        self._session = session
        self._handle = handle
        self._outcomes_due = outcomes_due
        self._poll_sec = poll_sec
        self._last_seq = 0
        self._last_rev = 0
        self._last_poll = time.monotonic()
        self._pubsub: Any = None

    async def subscribe(self) -> None:
        """Subscribe, and wait until Redis has confirmed it. Raises redis.RedisError, OSError."""
        await self._unsubscribe()
        pubsub: Any = self._client.pubsub()
        await pubsub.subscribe(RESULT_MESSAGES, FINAL_STATS)
        confirmed = 0
        while confirmed < 2:
            message = await pubsub.get_message(timeout=5.0)
            if message is None:
                await pubsub.aclose()
                raise redis.TimeoutError("Redis does not confirm the subscription")
            confirmed += message["type"] == "subscribe"
        self._pubsub = pubsub

    async def run(self) -> None:
        """Read until cancelled; lost Redis means back-off, a new subscription, and a look into the stream."""
        backoff = Backoff(0.5, 10.0)
        try:
            while True:
                try:
                    if self._pubsub is None:
                        await self.subscribe()
                        await self.catch_up()
                    message = await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=self._patience())
                    if message is not None:
                        await self._take(message)
                    if self._outcomes_due() and time.monotonic() - self._last_poll >= self._poll_sec:
                        await self.catch_up()
                    end_if_cancelled()
                    backoff.reset()
                except (redis.RedisError, OSError) as problem:
                    logger.warning("results are not read: %s", problem)
                    await self._unsubscribe()
                    await asyncio.sleep(backoff.next_delay())
        finally:
            await self._unsubscribe()

    async def catch_up(self) -> None:
        """Handle every outcome in the stream after the last one, and who speaks. Raises redis.RedisError, OSError.

        A Redis that has lost its data counts from 1 again: an outcome that exists, but not after the last number,
        is looked for from the beginning.
        """
        self._last_poll = time.monotonic()
        await self._read_stream()
        due = [done_key(self._session, start) for start in self._outcomes_due()]
        if due and await self._client.exists(*due):
            self._last_seq = 0
            await self._read_stream()
        await self._read_speakers()

    async def _read_speakers(self) -> None:
        entries: StreamEntries | None = None
        while entries is None or len(entries) == PAGE:
            key = speaker_events_key(self._session)
            entries = cast(StreamEntries, await self._client.xrange(key, f"{self._last_rev}-1", "+", count=PAGE))
            end_if_cancelled()
            for entry_id, fields in entries:
                self._last_rev = int(entry_id.partition(b"-")[0])
                try:
                    event = SpeakerEvent.model_validate_json(fields[b"event"])
                except (KeyError, ValidationError) as problem:
                    logger.warning("what was told of the speakers is not understood: %s", _kinds(problem))
                    continue
                await self._handle(event)

    async def _read_stream(self) -> None:
        entries: StreamEntries | None = None
        while entries is None or len(entries) == PAGE:
            after = f"{self._last_seq}-1"  # entries are called 1-0, 2-0, ...
            key = session_outcomes_key(self._session)
            entries = cast(StreamEntries, await self._client.xrange(key, after, "+", count=PAGE))
            for entry_id, fields in entries:
                self._last_seq = int(entry_id.partition(b"-")[0])
                try:
                    event = OutcomeEvent.model_validate_json(fields[b"event"])
                except (KeyError, ValidationError) as problem:
                    logger.warning("outcome %d is not understood: %s", self._last_seq, _kinds(problem))
                    continue
                await self._handle(event)

    def _patience(self) -> float:
        return min(1.0, max(0.01, self._last_poll + self._poll_sec - time.monotonic())) if self._outcomes_due() else 1.0

    async def _take(self, message: dict[str, Any]) -> None:
        """Handle one Pub/Sub message, if it is this session's; one that cannot be read is logged and left."""
        data: bytes = message["data"]
        if self._session.encode() not in data:
            return
        try:
            if message["channel"] == FINAL_STATS.encode():
                stats = StatsEvent.model_validate_json(data)
                if stats.session == self._session:
                    await self._handle(Stats(session=stats.stats_session, service=stats.stats_service))
                return
            event = BUS_EVENT.validate_json(data)
        except ValidationError as problem:
            logger.warning("a message on %s is not understood: %s", RESULT_MESSAGES, _kinds(problem))
            return
        if event.session != self._session:
            return
        if isinstance(event, PartialEvent):
            await self._handle(event.partial)
        elif isinstance(event, SpeakerEvent):
            await self._read_speakers()
        elif event.seq > self._last_seq + 1:
            await self.catch_up()
        else:
            self._last_seq = max(self._last_seq, event.seq)
            await self._handle(event)

    async def _unsubscribe(self) -> None:
        if self._pubsub is not None:
            try:
                await self._pubsub.aclose()
            except (redis.RedisError, OSError):
                logger.debug("the subscription was gone already")
            self._pubsub = None


def shown(event: Told) -> ServerMessage:
    """The message for the client that `event` carries."""
    return event.numbered() if isinstance(event, OutcomeEvent | SpeakerEvent) else event


def _kinds(problem: KeyError | ValidationError) -> str:
    """What is wrong with a message, without any of its text."""
    if isinstance(problem, KeyError):
        return "no event"
    return ", ".join(sorted({str(detail["type"]) for detail in problem.errors(include_input=False)}))
