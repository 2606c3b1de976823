"""Files of weights on this disk: whole or not there, and fetched by one process at a time."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)


def is_whole(path: Path, sha256: str) -> bool:
    """Whether the file is there and has that SHA-256. One that has another is told to the log."""
    if not path.is_file():
        return False
    if digest(path) == sha256:
        return True
    logger.warning("%s is not whole, or not the official file", path)
    return False


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """A lock across processes: of several workers that start together one downloads, the others then find the file.
    Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:  # a folder that can only be read: nothing will be written there
        yield
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
