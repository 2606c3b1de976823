"""result_listener.log: transcripts in a file, one line per outcome, rotated by size. Redis keeps them too,
for SESSION_TTL_SEC."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections import OrderedDict
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any

from contract.events import OutcomeEvent, SpeakerEvent
from contract.ids import session_tag
from listener_service.lines import log_line, speakers_log_line
from listener_service.metrics import ListenerMetrics
from listener_service.settings import ListenerSettings

logger = logging.getLogger(__name__)

REMEMBERED = 2_000  # lines; more than the largest batch that may have to be handled twice
TAIL_BYTES = 2_000_000


class ResultLog:
    """Writes outcomes, and who speaks them; one that is written twice, also by the next process, is one line."""

    def __init__(self, settings: ListenerSettings, metrics: ListenerMetrics | None = None) -> None:
        self._written: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._handler: _PatientHandler | None = None
        self._metrics = metrics or ListenerMetrics()
        if settings.result_log_enabled:
            path = settings.result_log.expanduser()
            for part in (path.with_name(path.name + ".1"), path):
                for key in _lines_of(part):
                    self._remember(key)
            self._handler = _PatientHandler(path, settings.result_log_max_bytes, settings.result_log_count)

    def write(self, event: OutcomeEvent) -> None:
        """Append the outcome. A file that cannot be written is warned of, once, and costs nothing else."""
        self._write((event.message.utterance, event.seq), log_line(event))

    def write_speakers(self, event: SpeakerEvent) -> None:
        """Append what was found out about who speaks."""
        self._write((f"{session_tag(event.session)} speakers", event.rev), speakers_log_line(event))

    def close(self) -> None:
        """Close the file."""
        if self._handler is not None:
            self._handler.close()

    def _write(self, key: tuple[str, int], line: str) -> None:
        if self._handler is None or key in self._written:
            return
        if self._handler.write_line(line):
            self._remember(key)
        else:
            self._metrics.log_trouble.inc()

    def _remember(self, key: tuple[str, int]) -> None:
        self._written[key] = None
        while len(self._written) > REMEMBERED:
            self._written.popitem(last=False)


class _PatientHandler(RotatingFileHandler):
    """A rotating file that only its owner may read. It survives a full disk and ends a line that was cut off by one."""

    def __init__(self, path: Path, max_bytes: int, count: int) -> None:
        super().__init__(path, maxBytes=max_bytes, backupCount=count, encoding="utf-8", delay=True)
        self._failing = False
        self._failed_now = False

    def write_line(self, line: str) -> bool:
        """Whether the line is in the file."""
        self._failed_now = False
        self.emit(logging.makeLogRecord({"msg": line}))
        if not self._failed_now and self._failing:
            self._failing = False
            logger.warning("%s is written again", self.baseFilename)
        return not self._failed_now

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Warn once until a line can be written again. The file is reopened for the next line."""
        self._failed_now = True
        if not self._failing:
            self._failing = True
            logger.warning("%s cannot be written, results are not logged: %s", self.baseFilename, sys.exc_info()[1])
        stream, self.stream = self.stream, None  # logging opens it when it is None
        if stream is not None:
            with contextlib.suppress(OSError):  # what it still holds cannot be written either
                stream.close()

    def _open(self) -> TextIOWrapper:
        opened: IO[Any] = open(  # noqa: SIM115  # logging closes it
            self.baseFilename, "a", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)
        )
        assert isinstance(opened, TextIOWrapper)
        if not _ends_a_line(Path(self.baseFilename)):
            opened.write("\n")
        return opened


def _ends_a_line(path: Path) -> bool:
    if not path.is_file():
        return True  # a device or a pipe, which is not to be read
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            return True
        file.seek(size - 1)
        return file.read(1) == b"\n"


def _lines_of(path: Path) -> list[tuple[str, int]]:
    """Utterance and number of the last lines in `path`, oldest first; lines that are not ours are passed over."""
    if not path.is_file():
        return []
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            raw = file.read(TAIL_BYTES)
    except OSError:
        return []
    keys = []
    for line in raw.split(b"\n"):
        try:
            entry = json.loads(line)
            if entry["type"] == "speakers":
                keys.append((f"{entry['session']} speakers", int(entry["rev"])))
            else:
                keys.append((str(entry["utterance"]), int(entry["seq"])))
        except (ValueError, KeyError, TypeError):
            continue
    return keys[-REMEMBERED:]
