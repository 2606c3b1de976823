"""Keeps a worker consuming when Redis fails in the moment that a message is recorded, acknowledged or given back.

kombu 5.7 logs such a failure, and goes on counting the message as being worked on. With a prefetch of one the worker
then never takes another, and its heartbeat goes on all the same. When Redis is full, kombu has taken a message from
its queue before it fails to record it, and the message is lost.

Here a message that could not be acknowledged or given back is let go: Redis gives it to a worker again after the
visibility timeout, and an utterance that is done twice ends once. One that could not be recorded is worked on.
"""

from __future__ import annotations

import logging
from typing import Any

import redis
from celery import Celery
from kombu.transport import redis as redis_transport
from kombu.transport import virtual

logger = logging.getLogger(__name__)

_TROUBLE = (redis.RedisError, OSError)


class RobustQoS(redis_transport.QoS):
    """kombu's record of the messages that are being worked on."""

    def append(self, message: Any, delivery_tag: str) -> None:
        """Record a message that was taken from the queue, at least in this process."""
        try:
            redis_transport.QoS.append(self, message, delivery_tag)
        except _TROUBLE as problem:
            logger.warning("a message is worked on that Redis has not recorded: %s", problem)
            virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge a message, or let go of it."""
        try:
            redis_transport.QoS.ack(self, delivery_tag)
        except _TROUBLE as problem:
            self._let_go(delivery_tag, problem)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Put a message back or drop it, or let go of it."""
        try:
            redis_transport.QoS.reject(self, delivery_tag, requeue=requeue)
        except _TROUBLE as problem:
            self._let_go(delivery_tag, problem)

    def _let_go(self, delivery_tag: str, problem: Exception) -> None:
        logger.warning("a message is left to the visibility timeout: %s", problem)
        virtual.QoS.ack(self, delivery_tag)


def keep_consuming(app: Celery) -> None:
    """Call this before the worker connects. For `app` a full Redis then means to connect again, not to end."""
    redis_transport.Channel.QoS = RobustQoS
    app.conf.broker_channel_error_retry = True
