"""Keeps a worker consuming when Redis fails in the moment that a message is recorded, acknowledged or given back.

With kombu 5.7 such a failure is logged and the message still counts as being worked on. With a prefetch of one the
worker then never asks for another, while its heartbeat goes on. And when Redis is full, kombu takes a message out of
the queue, fails to record it, and the message is gone.

Here the worker lets go of a message that it could not acknowledge or give back (Redis returns it after the
visibility timeout, and work done twice ends once), and works on one that it could not record. How a message is taken
in the first place is in runtime.broker.delivery.
"""

from __future__ import annotations

import logging
from typing import Any

import redis
from celery import Celery
from kombu.transport import redis as redis_transport
from kombu.transport import virtual

from runtime.broker.delivery import LastingChannel

logger = logging.getLogger(__name__)

TROUBLE = (redis.RedisError, OSError)


class LastingQoS(redis_transport.QoS):
    """kombu's record of unacknowledged messages, without its dead end."""

    def append(self, message: Any, delivery_tag: str) -> None:
        """Record a message that was taken from the queue; keep it in hand when that fails."""
        try:
            with self.channel.conn_or_acquire() as client:
                recorded = self.channel.record_taken(client, message, delivery_tag)
            if recorded:
                virtual.QoS.append(self, message, delivery_tag)
            else:
                redis_transport.QoS.append(self, message, delivery_tag)
        except TROUBLE as problem:
            logger.warning("a message is worked on unrecorded: %s: %s", type(problem).__name__, problem)
            virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge; let go of the message when that fails."""
        try:
            redis_transport.QoS.ack(self, delivery_tag)
        except TROUBLE as problem:
            self._let_go(delivery_tag, problem)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Give back or drop; let go of the message when that fails."""
        try:
            redis_transport.QoS.reject(self, delivery_tag, requeue=requeue)
        except TROUBLE as problem:
            self._let_go(delivery_tag, problem)

    def restore_visible(self, start: int = 0, num: int = 10, interval: int = 10) -> None:
        """Called every second: look for messages that nobody works on."""
        with self.channel.conn_or_acquire() as client:
            self.channel.give_back(client)
        redis_transport.QoS.restore_visible(self, start, num, interval)

    def _let_go(self, delivery_tag: str, problem: Exception) -> None:
        logger.warning(
            "a message could not be acknowledged or given back (%s: %s); Redis returns it after the visibility timeout",
            type(problem).__name__,
            problem,
        )
        virtual.QoS.ack(self, delivery_tag)


def keep_consuming(app: Celery) -> None:
    """Make every channel that this process opens from now on a `LastingChannel` with `LastingQoS`; an answer of a full
    Redis to `app`'s consumer means reconnecting, not the end of the worker."""
    LastingChannel.QoS = LastingQoS
    redis_transport.Transport.Channel = LastingChannel
    app.conf.broker_channel_error_retry = True
