"""Where the benchmark keeps its results and what it makes once."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
CACHE = ROOT / ".run" / "bench"


def write_result(part: str, head: dict[str, Any], body: dict[str, Any]) -> Path:
    """Keep one part's report; returns its path."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{part}.json"
    path.write_text(json.dumps({"head": head, **body}, indent=1) + "\n", encoding="utf-8")
    return path


def read_result(part: str) -> dict[str, Any] | None:
    """One part's latest report, None while there is none."""
    path = RESULTS / f"{part}.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def cached(name: str) -> Path:
    """A path for something that is made once and kept."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return CACHE / name


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], words: int = 1) -> str:
    """A Markdown table whose columns line up; the first `words` columns are words, the rest numbers."""
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    rule = ["-" * width if column < words else "-" * (width - 1) + ":" for column, width in enumerate(widths)]

    def line(row: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if column < words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    return "\n".join([line(cells[0]), line(rule), *map(line, cells[1:])])


def say(text: str) -> None:
    """A line on the console, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
