"""Utterances that wait together: all at once over all cores, or dealt to the cores. Seconds, and words wrong.

    python -m bench.engine.together [--languages en it] [--sizes 3 4 8] [--no-write]

Telephone prompts by professional speakers (harness/human_voices.py) on `base`, the language given: clips as several
people say them live, and segments of a recording of fifty prompts as file_worker cuts it. Every group is heard by both
ways before the next one, so that a slow moment of the machine meets both; which goes first alternates.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bench.files import say, table, write_result
from bench.machine import Run
from bench.tables import Row, Tables
from bench.voices.worker_path import segments
from contract.audio import FULL_SCALE
from file_worker.segments import Lengths
from harness.human_voices import VOICES, Clip, clips, word_errors
from stt_worker.engine.load import load_engine
from stt_worker.engine.protocol import Transcript, Utterance
from stt_worker.engine.threads import use_threads
from stt_worker.settings import SttSettings
from stt_worker.utterances.job import in_seconds
from stt_worker.utterances.speech_check import SpeechCheck

LIVE_SEC = 13.0  # longer ones would be two utterances
LIVE_PROMPTS, FILE_PROMPTS = 60, 50
SETTLE_SEC = 0.02  # threads that still spin leave the next way alone

Way = Callable[[Sequence[Utterance]], list[Transcript]]


def heard(groups: Sequence[Sequence[Utterance]], ways: dict[str, Way]) -> dict[str, tuple[float, list[str]]]:
    """Seconds and texts of each way."""
    seconds, texts = dict.fromkeys(ways, 0.0), {label: list[str]() for label in ways}
    for number, group in enumerate(groups):
        for label in list(ways) if number % 2 else list(reversed(ways)):
            time.sleep(SETTLE_SEC)
            began = time.perf_counter()
            found = ways[label](group)
            seconds[label] += time.perf_counter() - began
            texts[label] += [one.text for one in found]
    return {label: (seconds[label], texts[label]) for label in ways}


def spoken_live(language: str) -> tuple[list[Utterance], str]:
    """Prompts, an utterance each, and what they say."""
    found = [one for one in clips(language, LIVE_PROMPTS) if one.sec < LIVE_SEC]
    return [_utterance(one.samples, language) for one in found], " ".join(one.text for one in found)


def of_a_file(language: str, check: SpeechCheck) -> tuple[list[Utterance], str]:
    """The segments of a recording of prompts, with where somebody speaks, and what they say."""
    found: list[Clip] = clips(language, FILE_PROMPTS)
    cut = [np.frombuffer(one.pcm, "<i2") for one in segments(found, 1.0, False, Lengths())]
    return [_utterance(one, language, check) for one in cut], " ".join(one.text for one in found)


def _utterance(samples: Any, language: str, check: SpeechCheck | None = None) -> Utterance:
    audio = samples.astype(np.float32) / FULL_SCALE
    speech = () if check is None else in_seconds(check.find(audio).clear, 0)
    return Utterance(audio, language, speech=speech)


def rows_of(
    kind: str, language: str, spoken: list[Utterance], text: str, size: int, ways: dict[str, Way]
) -> Iterator[Row]:
    """One kind in groups of one size."""
    groups = [spoken[first : first + size] for first in range(0, len(spoken), size)]
    for label, (seconds, texts) in heard(groups, ways).items():
        wer = word_errors(language, text, " ".join(texts)).rate
        yield {"kind": kind, "language": language, "size": size, "way": label, "sec": round(seconds, 2), "wer": wer}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", nargs="+", choices=list(VOICES), default=["en", "it"])
    parser.add_argument("--sizes", type=int, nargs="+", default=[3, 4, 8])
    parser.add_argument("--no-write", action="store_true", help="leave bench/results as it is")
    args = parser.parse_args()
    run, settings = Run("together"), SttSettings(whisper_model="base", stt_translate=False)
    threads = use_threads(settings.stt_threads, tiny_model=False)
    engine, check = load_engine(settings), SpeechCheck(settings)
    engine.warm_up()
    check.warm_up()
    ways: dict[str, Way] = {"at once": engine.together, "dealt": lambda some: engine.side_by_side(some, threads)}
    rows: list[Row] = []
    for language in args.languages:
        for kind, (spoken, text) in {
            "live": spoken_live(language),
            "file": of_a_file(language, check),
        }.items():
            for size in args.sizes:
                rows += rows_of(kind, language, spoken, text, size, ways)
                say(f"{rows[-2]}\n{rows[-1]}")
    if not args.no_write:
        say(f"written: {write_result('together', run.head(), {'threads': threads, 'rows': rows})}")


def together_tables(result: Row) -> Tables:
    """Seconds and words wrong of both ways, by what it is and how many wait together."""
    found: dict[tuple[str, str, int], dict[str, Row]] = {}
    for row in result["rows"]:
        found.setdefault((row["kind"], row["language"], row["size"]), {})[row["way"]] = row
    cells = [
        [kind, language, size, _figure(ways["at once"]), _figure(ways["dealt"]), _ratio(ways)]
        for (kind, language, size), ways in found.items()
    ]
    heads = ["what", "language", "together", "all at once", "dealt to the cores", "times as fast"]
    return [(f"`base`, {result['threads']} cores: seconds, words wrong", table(heads, cells, words=2))]


def _figure(row: Row) -> str:
    return f"{row['sec']:.1f} s, {row['wer']:.1%}"


def _ratio(ways: dict[str, Row]) -> str:
    return f"{ways['at once']['sec'] / ways['dealt']['sec']:.2f}"


if __name__ == "__main__":
    main()
