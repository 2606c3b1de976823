"""The table of utterances that end with sentences, for the console and for docs/performance.md."""

from __future__ import annotations

from typing import Any

from bench.files import table


def sentences_tables(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Delay, words, whole sentences and CPU, by way of ending and number of speakers."""
    heads = [
        "sentences",
        "speakers",
        "ended by",
        "p50, ms",
        "p95, ms",
        "in one piece",
        "of one sentence",
        "words wrong",
        "CPU, ms each",
    ]
    rows = [
        [
            row["kind"],
            row["speakers"],
            row["way"],
            row["p50_ms"],
            row["p95_ms"],
            f"{row['whole']} of {row['sentences']}",
            f"{row['whole_singles']} of {row['singles']}" if "singles" in row else "",
            f"{row['wer']:.1%}",
            row["cpu_ms_a_sentence"],
        ]
        for row in result["rows"]
    ]
    tables = [("From the last loud moment to the text", table(heads, rows))]
    if result.get("settling"):
        tables.append(("Words that settle while they are spoken", settling_table(result["settling"])))
    if result.get("loud_room"):
        tables.append(("With music 10 dB below that never stops", loud_room_table(result["loud_room"])))
    return tables


def settling_table(rows: list[dict[str, Any]]) -> str:
    """How soon words are settled, how many of these change, and where long speech is cut; one speaker."""
    heads = ["prompts in a row", "words", "settled p50, s", "p90, s", "before the final", "changed later", "cut"]
    return table(
        heads,
        [
            [
                row["kind"],
                row["words"],
                row["p50_sec"],
                row["p90_sec"],
                f"{row['early']:.0%}",
                f"{row['changed']:.1%}",
                ", ".join(f"{count} {reason}" for reason, count in row["cuts"].items()),
            ]
            for row in rows
        ],
    )


def loud_room_table(found: dict[str, Any]) -> str:
    """Whether utterances end, and what music alone becomes; one speaker at a time."""
    heads = ["prompts", "ended within 1.5 s", "text then", "p50, ms", "words wrong", "music as text", "music dropped"]
    shares = [f"{found[name]} of {found['prompts']}" for name in ("ended_in_time", "in_time")]
    counts = [f"{found[name]} in {found['sec']} s" for name in ("music_shown", "music_dropped")]
    return table(heads, [[found["prompts"], *shares, found["p50_ms"], f"{found['wer']:.1%}", *counts]])
