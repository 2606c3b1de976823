"""A log that other tests write into as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def no_traceback_in(log: Path) -> Iterator[None]:
    """Nothing that is written into `log` meanwhile is a traceback."""
    before = log.stat().st_size
    yield
    with log.open("rb") as lines:
        lines.seek(before)
        assert b"Traceback" not in lines.read()
