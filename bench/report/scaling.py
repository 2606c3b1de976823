"""What one core of each part carries, and so what 1,000 and 100,000 speakers need: from the results, nothing else."""

from __future__ import annotations

import math
from typing import Any

from bench.files import read_result, table

TALKING = 0.5  # of the time, each speaker
UTTERANCE_SEC = 5.0
FULL = 0.6  # of what a part can carry: beyond it waiting times grow
CROWDS = (1_000, 100_000)
UTTERANCES_A_SEC = TALKING / UTTERANCE_SEC  # of one speaker
TOGETHER = 8  # utterances in one pass when several wait
WHOLE_WINDOW_SEC = 30
MESSAGE_TRIPS = 3  # through Redis: sent, taken, recorded


def scaling_table() -> str:
    """Per part: what one of it carries, and how many the crowds need."""
    cells = []
    for what, speakers, source in carries():
        cells.append([what, f"{speakers:,.0f}", *(f"{math.ceil(crowd / speakers):,}" for crowd in CROWDS), source])
    for what, each, unit, source in flows():
        cells.append([what, f"{each:.3g} {unit} each", *(f"{each * crowd:,.0f} {unit}" for crowd in CROWDS), source])
    heads = ["part", "one carries, speakers", *(f"{crowd:,} speakers need" for crowd in CROWDS), "measured by"]
    return table(heads, cells)


def carries() -> list[tuple[str, float, str]]:
    """Part, speakers that one of it carries at `FULL`, and which benchmark says so."""
    found: list[tuple[str, float, str]] = []
    gateway, engine, stub = read_result("gateway"), read_result("engine"), _busiest_stub()
    if gateway is not None:
        row = max((row for row in gateway["speaking"] if row["partials"]), key=lambda row: int(row["speakers"]))
        found.append(("gateway core", FULL * row["speakers_a_core"] / TALKING, "gateway, partials on"))
    if stub is not None:
        for name, part in (
            ("Redis (one thread)", "redis"),
            ("listener (one process)", "listener"),
            ("analyzer core, without its model", "analyzer_worker"),
            ("speech worker core, without its model", "stt_worker"),
        ):
            milliseconds = stub["cpu_ms_an_utterance"][part]
            if milliseconds > 0:
                found.append((name, FULL * 1000 / milliseconds / UTTERANCES_A_SEC, "pipeline, `stub`"))
    if engine is not None:
        for row in engine["rows"]:
            if row["ours"] and row["rows"] == 8 and row["seconds"] == UTTERANCE_SEC and row["precision"] == "int8":
                each = FULL * row["utterances_a_sec"] / engine["threads"] / UTTERANCES_A_SEC
                name = f"speech worker core, `{row['size']}`, window floor {row['floor_sec']:g} s"
                found.append((name, each, "engine, 8 at once"))
    return found


def flows() -> list[tuple[str, float, str, str]]:
    """What flows, per speaker."""
    found = [("audio into the gateways", TALKING * 0.256, "Mbit/s", "16 kHz, 16 bit")]
    gateway = read_result("gateway")
    if gateway is not None:
        bits = gateway["broker"][0]["bytes"] * 8 * MESSAGE_TRIPS * UTTERANCES_A_SEC / 1e6
        found.append(("audio through Redis", bits, "Mbit/s", "gateway, broker"))
    found.append(("results that every gateway reads", UTTERANCES_A_SEC * 2, "messages/s", "protocol"))
    return found


def _busiest_stub() -> dict[str, Any] | None:
    pipeline = read_result("pipeline")
    rows: list[dict[str, Any]] = [] if pipeline is None else pipeline["models"].get("stub", [])
    return max(rows, key=lambda row: int(row["speakers"]), default=None)


def guide_table() -> str:
    """Which model for a machine like the measured one: from the last word to the text, and how many may speak."""
    engine, pipeline = read_result("engine"), read_result("pipeline")
    if engine is None or pipeline is None:
        return "Not measured yet: `make bench`."
    stub = min(pipeline["models"].get("stub", []), key=lambda row: int(row["speakers"]), default=None)
    around = 0.0 if stub is None else float(stub["around_models_ms"]["p50"])
    ours = [row for row in engine["rows"] if row["ours"] and row["precision"] == "int8" and not row["draft"]]
    cells = []
    for row in ours:
        if row["seconds"] != UTTERANCE_SEC or row["rows"] != 1:
            continue
        together = [other for other in ours if _same(row, other) and other["rows"] == TOGETHER]
        if not together and row["floor_sec"] < WHOLE_WINDOW_SEC:
            continue
        best = together[0] if together else row
        window = "full window" if row["floor_sec"] >= WHOLE_WINDOW_SEC else f"window floor {row['floor_sec']:g} s"
        wait = (pipeline["hangover_ms"] + row["ms"] + around) / 1000
        speakers = math.floor(FULL * best["utterances_a_sec"] / UTTERANCES_A_SEC)
        cells.append([f"`{row['size']}`, {window}", f"{row['ms']:.0f}", f"{wait:.2f}", speakers])
    heads = ["model", "speech recognition, ms", "last word to text, s", "speakers"]
    return table(heads, cells)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("size", "floor_sec", "seconds"))
