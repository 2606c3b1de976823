"""Human voices on official weights: words wrong and milliseconds by language, setting by setting, in one run.

    python -m bench.voices.measure [--clips 40] [--limits 120] [--no-times]

Telephone prompts by professional speakers (harness/human_voices.py; `make test` installs them) on `base`, or what
WHISPER_MODEL names, through stt_worker's own path. Every recording is heard by every way before the next one, so that a
slow moment of the machine meets all of them. `utterances` are the same clips, several in one recording as someone says
who hardly pauses. Then what the thresholds do to more clips (bench.voices.limits), and files of fifty prompts
(bench.voices.files).
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from typing import Any

import numpy as np

from bench.files import say, write_result
from bench.machine import Run
from bench.voices.files import FileWays, file_rows
from bench.voices.limits import check_row, limits_row
from bench.voices.names import PEER
from bench.voices.tables import voices_tables
from bench.voices.ways import DEFAULT, PLAIN, Heard, Way, all_ways, open_way
from contract.audio import SAMPLE_RATE_HZ
from harness.human_voices import VOICES, Clip, HumanVoicesMissingError, WordErrors, clips, word_errors
from stt_worker.engine.load import AUTO_MODEL, FoundModel, choose_model
from stt_worker.engine.threads import use_threads
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import SpeechCheck

SETTLE_SEC = 0.02  # between two measurements: threads of one engine that still spin leave the next one alone
UTTERANCE_SEC = 14.0  # UTTERANCE_MAX_SEC is 15
GAP_SEC = 0.35  # shorter than the pause that ends an utterance


def utterances(spoken: list[Clip]) -> list[Clip]:
    """The clips in their order, several in one recording of up to UTTERANCE_SEC, GAP_SEC between them."""
    packs: list[list[Clip]] = [[]]
    for one in spoken:
        if packs[-1] and sum(other.sec + GAP_SEC for other in packs[-1]) + one.sec > UTTERANCE_SEC:
            packs.append([])
        packs[-1].append(one)
    gap = np.zeros(int(GAP_SEC * SAMPLE_RATE_HZ), np.int16)
    found = []
    for pack in packs:
        samples = np.concatenate([piece for one in pack for piece in (one.samples, gap)][:-1])
        found.append(Clip(f"{len(pack)} clips", pack[0].language, " ".join(one.text for one in pack), samples))
    return [one for pack, one in zip(packs, found, strict=True) if len(pack) > 1]


def hear_all(spoken: list[Clip], ways: list[Way]) -> dict[str, list[Heard]]:
    """What every way makes of every recording, in turn."""
    found: dict[str, list[Heard]] = defaultdict(list)
    for one in spoken:
        for way in ways:
            time.sleep(SETTLE_SEC)
            found[way.label].append(way.hear(one))
    return found


def row_of(language: str, kind: str, way: str, spoken: list[Clip], heard: list[Heard], timed: bool) -> dict[str, Any]:
    """The figures of one way in one language."""
    total = WordErrors(0, 0)
    for one, result in zip(spoken, heard, strict=True):
        total += word_errors(language, one.text, result.text)
    times = [result.ms for result in heard]
    return {
        "language": language,
        "kind": kind,
        "way": way,
        "recordings": len(spoken),
        "sec": round(sum(one.sec for one in spoken), 1),
        "words": total.words,
        "errors": total.errors,
        "wer": round(total.rate, 4),
        "lost_runs": len(total.lost),
        "lost_words": sum(len(run.split()) for run in total.lost),
        "wrong_language": sum(result.language not in ("", language) for result in heard),
        "dropped": dict(Counter(result.refused for result in heard if result.refused)),
        "untranslated": sum(result.untranslated for result in heard),
        "decoded_again": sum(result.again for result in heard),
        "ms": round(float(np.mean(times)), 1) if timed else None,
        "p95_ms": round(float(np.percentile(times, 95)), 1) if timed else None,
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=40, help="of each language, for words and times")
    parser.add_argument("--limits", type=int, default=120, help="of each language, for the thresholds")
    parser.add_argument("--languages", nargs="+", choices=list(VOICES), default=list(VOICES))
    parser.add_argument("--no-times", action="store_true", help="words only: for a machine that does other things too")
    parser.add_argument("--no-files", action="store_true", help="leave the files out, and faster-whisper")
    parser.add_argument("--no-write", action="store_true", help="leave bench/results as it is")
    args = parser.parse_args()
    run = Run("voices")
    settings = SttSettings()
    if settings.whisper_model == "auto":
        settings = settings.model_copy(update={"whisper_model": AUTO_MODEL})
    choice = choose_model(settings)
    threads = use_threads(settings.stt_threads, tiny_model=False)
    check = SpeechCheck(settings)
    check.warm_up()
    bare = open_way(choice.path, check)
    ways = list(all_ways(choice, check))
    plain = ways[1]
    if args.no_times:  # it hears the same words as the first
        ways.remove(plain)
    rows: list[dict[str, Any]] = []
    limits: list[dict[str, Any]] = []
    for language in args.languages:
        try:
            spoken = clips(language, max(args.clips, args.limits))
        except HumanVoicesMissingError as missing:
            parser.error(str(missing))
        few = spoken[: args.clips]
        for kind, sounds in (("clips", few), ("utterances", utterances(few))):
            for label, heard in hear_all(sounds, ways).items():
                rows.append(row_of(language, kind, label, sounds, heard, not args.no_times))
                last = rows[-1]
                say(f"{language} {kind}, {label}: {last['wer']:.1%}, {last['ms']} ms, {last['wrong_language']} wrong")
        more = [*spoken[: args.limits], *utterances(spoken[: args.limits])]
        limits.append(limits_row(language, more, bare, plain))
        say(f"{language} limits: {limits[-1]}")
    body = {
        "files": [] if args.no_files else _files(choice, check, threads, args.languages),
        "model": choice.name,
        "threads": threads,
        "default": DEFAULT,
        "compared": ways[0].label if args.no_times else PLAIN,
        "peer": PEER,
        "rows": rows,
        "limits": limits,
        "speech_check": [check_row(language, check) for language in args.languages],
    }
    head = run.head()
    for title, text in voices_tables({"head": head, **body}):
        say(f"\n{title}\n{text}")
    if not args.no_write:
        say(f"\nwritten: {write_result('voices', head, body)}")


def _files(choice: FoundModel, check: SpeechCheck, threads: int, languages: list[str]) -> list[dict[str, Any]]:
    ways = FileWays(choice, check, threads)
    try:
        return [row for language in languages for row in file_rows(ways, language)]
    finally:
        ways.close()


if __name__ == "__main__":
    main()
