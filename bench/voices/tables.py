"""Tables of the human voices: all of them for docs/performance.md, a small one for README.md and README.ko.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.files import table
from bench.tables import Row, Tables

PASSED = ("log-probability", "no-speech", "no-speech and log-probability", "compression", "loop", "did not end")


@dataclass(frozen=True)
class Wording:
    """The words of the README's table in one language. `where`: what `str.format` fills in below it."""

    heads: tuple[str, ...]
    languages: dict[str, str]
    where: str


ENGLISH = Wording(
    ("language", "clips", "words wrong", "wrong language", "openai-whisper", "ms a clip", "openai-whisper, ms"),
    {"en": "English", "es": "Spanish", "fr": "French", "it": "Italian", "ru": "Russian"},
    "(`{model}`, {seconds:.1f} s a clip; {processor}, {cores} cores, {date})",
)
KOREAN = Wording(
    ("언어", "클립", "틀린 단어", "잘못 알아낸 언어", "openai-whisper", "클립당 ms", "openai-whisper, ms"),
    {"en": "영어", "es": "스페인어", "fr": "프랑스어", "it": "이탈리아어", "ru": "러시아어"},
    "(`{model}`, 클립당 {seconds:.1f}초, {processor}, {cores}코어, {date})",
)


def voices_tables(result: Row) -> Tables:
    """Words wrong, what was lost, times, thresholds, and the speech check alone."""
    model = result["model"]
    tables: Tables = []
    for kind, what in (("clips", "prompts one by one"), ("utterances", "several prompts in one utterance")):
        rows = [row for row in result["rows"] if row["kind"] == kind]
        counts = ", ".join(
            f"{language} {row['recordings']} of {row['sec'] / row['recordings']:.1f} s"
            for language, row in _of_way(rows, result["default"]).items()
        )
        tables.append((f"`{model}`, {what} ({counts}): words wrong", _by_way(rows, _wrong)))
        if rows[0]["ms"] is not None:
            tables.append((f"`{model}`, {what}: ms each", _by_way(rows, lambda row: f"{row['ms']:.0f}")))
        tables.append(
            (f"`{model}`, {what}: runs of 4 or more said words that are missing / words in them", _by_way(rows, _lost))
        )
    if result.get("files"):
        tables += _files(result)
    tables.append(("By default: what else happened", _events(result)))
    tables.append(("What the thresholds say of the first text, and what came of it", _limits(result["limits"])))
    tables.append(("Nearest to the limits in a first text", _nearest(result["limits"])))
    tables.append(("The speech check alone, all prompts", _check(result["speech_check"])))
    return tables


def voices_readme(result: Row, wording: Wording) -> str:
    """One row a language: the default beside openai-whisper, neither of them with translation; and where measured."""
    rows = [row for row in result["rows"] if row["kind"] == "clips"]
    peers = _of_way(rows, result["peer"])
    ours = _of_way(rows, result["compared"])
    timed = rows[0]["ms"] is not None
    cells = []
    for language, row in ours.items():
        peer = peers[language]
        cell = [wording.languages[language], row["recordings"], _percent(row), row["wrong_language"], _percent(peer)]
        cells.append(cell + ([f"{row['ms']:.0f}", f"{peer['ms']:.0f}"] if timed else []))
    below = wording.where.format(
        model=result["model"],
        seconds=sum(row["sec"] for row in ours.values()) / sum(row["recordings"] for row in ours.values()),
        processor=result["head"]["machine"]["processor"],
        cores=result["head"]["machine"]["cores"],
        date=result["head"]["date"][:10],
    )
    return f"{table(wording.heads if timed else wording.heads[:5], cells)}\n\n{below}"


def _of_way(rows: Sequence[Row], way: str) -> dict[str, Row]:
    return {row["language"]: row for row in rows if row["way"] == way}


def _by_way(rows: Sequence[Row], cell: Callable[[Row], str]) -> str:
    languages = list(dict.fromkeys(row["language"] for row in rows))
    ways = list(dict.fromkeys(row["way"] for row in rows))
    cells = [[way, *(cell(_of_way(rows, way)[language]) for language in languages)] for way in ways]
    return table(["way", *languages], cells)


