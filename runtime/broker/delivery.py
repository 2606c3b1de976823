"""Dequeues a message so that it is in Redis at every moment.

kombu dequeues with BRPOP and records the message afterwards. A worker that dies in between loses it, and so does one
that is killed while it waits: the kernel keeps its connection open until the memory of the process is freed, and Redis
may still deliver to it. Here a message moves (BRPOPLPUSH) to the list `<queue>:taken`, from there in one script to
kombu's record of unacknowledged messages, and what stays in that list for `GIVE_BACK_SEC` is requeued.

A full Redis refuses BRPOPLPUSH, which is when messages must be dequeued most: then BRPOP is used, as kombu does.
BLMOVE would do the same, but Redis 6.0, which Azure runs, does not know it.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any, ClassVar

import redis
from kombu.transport import redis as redis_transport
from kombu.transport.virtual import Empty
from kombu.utils.json import loads

from contract.keys import taken_key

logger = logging.getLogger(__name__)

GIVE_BACK_SEC = 3.0  # far longer than recording a message takes; too early only means double work
FULL_SEC = 5.0  # after Redis was full, until BRPOPLPUSH is tried again

RECORD_SCRIPT = Path(__file__).with_name("record_taken.lua").read_text(encoding="utf-8")
GIVE_BACK_SCRIPT = Path(__file__).with_name("give_back.lua").read_text(encoding="utf-8")


class ReliableChannel(redis_transport.Channel):
    """kombu's channel, for one queue without priorities. Sending and all the rest are unchanged.

    `still_queued`: how many messages were still queued after this process last took one, None where that is not known.
    """

    still_queued: ClassVar[int | None] = None
    _full_until = 0.0
    _queue = ""  # the one that is consumed
    _acknowledging = False
    _moving = False  # whether what is under way is a BRPOPLPUSH
    _looked_sec = 0.0
    _checked: tuple[object, object] | None = None  # a body that was decoded to check it, and what came of it
    _seen: list[bytes] = []  # noqa: RUF012 - replaced, never changed

    def basic_consume(self, queue: str, no_ack: bool, *args: Any, **more: Any) -> Any:
        """kombu's; for a consumer without acknowledgement nothing changes."""
        self._acknowledging = not no_ack
        return super().basic_consume(queue, no_ack, *args, **more)  # type: ignore[no-untyped-call]

    def basic_get(self, queue: str, no_ack: bool = False, **more: Any) -> Any:
        """kombu's: one message if there is one."""
        self._acknowledging = not no_ack
        return super().basic_get(queue, no_ack, **more)  # type: ignore[no-untyped-call]

    def _get(self, queue: str, timeout: Any = None) -> Any:
        self._queue = queue
        if not self._acknowledging:
            return super()._get(queue)  # type: ignore[no-untyped-call]
        with self.conn_or_acquire() as client:
            try:
                payload = self._payload(client.rpoplpush(queue, taken_key(queue)))
            except redis.OutOfMemoryError:
                return super()._get(queue)  # type: ignore[no-untyped-call]
        if payload is None:
            raise Empty
        return payload

    def _brpop_start(self, timeout: Any = None) -> None:
        queues = list(self.active_queues)
        self._moving = self._acknowledging and len(queues) == 1 and time.monotonic() >= self._full_until
        if not self._moving:
            super()._brpop_start(timeout)  # type: ignore[no-untyped-call]
            return
        self._queue = queues[0]
        self._in_poll = self.client.connection
        self._brpop_sent_at: Any = time.monotonic()
        wait_sec = self.brpop_timeout if timeout is None else timeout
        self._in_poll.send_command("BRPOPLPUSH", self._queue, taken_key(self._queue), wait_sec or 0)

    def _brpop_read(self, **options: Any) -> Any:
        ReliableChannel.still_queued = None
        if not self._moving:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]
        try:
            try:
                message = self.client.parse_response(self.client.connection, "BRPOPLPUSH", **options)
            except self.connection_errors:
                self.client.connection.disconnect()
                raise
            except redis.OutOfMemoryError:
                logger.warning("Redis is full: messages are taken by BRPOP for %.0f s", FULL_SEC)
                self._full_until = time.monotonic() + FULL_SEC
                raise Empty from None
            payload = self._payload(message)
            if payload is None:
                raise Empty
            self.connection._deliver(payload, self._queue)
            return True
        finally:
            self._in_poll: Any = None

    def decode_body(self, body: Any, encoding: Any = None) -> Any:
        """kombu's. A body that was decoded to check the message is not decoded a second time."""
        checked, self._checked = self._checked, None
        if checked is not None and body is checked[0]:
            return checked[1]
        return super().decode_body(body, encoding)  # type: ignore[no-untyped-call]

    def _payload(self, message: bytes | None) -> Any:
        """The content of `message`, None where there is none. A malformed one is deleted: it cannot be recorded."""
        if not message:
            return None
        try:
            payload = loads(message.decode())
            properties = payload["properties"]
            if isinstance(properties["delivery_tag"], str) and isinstance(payload.get("headers"), dict):
                body = payload["body"]
                decoded = super().decode_body(body, properties.get("body_encoding"))  # type: ignore[no-untyped-call]
                self._checked = (body, decoded)
                if {"exchange", "routing_key"} <= set(properties["delivery_info"]):
                    return payload
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            pass
        logger.error("a message without a usable envelope was deleted")
        with self.conn_or_acquire() as client:
            client.lrem(taken_key(self._queue), 1, message)
        return None

    def record_taken(self, client: Any, message: Any, delivery_tag: str) -> bool:
        """Record a dequeued message as unacknowledged; False when it is not in the list of taken ones."""
        exchange, routing_key = message.delivery_info["exchange"], message.delivery_info["routing_key"]
        keys = [taken_key(self._queue), self.unacked_key, self.unacked_index_key, self._queue]
        arguments = [delivery_tag, time.time(), exchange, routing_key]
        recorded = int(client.eval(RECORD_SCRIPT, len(keys), *keys, *arguments))
        if recorded and self.active_queues:
            ReliableChannel.still_queued = recorded - 1
        return recorded > 0

    def give_back(self, client: Any) -> None:
        """Requeue messages that have been in the list of taken ones for `GIVE_BACK_SEC`. To be called every second."""
        now = time.monotonic()
        if now - self._looked_sec < GIVE_BACK_SEC:
            return
        self._looked_sec = now
        for queue in self.active_queues:
            keys = [taken_key(queue), queue]
            if self._seen or client.llen(keys[0]):
                self._seen = list(client.eval(GIVE_BACK_SCRIPT, len(keys), *keys, *self._seen))
