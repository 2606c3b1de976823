"""Who speaks in made conversations, live and in files: diarization error rate, number of speakers, what it costs.

    python -m bench.speakers.measure [--reader FOLDER] [--conversations 20] [--half measuring] [--no-write]

Two, three and four people take turns of 2 to 6 s in one room at one level (bench.speakers.conversations): Debian's
telephone prompts, and the reader of LJ Speech where a folder with some of its recordings is named (`--reader`). Live
goes through the voice gate and the gateway's cuts, a file through its segments; speech is found as the speech worker
finds it. Then one person alone for ten minutes, quiet and loud, and one with another who says a few seconds of it
(bench.speakers.guests). The engine's constants were chosen with the other clips of these voices (`--half tuning`), so
voices and room are not new to it, only what is said. Last, the whole system: how long after the text it is told who
speaks (bench.speakers.delay).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.files import say, write_result
from bench.machine import Run
from bench.speakers.conversations import Conversation, conversation, monologue
from bench.speakers.delay import measure_delay, spoken_prompts
from bench.speakers.errors import Errors
from bench.speakers.guests import measure_guests
from bench.speakers.listening import Listened, listen_live, listen_to_file
from bench.speakers.people import HALVES, Take, takes
from bench.speakers.ways import Hearing
from harness.human_voices import HumanVoicesMissingError
from speaker_worker.engine.encoder.load import load_encoder

VOICES = (2, 3, 4)
NOISE_DB = (None, 15.0)
SEEDS = {"measuring": 0, "tuning": 1000}
ALONE_SEC = 600.0
ALONE_DB = (-30.0, -12.0)  # quiet is as little as opens the gate
WAYS: dict[str, Callable[[Hearing, Conversation], Listened]] = {"file": listen_to_file, "live": listen_live}


def figures(listened: list[Listened], voices: int) -> dict[str, Any]:
    """Of conversations of so many people."""
    errors = sum((one.errors for one in listened), Errors())
    took = [ms for one in listened for ms in one.took_ms]
    return errors.figures() | {
        "conversations": len(listened),
        "right_number": sum(one.speakers == voices for one in listened),
        "speakers": [one.speakers for one in listened],
        "unsure_at_first": round(float(np.mean([one.unsure for one in listened])), 4),
        "merged": sum(one.merged for one in listened),
        "p50_ms": round(float(np.median(took))),
        "p95_ms": round(float(np.percentile(took, 95))),
    }


def measure_conversations(
    hearing: Hearing, people: dict[str, list[Take]], half: str, count: int
) -> list[dict[str, Any]]:
    """A row for each number of people, noise and way."""
    rows = []
    for noise in NOISE_DB:
        for voices in VOICES:
            found: dict[str, list[Listened]] = {way: [] for way in WAYS}
            for number in range(count):
                one = conversation(people, voices, SEEDS[half] + number, noise)
                for way, listen in WAYS.items():
                    found[way].append(listen(hearing, one))
            for way, listened in found.items():
                rows.append({"voices": voices, "noise_db": noise, "way": way, **figures(listened, voices)})
                say(f"{rows[-1]}")
    return rows


def measure_alone(hearing: Hearing, people: dict[str, list[Take]], sec: float) -> list[dict[str, Any]]:
    """How many speakers one person alone is."""
    rows = []
    for voice, said in people.items():
        for level in ALONE_DB:
            one = monologue(said, sec, 1, level)
            for way, listen in WAYS.items():
                listened = listen(hearing, one)
                row = {"voice": voice, "level_db": level, "way": way, "sec": round(sec)}
                rows.append(
                    row | {"speakers": listened.speakers, "merged": listened.merged} | listened.errors.figures()
                )
                say(f"{rows[-1]}")
    return rows


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--reader", type=Path, help="a folder with LJ*.flac of LJ Speech; without it there are four people"
    )
    parser.add_argument("--conversations", type=int, default=20)
    parser.add_argument("--alone-sec", type=float, default=ALONE_SEC, help="0: leave out who is alone, or nearly")
    parser.add_argument("--prompts", type=int, default=24, help="of the whole system; 0: leave that out")
    parser.add_argument("--half", choices=sorted(HALVES), default="measuring")
    parser.add_argument("--no-write", action="store_true", help="leave bench/results as it is")
    args = parser.parse_args()
    run = Run("speakers")
    torch.set_num_threads(1)
    try:
        people = takes(args.half, args.reader)
    except HumanVoicesMissingError as missing:
        parser.error(str(missing))
    hearing = Hearing(load_encoder())
    rows = measure_conversations(hearing, people, args.half, args.conversations)
    alone = measure_alone(hearing, people, args.alone_sec) if args.alone_sec else []
    guests = measure_guests(hearing, people, args.alone_sec, WAYS, SEEDS[args.half]) if args.alone_sec else []
    delay = measure_delay(spoken_prompts(args.prompts)) if args.prompts else None
    say(f"{delay}")
    if not args.no_write and args.half == "measuring":
        head = run.head()
        if args.reader is not None:
            head["command"] = head["command"].replace(str(args.reader), "FOLDER")
        found = {"people": list(people), "rows": rows, "alone": alone, "guests": guests, "delay": delay}
        say(f"written: {write_result('speakers', head, found)}")


if __name__ == "__main__":
    main()
