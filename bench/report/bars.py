"""What the project wants to reach, and whether the latest results do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from bench.files import read_result, table
from bench.pipeline.system import PEOPLE, TWO_WORKERS
from bench.speakers.tables import speakers_bars
from bench.voices.names import BATCHED, BEAM_FOUND, FOUND, OURS, PEER, PEER_FOUND, TRANSLATED
from harness.human_voices import LOST_RUN_WORDS

AFTER_HANGOVER_MS = {1: 300, 2: 350, 4: 500}  # demo models: speakers, and the median wait
PEOPLE_AFTER_HANGOVER_MS = {1: 170, 12: 310}  # official base on two cores: speakers, and the median wait
HANGOVER_MS = 500.0
ENGINE_TIMES = {1.0: 8.0, 10.0: 3.5, 30.0: 2.0}  # window's floor in seconds, and times the docs' way (base, 5 s)
WORDS_WRONG = 0.05
HALF_A_POINT = 0.005
A_POINT = 0.01
SENTIMENT_MS = 10.0
Bar = tuple[str, str, str, bool]


def bars() -> list[Bar]:
    """What is wanted, the bar, the figure, and whether it is met; only of what has been measured."""
    return [*_engine(), *_sentiment(), *_quality(), *_files(), *_pipeline(), *_gateway(), *_speakers()]


def bars_table() -> str:
    """The bars as a table."""
    return table(
        ["wanted", "bar", "measured", ""],
        [[what, bar, figure, "met" if met else "**missed**"] for what, bar, figure, met in bars()],
    )


def _speakers() -> Iterator[Bar]:
    result = read_result("speakers")
    return iter(()) if result is None else speakers_bars(result)


def _engine() -> Iterator[Bar]:
    result = read_result("engine")
    if result is None:
        return
    ours = [
        row
        for row in result["rows"]
        if row["ours"] and row["precision"] == "int8" and row["rows"] == 1 and not row["draft"]
    ]
    for floor, wanted in ENGINE_TIMES.items():
        for row in ours:
            if row["size"] == "base" and row["seconds"] == 5 and row["floor_sec"] == floor:
                window = "full window" if floor >= 30 else f"window floor {floor:g} s"
                times = row["times_the_docs"]
                yield (
                    f"engine, `base`, 5 s, {window}: times the docs' way",
                    f"{wanted:g}",
                    f"{times:.1f}",
                    times >= wanted,
                )
    compared = [row for row in ours if row["times_faster_whisper"] is not None and row["floor_sec"] >= 30]
    if compared:
        worst = min(compared, key=lambda row: float(row["times_faster_whisper"]))
        where = f"{worst['size']}, {worst['seconds']:g} s"
        name = f"engine, full window: times faster-whisper int8, the worst of sizes and lengths ({where})"
        yield name, "1", f"{worst['times_faster_whisper']:.2f}", worst["times_faster_whisper"] >= 1


def _sentiment() -> Iterator[Bar]:
    result = read_result("sentiment")
    if result is None:
        return
    words = result["usual_words"]
    for row in result["rows"]:
        if (row["way"], row["words"], row["rows"]) == ("ours, int8", words, 1):
            name = f"sentiment at DistilBERT's size, a sentence of {words} words, ms"
            yield name, f"{SENTIMENT_MS:g}", f"{row['ms_a_text']:.1f}", row["ms_a_text"] <= SENTIMENT_MS


def _quality() -> Iterator[Bar]:
    result = read_result("quality")
    if result is None:
        return
    rows = {row["setting"]: row for row in result["speech"]}
    lost = rows[result["default"]]["held_out"]["wer"] - rows[result["reference"]]["held_out"]["wer"]
    yield "words lost by the default setting, points", "0.5", f"{100 * lost:.2f}", lost <= HALF_A_POINT
    int8 = rows["int8, floor 10 s, margin 2 s"]["held_out"]["wer"] - rows[result["reference"]]["held_out"]["wer"]
    yield "the same for int8, the default of larger models", "0.5", f"{100 * int8:.2f}", int8 <= HALF_A_POINT
    right = {row["precision"]: row["held_out"]["accuracy"] for row in result["sentiment"]}
    felt = right["fp32"] - right["int8"]
    yield "sentiment lost by int8, points", "0.5", f"{100 * felt:.2f}", felt <= HALF_A_POINT


def _files() -> Iterator[Bar]:
    """Files of human speech: each finds the language as it does by default; seconds with the language told."""
    rows = (read_result("voices") or {}).get("files", [])
    ways: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        ways[row["way"]][row["language"]] = row
    if FOUND not in ways:
        return
    ours, peer, beam = (
        {lang: row["wer"] for lang, row in ways[way].items()} for way in (FOUND, PEER_FOUND, BEAM_FOUND)
    )
    for language, wrong in ours.items():
        name = f"file, {language}, language found: words wrong, openai-whisper's own"
        yield name, f"{peer[language]:.1%}", f"{wrong:.1%}", wrong <= peer[language]
    mean, of_peer, of_beam = (sum(one.values()) / len(one) for one in (ours, peer, beam))
    name = "files, mean: words wrong, a point better than openai-whisper"
    yield name, f"{of_peer - A_POINT:.1%}", f"{mean:.1%}", mean <= of_peer - A_POINT
    name = "files, mean: words wrong, faster-whisper's beam of 5"
    yield name, f"{of_beam:.1%}", f"{mean:.1%}", mean <= of_beam
    longest = max(row["lost_words"] for row in rows if row["way"].startswith(OURS) and row["language"] == "en")
    yield "English file, ten volumes: longest run of words missing", "3", str(longest), longest < LOST_RUN_WORDS
    for way, against, bar in ((OURS, PEER, 3.0), (OURS, BATCHED, 1.5), (TRANSLATED, PEER, 1.0)):
        times = {lang: ways[against][lang]["took_sec"] / row["took_sec"] for lang, row in ways[way].items()}
        worst = min(times, key=lambda language: times[language])
        yield f"files, {way}: times {against} ({worst})", f"{bar:g}", f"{times[worst]:.2f}", times[worst] >= bar


def _pipeline() -> Iterator[Bar]:
    result = read_result("pipeline")
    if result is None:
        return
    for row in result["models"].get("demo", []):
        wanted = AFTER_HANGOVER_MS.get(row["speakers"])
        if wanted is not None:
            middle = row["wait_ms"]["p50"]
            yield (
                f"demo models, {row['speakers']} speakers: ms after the hangover, median",
                str(wanted),
                f"{middle:.0f}",
                middle <= wanted,
            )
    spoken = sum(row.get("words", 0) for row in result["models"].get("demo", []))
    if spoken:
        wrong = sum(row["wrong_words"] for row in result["models"]["demo"]) / spoken
        yield "demo models: words wrong, all loads together", f"{WORDS_WRONG:.0%}", f"{wrong:.1%}", wrong <= WORDS_WRONG
    for row in result["models"].get("stub", []):
        if row["speakers"] == 50:
            for share, wanted in (("p50", 10), ("p99", 40)):
                figure = row["around_models_ms"][share]
                yield (
                    f"path around the models, 50 speakers: {share}, ms",
                    str(wanted),
                    f"{figure:.1f}",
                    figure <= wanted,
                )
    yield from _people(result["models"])


def _people(models: dict[str, list[dict[str, Any]]]) -> Iterator[Bar]:
    """Human voices on official weights; a second worker on the same cores must not slow the slowest down."""
    one = {row["speakers"]: row for row in models.get(PEOPLE, [])}
    for speakers, wanted in PEOPLE_AFTER_HANGOVER_MS.items():
        if speakers in one:
            middle = one[speakers]["wait_ms"]["p50"]
            name = f"people, {speakers} speakers: ms after the hangover, median"
            yield name, str(wanted), f"{middle:.0f}", middle <= wanted
    lost = sum(row["lost_runs"] for row in one.values())
    if one:
        yield "people: runs of words missing", "0", str(lost), lost == 0
    for row in models.get(TWO_WORKERS, []):
        if row["speakers"] in one:
            times = (HANGOVER_MS + row["wait_ms"]["p95"]) / (HANGOVER_MS + one[row["speakers"]]["wait_ms"]["p95"])
            name = f"people, {row['speakers']} speakers, two workers: times one worker's 95th percentile"
            yield name, "1.1", f"{times:.2f}", times <= 1.1


def _gateway() -> Iterator[Bar]:
    result: dict[str, Any] | None = read_result("gateway")
    if result is None:
        return
    for row in result["speaking"]:
        if row["speakers"] == 500:
            name = f"live speakers on one core, partials {'on' if row['partials'] else 'off'}"
            yield name, "500", str(row["speakers_a_core"]), row["speakers_a_core"] >= 500
    calls = result["calls"]["calls_an_utterance"]
    yield "Redis calls an utterance", "3", f"{calls:g}", calls <= 3.05  # a share of what is asked in any case
    memory = result["memory"]
    each = memory["kib_a_session_with_buffer"] - memory["buffer_kib"]
    yield "memory of a session beside its buffer, KiB", "100", f"{each:.0f}", each <= 100