def _wrong(row: Row) -> str:
    return f"{row['wer']:.1%}"


def _percent(row: Row) -> str:
    return f"{100 * row['wer']:.1f} %"


def _lost(row: Row) -> str:
    return f"{row['lost_runs']} / {row['lost_words']}"


def _files(result: Row) -> Tables:
    """Files: all ways beside each other, then ours at other volumes."""
    rows = result["files"]
    peers = _of_way(rows, result["peer"])
    plain = [row for row in rows if "volume" not in row["way"]]
    lengths = ", ".join(f"{language} {row['sec']:.0f} s" for language, row in peers.items())

    def speed(row: Row) -> str:
        return f"{row['took_sec']:.1f} ({peers[row['language']]['took_sec'] / row['took_sec']:.1f})"

    languages = list(peers)
    ways = list(dict.fromkeys(row["way"] for row in plain))
    cells = [
        [way, *(_wrong(_of_way(plain, way)[language]) for language in languages), _mean_wrong(plain, way)]
        for way in ways
    ]
    volumes = [row for row in rows if "volume" in row["way"]]
    cells_of_volumes = [[row["way"], _wrong(row), row["lost_words"]] for row in volumes]
    return [
        (f"Files of 50 prompts ({lengths}): words wrong", table(["way", *languages, "mean"], cells)),
        (
            "Files: longest run of 4 or more said words that are missing",
            _by_way(plain, lambda row: str(row["lost_words"])),
        ),
        ("Files: seconds (how many times faster than openai-whisper)", _by_way(plain, speed)),
        *(
            [("The English file, quieter", table(["way", "words wrong", "longest missing run"], cells_of_volumes))]
            if volumes
            else []
        ),
    ]


def _mean_wrong(rows: Sequence[Row], way: str) -> str:
    found = [row["wer"] for row in _of_way(rows, way).values()]
    return f"{sum(found) / len(found):.1%}"


def _events(result: Row) -> str:
    cells = []
    for row in result["rows"]:
        if row["way"] == result["default"]:
            dropped = ", ".join(f"{count} {reason}" for reason, count in row["dropped"].items()) or "none"
            cells.append(
                [row["language"], row["kind"], dropped]
                + [row[name] for name in ("recordings", "wrong_language", "untranslated", "decoded_again")]
            )
    return table(
        ["language", "kind", "dropped", "recordings", "wrong language", "no translation", "decoded again"],
        cells,
        words=3,
    )


def _limits(rows: Sequence[Row]) -> str:
    heads = ["language", "dropped", "recordings", *PASSED, "decoded again", "another temperature"]
    cells = []
    for row in rows:
        dropped = ", ".join(f"{count} {reason}" for reason, count in row["dropped"].items()) or "none"
        counts = [row["passed"].get(name, 0) for name in heads[3:]]
        worth = f"{row['wrong_at_first']} → {row['wrong_at_last']} of {row['words_of_those']}"
        cells.append([row["language"], dropped, row["recordings"], *counts, worth])
    return table([*heads, "words wrong in those"], cells, words=2)


def _nearest(rows: Sequence[Row]) -> str:
    heads = ["language", "compression (limit 2.4)", "log-probability (-1.0)", "no-speech (0.6)"]
    names = ("highest_compression", "lowest_log_probability", "highest_no_speech")
    return table(heads, [[row["language"], *(row[name] for name in names)] for row in rows])


def _check(rows: Sequence[Row]) -> str:
    heads = ["language", "1 to 3 words", "no speech found", "under 100 ms", "4 words or more"]
    heads += ["no speech found", "under 100 ms", "least speech kept, ms"]
    cells = []
    for row in rows:
        counts = row["counts"]
        kinds = ("", "below the threshold, ", "too little, ")
        names = [f"{kind}{length}" for length in ("short", "long") for kind in kinds]
        cells.append([row["language"], *(counts.get(name, 0) for name in names), row["least_speech_ms"]])
    return table(heads, cells)
