"""Keeps a worker consuming when Redis fails while a message is recorded, acknowledged or requeued.

With kombu 5.7 such a failure is logged and the message still counts as unacknowledged. With a prefetch of one the
worker then never asks for another, while its heartbeat goes on. And when Redis is full, kombu dequeues a message,
fails to record it, and the message is gone.

Here the worker drops a message that it could not acknowledge or requeue (it is redelivered after the visibility
timeout, and an utterance ends once), and works on one that it could not record. How a message is dequeued is in
runtime.broker.delivery.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery
from kombu.transport import redis as redis_transport
from kombu.transport import virtual

from runtime.broker.delivery import ReliableChannel
from runtime.redis_retry import REDIS_ERRORS

logger = logging.getLogger(__name__)


class ReliableQoS(redis_transport.QoS):
    """kombu's record of unacknowledged messages, which survives a failing Redis."""

    def append(self, message: Any, delivery_tag: str) -> None:
        """Record a dequeued message; work on it unrecorded when that fails."""
        try:
            with self.channel.conn_or_acquire() as client:
                recorded = self.channel.record_taken(client, message, delivery_tag)
            if recorded:
                virtual.QoS.append(self, message, delivery_tag)
            else:
                redis_transport.QoS.append(self, message, delivery_tag)
        except REDIS_ERRORS as problem:
            logger.warning("a message is worked on unrecorded: %s: %s", type(problem).__name__, problem)
            virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge; when that fails the message is redelivered."""
        try:
            redis_transport.QoS.ack(self, delivery_tag)
        except REDIS_ERRORS as problem:
            self._let_go(delivery_tag, problem)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Requeue or discard; when that fails the message is redelivered."""
        try:
            redis_transport.QoS.reject(self, delivery_tag, requeue=requeue)
        except REDIS_ERRORS as problem:
            self._let_go(delivery_tag, problem)

    def restore_visible(self, start: int = 0, num: int = 10, interval: int = 10) -> None:
        """Called every second: requeue messages of workers that are gone."""
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


def install_recovery(app: Celery) -> None:
    """Make every channel that this process opens from now on a `ReliableChannel` with `ReliableQoS`.

    An answer of a full Redis to `app`'s consumer means reconnecting, not the end of the worker.
    """
    ReliableChannel.QoS = ReliableQoS
    redis_transport.Transport.Channel = ReliableChannel
    app.conf.broker_channel_error_retry = True
