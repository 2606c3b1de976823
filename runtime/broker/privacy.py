"""Keeps audio and transcripts out of logs and off the disk where Celery and kombu would put them.

Celery logs up to 1 KB of a message that it cannot use, and of every message at debug level. When Redis is gone at the
end of a worker, kombu writes the messages that it cannot requeue to a file in the temporary folder; they are in Redis
all the same and are redelivered after the visibility timeout.
"""

from __future__ import annotations

import logging
from typing import Any

from celery.worker.consumer import consumer
from kombu.transport.virtual import base as virtual_transport

logger = logging.getLogger(__name__)

SAFE_LINES = {
    consumer.UNKNOWN_FORMAT: "a message that is no task was deleted",
    consumer.UNKNOWN_TASK_ERROR: "a task of an unknown name was discarded",
    consumer.INVALID_TASK_ERROR: "a task message that breaks Celery's protocol was discarded",
    consumer.MESSAGE_DECODE_ERROR: "a message that cannot be decoded was discarded",
    "Could not restore message: %r": "a message could not be put back into its queue",
}
LOGGERS_WITH_BODIES = ("celery.worker.consumer.consumer", "kombu.transport.redis")
LOGGER_WITH_ARGUMENTS = "celery.pool"


class WithoutBodies(logging.Filter):
    """Replaces the log lines that hold a message's body."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record; those with a body get a safe text."""
        safe = SAFE_LINES.get(str(record.msg))
        if safe is not None:
            record.msg, record.args, record.exc_info = safe, (), None
        return True


def keep_messages_private() -> None:
    """Install the filter, and stop the writing of messages to files. Safe to call again."""
    for name in LOGGERS_WITH_BODIES:
        target = logging.getLogger(name)
        if not any(isinstance(present, WithoutBodies) for present in target.filters):
            target.addFilter(WithoutBodies())
    logging.getLogger(LOGGER_WITH_ARGUMENTS).setLevel(logging.INFO)
    virtual_transport.emergency_dump_state = _no_file  # type: ignore[attr-defined]


def _no_file(state: list[Any], *_: Any, **__: Any) -> str:
    logger.warning("%d messages stay in Redis until the visibility timeout gives them back", len(state))
    return ""
