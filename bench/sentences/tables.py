"""The table of utterances that end with sentences, for the console and for docs/performance.md."""

from __future__ import annotations

from typing import Any

from bench.files import table


def sentences_tables(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Delay, words, whole sentences and CPU, by way of ending and number of speakers."""
    heads = ["sentences", "speakers", "ended by", "p50, ms", "p95, ms", "in one piece", "words wrong", "CPU, ms each"]
    rows = [
        [
            row["kind"],
            row["speakers"],
            row["way"],
            row["p50_ms"],
            row["p95_ms"],
            f"{row['whole']} of {row['sentences']}",
            f"{row['wer']:.1%}",
            row["cpu_ms_a_sentence"],
        ]
        for row in result["rows"]
    ]
    return [("From the last loud moment to the text", table(heads, rows))]
