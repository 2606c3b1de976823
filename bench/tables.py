"""Tables of the results, for the console and for docs/performance.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.files import table

Tables = list[tuple[str, str]]
Row = dict[str, Any]


def quality_tables(result: Row) -> Tables:
    """Word errors by setting, sentiment by precision."""
    heads = ["setting", "clips", "noise 15 dB", "joined", "text in silence", "other texts", "done again"]
    rows = [
        [
            row["setting"],
            *(f"{row[group]['wer']:.2%}" for group in ("held_out", "noise_15_db", "joined")),
            row["words_in_silence"],
            row["other_texts"],
            row["decoded_again"],
        ]
        for row in result["speech"]
    ]
    first = result["speech"][0]
    counts = ", ".join(f"{first[group]['clips']} {group}" for group in ("held_out", "noise_15_db", "joined"))
    parts = ["held_out", "held_out_negated", "broad", "of_recognised_speech"]
    judged = [
        [row["precision"], *(f"{row[part]['accuracy']:.2%} of {row[part]['texts']}" for part in parts)]
        for row in result["sentiment"]
    ]
    return [
        (f"Words wrong, by precision and window ({counts}; by default: {result['default']})", table(heads, rows)),
        ("Sentiment right, by precision", table(["precision", *(part.replace("_", " ") for part in parts)], judged)),
    ]


def sentiment_tables(result: Row) -> Tables:
    """Milliseconds a text, by its length."""
    heads = ["way", "words", "at once", "ms a text", "p95 ms of all", "times the pipeline"]
    rows = [
        [row["way"], row["words"], row["rows"], row["ms_a_text"], row["p95_ms"], f"{row['times_the_pipeline']:.1f}"]
        for row in result["rows"]
    ]
    return [(f"DistilBERT's size, {result['weights']} weights, {result['threads']} threads", table(heads, rows))]


def engine_tables(result: Row) -> Tables:
    """Milliseconds an utterance of each way, by size, and how many times as fast as the documented way."""
    tables: Tables = []
    heads = ["way", "ms", "utterances/s", "times the docs' way", "times faster-whisper", "share of peak"]
    for size in dict.fromkeys(row["size"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["size"] == size and row["seconds"] == 5]
        tables.append(
            (f"`{size}`, {result['weights'][size]} weights, 5 s", table(heads, [_engine_cells(row) for row in rows]))
        )
    lengths = sorted({row["seconds"] for row in result["rows"]})
    tables.append(("ms by length of the utterance, one at a time", _by_length(result["rows"], lengths)))
    stages = [
        [size, way, *(steps.get(step, "") for step in ("spectrogram", "encoder", "decoder"))]
        for size, ways in result["stages"].items()
        for way, steps in ways.items()
        if ", int8" in way
    ]
    tables.append(
        (
            "Where the time of ours goes, ms",
            table(["size", "way", "spectrogram", "encoder", "decoder"], stages, words=2),
        )
    )
    return tables


def _engine_cells(row: Row) -> list[object]:
    peer = row["times_faster_whisper"]
    return [
        row["way"],
        row["ms_an_utterance"],
        row["utterances_a_sec"],
        f"{row['times_the_docs']:.1f}",
        "" if peer is None else f"{peer:.1f}",
        f"{row['share_of_peak']:.0%}",
    ]


def _by_length(rows: Sequence[Row], lengths: Sequence[float]) -> str:
    alone = [row for row in rows if row["rows"] == 1 and not row["draft"]]
    found: dict[tuple[str, str], dict[float, float]] = {}
    for row in alone:
        found.setdefault((row["size"], row["way"]), {})[row["seconds"]] = row["ms"]
    cells = [
        [size, way, *(times.get(length, "") for length in lengths)]
        for (size, way), times in found.items()
        if len(times) > 1
    ]
    return table(["size", "way", *(f"{length:g} s" for length in lengths)], cells, words=2)


def pipeline_tables(result: Row) -> Tables:
    """Waits by number of speakers, by stage, and what of the machine it took."""
    tables: Tables = []
    for name, rows in result["models"].items():
        heads = [
            "speakers",
            "spoken",
            "answered",
            "refused first",
            "p50",
            "p95",
            "p99",
            "less the models p50",
            "p99",
            "words wrong",
            "queue",
        ]
        cells = [
            [
                row["speakers"],
                row["utterances"],
                row["answered"],
                row["refused_first"],
                *(_ms(row["wait_ms"].get(share)) for share in ("p50", "p95", "p99")),
                *(_ms(row["around_models_ms"].get(share)) for share in ("p50", "p99")),
                f"{row['wer']:.1%}" if "wer" in row else "",
                row["longest_queue"],
            ]
            for row in rows
        ]
        tables.append((f"`{name}`: ms from the end of the hangover to the result", table(heads, cells)))
        stages = list(dict.fromkeys(stage for row in rows for stage in row["stages_ms"]))
        cells = [
            [row["speakers"], *(_ms(row["stages_ms"].get(stage, {}).get("p50")) for stage in stages)] for row in rows
        ]
        tables.append((f"`{name}`: median of each stage, ms", table(["speakers", *stages], cells)))
        parts = list(rows[0]["cores"]) if rows else []
        cells = [[row["speakers"], *(f"{row['cores'][part]:.2f}" for part in parts)] for row in rows]
        tables.append((f"`{name}`: cores in use", table(["speakers", *parts], cells)))
        told = [[row["speakers"], words, count] for row in rows for words, count in row["refused"].items()]
        if told:
            tables.append((f"`{name}`: what speakers were told", table(["speakers", "words", "times"], told, words=2)))
    return tables


def _ms(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def gateway_tables(result: Row) -> Tables:
    """The gateway alone, and the broker."""
    heads = ["speakers", "partials", "gateway cores", "Redis cores", "speakers a core", "accepted p50 ms", "p99 ms"]
    speaking = [
        [
            row["speakers"],
            "on" if row["partials"] else "off",
            f"{row['gateway_cores']:.2f}",
            f"{row['redis_cores']:.2f}",
            row["speakers_a_core"],
            row["accepted_p50_ms"],
            row["accepted_p99_ms"],
        ]
        for row in result["speaking"]
    ]
    frames, memory, calls = result["frames"], result["memory"], result["calls"]
    single = [
        ["CPU of one frame without an utterance's end, microseconds", frames["cpu_us_a_frame"]],
        [
            "Redis calls a second for the frames of that many speakers",
            f"{frames['redis_calls_a_sec']} ({frames['speakers']})",
        ],
        ["Redis calls an utterance, partials off", calls["calls_an_utterance"]],
        ["Redis calls a second in any case", calls.get("calls_a_sec_while_silent", "")],
        ["memory of an open session, KiB", memory["kib_a_session"]],
        [
            f"the same with {memory['buffer_sec']:g} s of audio ({memory['buffer_kib']:g} KiB), KiB",
            memory["kib_a_session_with_buffer"],
        ],
        [f"cores that {memory['idle_sessions']} silent sessions take", memory["idle_cores"]],
    ]
    broker = [
        [row["way"], row["bytes"], row["cpu_ms"], row["redis_cpu_ms"], row["elapsed_ms"]] for row in result["broker"]
    ]
    return [
        (f"Speakers who never pause, utterances of {result['utterance_sec']:g} s", table(heads, speaking)),
        ("One by one", table(["measured", "figure"], single)),
        (
            "5 s of audio through the broker: sent, taken, acknowledged",
            table(["way", "bytes", "CPU ms of both ends", "CPU ms of Redis", "elapsed ms"], broker),
        ),
    ]


def gpu_tables(result: Row) -> Tables:
    """The engine on a card: milliseconds an utterance, utterances a second, share of the card's peak."""
    heads = ["size", "way", "ms a batch", "utterances/s", "times the docs' way", "share of peak"]
    cells = [
        [
            row["size"],
            row["way"],
            row["ms"],
            row["utterances_a_sec"],
            f"{row['times_the_docs']:.1f}",
            f"{row['share_of_peak']:.1%}",
        ]
        for row in result["rows"]
    ]
    return [
        (f"{result['card']}, {result['peak_tflops_fp16']} TFLOP/s at half precision, 5 s", table(heads, cells, words=2))
    ]
