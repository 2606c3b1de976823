"""Discards a message that would end Celery's consumer.

Celery 5.7 refuses what is no task, or is in a format that it was not told to accept, but takes some formats without
asking (`application/data`) and trusts the shape of what it decodes. A body that is no sequence, or headers of other
types, end its consumer with "Unrecoverable error"; the message is requeued and ends the next worker as well.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from celery.worker.consumer import Consumer

logger = logging.getLogger(__name__)

# What Python raises for data of another shape. Trouble with Redis is none of these.
WRONG_SHAPE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


class TolerantConsumer(Consumer):  # type: ignore[misc]
    """Celery's consumer; a message that it cannot handle is rejected and not requeued."""

    def create_task_handler(self, *args: Any, **more: Any) -> Callable[[Any], Any]:
        """Celery's handler of messages, made safe."""
        handle: Callable[[Any], Any] = super().create_task_handler(*args, **more)

        def refuse_what_breaks(message: Any) -> Any:
            try:
                return handle(message)
            except WRONG_SHAPE as problem:
                # Neither the message nor the exception's text, which may quote it.
                logger.error("a message that Celery cannot use was discarded: %s", type(problem).__name__)
                if not message.acknowledged:
                    message.reject_log_error(logger, self.connection_errors)
                return None

        return refuse_what_breaks
