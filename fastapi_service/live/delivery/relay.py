"""Routes results to sessions: a Redis subscriber, and the open connections."""

from __future__ import annotations

import asyncio
import logging

import redis.asyncio
from pydantic import ValidationError

from contract.events import BUS_EVENT, OutcomeEvent, SpeakerEvent, StatsEvent
from contract.ids import utterance_id
from contract.messages import Stats, reason_of
from contract.queues import FINAL_STATS, RESULT_MESSAGES
from contract.websocket import CLOSE_SERVICE_RESTART, CLOSE_TAKEN_OVER
from fastapi_service.live.closing import CloseConnection
from fastapi_service.live.connection import Connection
from fastapi_service.live.counters import GatewayMetrics
from fastapi_service.live.dispatcher import Dispatcher
from runtime.backoff import Backoff
from runtime.logs.event import Event
from runtime.redis_client import end_if_cancelled

logger = logging.getLogger(__name__)

RETRY_FIRST_SEC = 0.5
RETRY_MAX_SEC = 10.0
LINGER_MAX = 200  # unfinished utterances that wait at once: 15 s of audio each, 96 MB in all


class Hub:
    """The open connections, one per session, and the unfinished utterances of lost ones."""

    def __init__(self, linger_sec: float) -> None:
        self._connections: dict[str, Connection] = {}
        self._lingering: set[asyncio.Task[None]] = set()
        self._linger_sec = linger_sec

    def __len__(self) -> int:
        return len(self._connections)

    def add(self, connection: Connection) -> None:
        """Add `connection`; an older one of the same session is closed."""
        older = self._connections.get(connection.lease.session)
        self._connections[connection.lease.session] = connection
        if older is not None:
            older.end(CLOSE_TAKEN_OVER, "a newer connection holds this session")

    def remove(self, connection: Connection) -> None:
        """Remove `connection`."""
        if self._connections.get(connection.lease.session) is connection:
            del self._connections[connection.lease.session]

    def get(self, session: str) -> Connection | None:
        """The connection of `session`, None where this gateway has none."""
        return self._connections.get(session)

    def catch_up(self, session: str, start: int | None = None) -> None:
        """No relay delivered an outcome of `session`: have it read the stream."""
        connection = self._connections.get(session)
        if connection is not None:
            connection.catch_up(start)

    def catch_up_all(self) -> None:
        """The subscription had a gap: have every session read its stream."""
        for connection in self._connections.values():
            connection.catch_up()

    def close_all(self) -> None:
        """The service stops: close every connection with 1012, so that clients reconnect."""
        for connection in self._connections.values():
            connection.end(CLOSE_SERVICE_RESTART, "the service restarts")

    def keep_unfinished(self, connection: Connection) -> None:
        """Keep the unfinished utterance of a lost connection for `linger_sec`, then queue it as it is."""
        if len(self._lingering) < LINGER_MAX:
            task = asyncio.create_task(self._cut_later(connection))
            self._lingering.add(task)
            task.add_done_callback(self._lingering.discard)

    async def close(self) -> None:
        """Drop the unfinished utterances: their clients resume with the next process."""
        for task in self._lingering:
            task.cancel()
        await asyncio.gather(*self._lingering, return_exceptions=True)

    async def _cut_later(self, connection: Connection) -> None:
        await asyncio.sleep(self._linger_sec)
        try:
            await connection.cut_abandoned()
        except (CloseConnection, redis.RedisError) as ending:
            logger.info("session %s: unfinished utterance not queued: %s", connection.tag, ending)


class Relay:
    """Subscribes to the listener's channels and routes every message to its session."""

    def __init__(self, client: redis.asyncio.Redis, hub: Hub, dispatcher: Dispatcher, metrics: GatewayMetrics) -> None:
        self._client = client
        self._hub = hub
        self._dispatcher = dispatcher
        self._metrics = metrics
        self.subscribed = asyncio.Event()

    async def run(self) -> None:
        """Relay until cancelled; when Redis was lost, subscribe again and let every session catch up."""
        backoff = Backoff(RETRY_FIRST_SEC, RETRY_MAX_SEC)
        while True:
            try:
                async with self._client.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(RESULT_MESSAGES, FINAL_STATS)
                    end_if_cancelled()
                    self.subscribed.set()
                    self._hub.catch_up_all()
                    backoff.reset()
                    async for message in subscription.listen():
                        self._route(message)
            except (redis.RedisError, OSError) as problem:
                self.subscribed.clear()
                retry_sec = backoff.next_delay()
                logger.warning("subscription lost, again in %.1f s: %s", retry_sec, problem)
                await asyncio.sleep(retry_sec)

    def _route(self, message: dict[str, bytes]) -> None:
        try:
            if message["channel"] == FINAL_STATS.encode():
                self._route_stats(StatsEvent.model_validate_json(message["data"]))
                return
            event = BUS_EVENT.validate_json(message["data"])
        except ValidationError as problem:
            logger.warning("message skipped on %r: %d errors", message["channel"], problem.error_count())
            return
        connection = self._hub.get(event.session)
        if isinstance(event, OutcomeEvent):
            if connection is not None:
                connection.outcomes.take(event)
            self._dispatcher.finish(event.session, event.start)
            self._metrics.relayed(event)
            logger.info(_relayed_line(event, connection is not None))
        elif connection is None:
            return
        elif isinstance(event, SpeakerEvent):
            connection.speakers.take(event)
        else:
            connection.partial(event)

    def _route_stats(self, event: StatsEvent) -> None:
        connection = self._hub.get(event.session)
        if connection is not None:
            connection.outcomes.statistics(Stats(session=event.stats_session, service=event.stats_service))


def _relayed_line(event: OutcomeEvent, shown: bool) -> Event:
    """The log's line of an outcome. `shown`: its session has a connection here."""
    message = event.message
    return Event(
        "relayed",
        utterance=utterance_id(event.session, event.start),
        outcome=message.type,
        reason=reason_of(message),
        total_ms=sum(message.timings_ms.values()),
        shown=shown,
    )
