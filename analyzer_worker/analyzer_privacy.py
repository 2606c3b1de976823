"""Keeps what was said out of the log lines and the files that Celery and kombu would write it to.

Celery logs up to 1 KB of a message that it cannot use, and of every message at debug level. When Redis is gone,
kombu writes the messages that it cannot give back to a file in the temporary folder; they are in Redis all the same
and come back by the visibility timeout.
"""

from __future__ import annotations

import logging
from typing import Any

import kombu.transport.virtual.base
from celery.worker.consumer import consumer

logger = logging.getLogger(__name__)

_PLAIN_WORDS = {
    consumer.UNKNOWN_FORMAT: "a message that is no task was discarded",
    consumer.UNKNOWN_TASK_ERROR: "a task of an unknown name was discarded",
    consumer.INVALID_TASK_ERROR: "a task that breaks Celery's protocol was discarded",
    consumer.MESSAGE_DECODE_ERROR: "a message that cannot be decoded was discarded",
    "Could not restore message: %r": "a message could not be put back into its queue",
}
_WITH_BODIES = ("celery.worker.consumer.consumer", "kombu.transport.redis")
_WITH_ARGUMENTS = ("celery.pool",)  # at debug level


class _NoBodies(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, those that quote a message in other words."""
        words = _PLAIN_WORDS.get(str(record.msg))
        if words is not None:
            record.msg, record.args, record.exc_info, record.exc_text = words, (), None, None
        return True


def keep_text_private() -> None:
    """Call this after logging is set up and before the worker starts. Calling it again does no harm."""
    for name in _WITH_BODIES:
        quoting = logging.getLogger(name)
        if not any(isinstance(present, _NoBodies) for present in quoting.filters):
            quoting.addFilter(_NoBodies())
    for name in _WITH_ARGUMENTS:
        logging.getLogger(name).setLevel(logging.INFO)
    kombu.transport.virtual.base.emergency_dump_state = _no_file  # type: ignore[attr-defined]


def _no_file(state: list[Any], *_: Any, **__: Any) -> str:
    logger.warning("%d messages stay in Redis until the visibility timeout gives them back", len(state))
    return ""
