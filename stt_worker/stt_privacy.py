"""Keeps audio out of the log lines of Celery and kombu.

Celery logs up to 1 KB of a message that it cannot use, and of every message at debug level.
"""

from __future__ import annotations

import logging

from celery.worker.consumer import consumer

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
        """Keep every record, some of them with other words."""
        safe = SAFE_LINES.get(str(record.msg))
        if safe is not None:
            record.msg, record.args, record.exc_info = safe, (), None
        return True


def keep_messages_private() -> None:
    """Install the filter. Safe to call again."""
    for name in LOGGERS_WITH_BODIES:
        target = logging.getLogger(name)
        if not any(isinstance(present, WithoutBodies) for present in target.filters):
            target.addFilter(WithoutBodies())
    logging.getLogger(LOGGER_WITH_ARGUMENTS).setLevel(logging.INFO)
