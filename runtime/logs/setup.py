"""One log format for every service, as text or JSON: time, level, logger, and a message or an `Event` with its fields.
Control characters are escaped, so that nothing received can forge a line.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from runtime.logs.event import FIELD_MAX_CHARS, Event

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


class JsonFormatter(logging.Formatter):
    """One JSON object a line, all of it ASCII: an event's fields as they are, anything else under `message`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; a traceback is under `trace`."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        if isinstance(record.msg, Event):
            line = {**record.msg.fields, **line, "event": record.msg.event}
        else:
            line["message"] = record.getMessage()[:FIELD_MAX_CHARS]
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)[-FIELD_MAX_CHARS:]
        return json.dumps(line)


def printable(text: str) -> str:
    """`text` with every control or unprintable character written as its escape, so terminals obey none."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def set_up_logging(level: str, log_format: str = "text") -> None:
    """Send all logging to standard error at `level` (DEBUG, INFO, WARNING or ERROR), as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else OneLineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in TELLS_SECRETS_BELOW_INFO:
        logging.getLogger(name).setLevel(max(logging.INFO, root.level))
