"""The table of the voice gate in loud rooms, for docs/performance.md."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from bench.files import table


def gate_tables(result: dict[str, Any]) -> list[tuple[str, str]]:
    """A room a row, the gate without and with following the noise in each cell."""
    heads = [
        "room",
        "closed within 0.5 s",
        "within 1.5 s",
        "speech held back, ms a prompt",
        "open without speech",
        "openings a minute of it",
        "of these taken for speech",
    ]
    rows = []
    for room, found in groupby(result["rows"], lambda row: row["room"]):
        ways = list(found)
        cells = [
            [f"{way['closed_500']:.0%}" for way in ways],
            [f"{way['closed_1500']:.0%}" for way in ways],
            [f"{way['lost_ms']:.0f}" for way in ways],
            [f"{way['open_alone']:.0%}" for way in ways],
            [f"{way['opened_a_minute']:.1f}" for way in ways],
            [str(way["taken_for_speech"]) for way in ways],
        ]
        rows.append([room, *(" → ".join(cell) for cell in cells)])
    return [("A threshold that is fixed → one that follows the noise", table(heads, rows))]
