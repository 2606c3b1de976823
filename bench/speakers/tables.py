"""The tables of who speaks, for docs/performance.md, and the bars."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from bench.files import table

DER: Final = {"file": {2: 0.08, 3: 0.12, 4: 0.18}, "live": {2: 0.12, 3: 0.18, 4: 0.25}}
RIGHT: Final = {2: 0.9, 3: 0.8, 4: 0.7}
NOISE_MORE: Final = 0.05
LATE_MS: Final = 300
MORE_MS: Final = 20
NAMES: Final = {"file": "a file", "live": "live"}
Bar = tuple[str, str, str, bool]


def speakers_tables(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Conversations, and one person alone."""
    heads = [
        "",
        "people",
        "noise",
        "error rate",
        "missed",
        "false",
        "confused",
        "number right",
        "unsure at first",
        "two found to be one",
        "p50, ms",
        "p95, ms",
    ]
    rows = [
        [
            NAMES[row["way"]],
            row["voices"],
            "none" if row["noise_db"] is None else f"{row['noise_db']:g} dB below",
            *(f"{row[name]:.1%}" for name in ("der", "missed", "false", "confused")),
            f"{row['right_number']} of {row['conversations']}",
            "" if row["way"] == "file" else f"{row['unsure_at_first']:.0%}",
            "" if row["way"] == "file" else row["merged"],
            row["p50_ms"],
            row["p95_ms"],
        ]
        for row in sorted(result["rows"], key=lambda row: (row["way"], row["noise_db"] or 0, row["voices"]))
    ]
    tables = [("Made conversations", table(heads, rows))]
    if result["alone"]:
        tables.append(("One person alone", _alone(result["alone"])))
    if result.get("guests"):
        tables.append(("One person, and another who says little in ten minutes", _guests(result["guests"])))
    if result.get("delay"):
        tables.append(("The whole system, with the text", _delay(result["delay"])))
    return tables


def _delay(found: dict[str, Any]) -> str:
    """How long after the text, and what the text waits."""
    heads = [
        "sessions",
        "texts",
        "told after the text p50, ms",
        "p95, ms",
        "never told",
        "text p50, ms",
        "without speakers, ms",
        "words changed",
        "without speakers, twice",
    ]
    names = ("sessions", "texts", "p50_ms", "p95_ms", "never_told", "text_p50_ms", "text_p50_without_ms")
    changed = [f"{found[name]} of {found['words']}" for name in ("words_changed", "words_changed_without")]
    return table(heads, [[*(found[name] for name in names), *changed]])


def _alone(found: list[dict[str, Any]]) -> str:
    """How many speakers each is, quiet and loud, live and as a file."""
    kinds = sorted({(row["way"], row["level_db"]) for row in found})
    rows = []
    for voice, of_voice in groupby(found, lambda row: row["voice"]):
        speakers = {(row["way"], row["level_db"]): row["speakers"] for row in of_voice}
        rows.append([voice, *(speakers[kind] for kind in kinds)])
    return table(["voice", *(f"{NAMES[way]}, {level:g} dB" for way, level in kinds)], rows)


def _guests(found: list[dict[str, Any]]) -> str:
    """Whether the other one is found."""
    heads = ["", "the other says, s", "told as two people", "of what the other says, told as another's"]
    rows = [
        [NAMES[row["way"]], row["said_sec"], f"{row['two']} of {row['conversations']}", f"{row['own']:.0%}"]
        for row in sorted(found, key=lambda row: (row["way"], row["guest_sec"]))
    ]
    return table(heads, rows)


def speakers_bars(result: dict[str, Any]) -> Iterator[Bar]:
    """What is wanted, the bar, the figure, and whether it is met."""
    quiet = {(row["way"], row["voices"]): row for row in result["rows"] if row["noise_db"] is None}
    for (way, voices), row in sorted(quiet.items()):
        name, bar = f"who speaks, {NAMES[way]}, {voices} people", DER[way][voices]
        yield f"{name}: diarization error rate", f"{bar:.0%}", f"{row['der']:.1%}", row["der"] <= bar
        right = row["right_number"] / row["conversations"]
        yield f"{name}: number of people right", f"{RIGHT[voices]:.0%}", f"{right:.0%}", right >= RIGHT[voices]
    for row in result["rows"]:
        if row["noise_db"] is not None:
            more = row["der"] - quiet[row["way"], row["voices"]]["der"]
            name = f"who speaks, {NAMES[row['way']]}, {row['voices']} people: error rate more with noise, points"
            yield name, f"{100 * NOISE_MORE:.0f}", f"{100 * more:.1f}", more <= NOISE_MORE
    if result["alone"]:
        wrong = sum(row["speakers"] != 1 for row in result["alone"])
        count = len(result["alone"])
        yield "one person alone, ten minutes: one speaker", f"{count} of {count}", f"{count - wrong}", not wrong
    if delay := result.get("delay"):
        name, late = f"who speaks, {delay['sessions']} sessions", delay["p95_ms"]
        yield f"{name}: told after the text, p95, ms", f"{LATE_MS}", f"{late}", late is not None and late <= LATE_MS
        more = delay["text_p50_ms"] - delay["text_p50_without_ms"]
        yield f"{name}: what the text's p50 grows by, ms", f"{MORE_MS}", f"{more}", more <= MORE_MS
        yield f"{name}: words that change", "0", f"{delay['words_changed']}", not delay["words_changed"]
