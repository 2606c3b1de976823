"""One log format for every service: time, level, service, event. Control characters are escaped."""

from __future__ import annotations

import logging
import sys

# At DEBUG these write frames, headers or commands: session ids and transcripts.
TELLS_SECRETS_BELOW_INFO = ("uvicorn", "uvicorn.error", "websockets", "kombu", "celery", "amqp", "redis")


class OneLineFormatter(logging.Formatter):
    """Keeps each record's message on one line, so that nothing received can forge a second one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text; a traceback takes further lines, indented, so that none looks like a record."""
        message = printable(record.getMessage())
        line = f"{self.formatTime(record)} {record.levelname:<7} {record.name}: {message}"
        if not record.exc_info:
            return line
        return "\n    ".join([line, *(printable(part) for part in self.formatException(record.exc_info).split("\n"))])


def printable(text: str) -> str:
    """`text` with every control or unprintable character written as its escape, so terminals obey none."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def set_up_logging(level: str) -> None:
    """Send all logging to standard error at `level` (DEBUG, INFO, WARNING or ERROR)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in TELLS_SECRETS_BELOW_INFO:
        logging.getLogger(name).setLevel(max(logging.INFO, root.level))
