"""Waits for outcomes and has them counted; when Redis is lost it reconnects, for ever."""

from __future__ import annotations

import logging
import threading
import time

import redis
from pydantic import ValidationError
from redis.client import PubSub

from contract.events import OutcomeEvent
from contract.queues import RESULT_CHANNEL
from listener_service.counter import OutcomeCounter
from listener_service.metrics import ListenerMetrics
from listener_service.settings import ListenerSettings
from runtime.backoff import Backoff
from runtime.worker.heartbeat import Heartbeat

logger = logging.getLogger(__name__)

SUBSCRIBE_SEC = 5.0
MESSAGES_AT_ONCE = 1_000
POLL_SEC = 1.0  # the stream is looked at this often even when no message comes
BACKOFF_FIRST_SEC, BACKOFF_MAX_SEC = 0.5, 10.0  # between two tries while Redis is lost; doubles


class Listener:
    """Pub/Sub loses messages, so a message is only the signal to read the stream, which does not."""

    def __init__(
        self,
        client: redis.Redis,
        counter: OutcomeCounter,
        heartbeat: Heartbeat,
        settings: ListenerSettings,
        stop: threading.Event,
        metrics: ListenerMetrics,
    ) -> None:
        self._client = client
        self._counter = counter
        self._heartbeat = heartbeat
        self._settings = settings
        self._stop = stop
        self._metrics = metrics
        self._backoff = Backoff(BACKOFF_FIRST_SEC, BACKOFF_MAX_SEC)
        self._signed_on = False

    def run(self) -> None:
        """Listen until `stop` is set."""
        connected = True
        while not self._stop.is_set():
            try:
                self._listen()
            except (redis.RedisError, OSError) as problem:
                connected = False
                self._metrics.redis_trouble.inc()
                delay_sec = self._backoff.next_delay()
                logger.warning("Redis: %s; again in %.1f s", problem, delay_sec)
                self._stop.wait(delay_sec)
            else:
                connected = True
        if self._signed_on and connected:
            self._heartbeat.stop()

    def _listen(self) -> None:
        """One subscription: subscribe first, then catch up, then act on messages. Raises redis.RedisError."""
        with self._client.pubsub() as subscription:
            subscription.subscribe(RESULT_CHANNEL)
            self._await_confirmation(subscription)
            self._catch_up()
            self._backoff.reset()
            logger.info("subscribed to %s, caught up", RESULT_CHANNEL)
            if not self._signed_on:
                self._signed_on = True
                self._heartbeat.start()
            while not self._stop.is_set():
                self._take_messages(subscription)
                self._catch_up()

    def _await_confirmation(self, subscription: PubSub) -> None:
        deadline = time.monotonic() + SUBSCRIBE_SEC
        while not self._stop.is_set():
            message = subscription.get_message(timeout=0.2)
            if message is not None and message["type"] == "subscribe":
                return
            if time.monotonic() > deadline:
                raise redis.ConnectionError(f"no confirmation of the subscription in {SUBSCRIBE_SEC:.0f} s")

    def _take_messages(self, subscription: PubSub) -> None:
        """Wait for a message, POLL_SEC at most, and take those that arrived with it."""
        timeout = POLL_SEC
        for _ in range(MESSAGES_AT_ONCE):
            message = subscription.get_message(timeout=timeout)
            if message is None:
                return
            timeout = 0.0
            if message["type"] == "message":
                try:
                    OutcomeEvent.model_validate_json(message["data"])
                except ValidationError as problem:
                    faults = ", ".join(one["type"] for one in problem.errors()[:3])
                    logger.error("message on %s skipped: %s", RESULT_CHANNEL, faults)

    def _catch_up(self) -> None:
        while not self._stop.is_set():
            with self._heartbeat.working():
                handled = self._counter.step()
            if not handled:
                return
