"""The folder in which uploaded files wait: its limits, and the clean-up of orphans."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from pathlib import Path

from fastapi_service.upload.errors import RETRY_SEC, UploadRefusedError, unavailable

logger = logging.getLogger(__name__)

INCOMING = "incoming-"
OURS = re.compile(r"[0-9a-f]{64}|incoming-[0-9a-f]{32}")
ORPHAN_SEC = 60.0  # a file gets its lasting name after its entry in Redis, so a new one is never an orphan
ABANDONED_SEC = 600.0  # a file that is still being written changes more often
SPARE_BYTES = 64 * 1024 * 1024  # left free on the disk


class UploadStore:
    """Bounded storage on disk. File names are generated; a client's are never used."""

    def __init__(self, folder: Path, storage_bytes: int, reading_max: int) -> None:
        self._folder = folder
        self._storage_bytes = storage_bytes
        self._reading_max = reading_max
        self._reserved: dict[Path, int] = {}

    @contextmanager
    def incoming(self, largest_bytes: int) -> Iterator[Path]:
        """A path for a file of at most so many bytes; what is still there at the end is deleted.

        Raises UploadRefusedError when there is no room.
        """
        if len(self._reserved) >= self._reading_max:
            raise UploadRefusedError(429, "uploads_full", "Too many files are being uploaded.", retry_sec=RETRY_SEC)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._folder).free
            stored = sum(size for path, size in self._sizes() if path not in self._reserved)
        except OSError as problem:
            logger.error("UPLOAD_DIR cannot be used: %s", problem)
            raise unavailable("Files cannot be stored.") from None
        wanted = sum(self._reserved.values()) + largest_bytes
        if stored + wanted > self._storage_bytes or wanted + SPARE_BYTES > free:
            raise unavailable("The storage for files is full.")
        path = self._folder / f"{INCOMING}{secrets.token_hex(16)}"
        self._reserved[path] = largest_bytes
        try:
            yield path
        finally:
            del self._reserved[path]
            path.unlink(missing_ok=True)

    def keep(self, incoming: Path, path: Path) -> None:
        """Give a complete file its lasting name."""
        incoming.replace(path)

    def sweep(self, wanted: Set[Path]) -> None:
        """Delete files that are neither `wanted` nor recent."""
        now = time.time()
        with suppress(FileNotFoundError):
            for path, _ in self._sizes():
                if path in wanted or path in self._reserved or not OURS.fullmatch(path.name):
                    continue
                with suppress(FileNotFoundError):
                    age_sec = now - path.stat().st_mtime
                    if age_sec > (ABANDONED_SEC if path.name.startswith(INCOMING) else ORPHAN_SEC):
                        path.unlink()
                        logger.warning("a file that nobody waits for was deleted")

    def _sizes(self) -> list[tuple[Path, int]]:
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if entry.is_file(follow_symlinks=False):
                        found.append((Path(entry.path), entry.stat(follow_symlinks=False).st_size))
        return found
