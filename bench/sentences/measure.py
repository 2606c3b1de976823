"""Human sentences through the voice gate in real time, ended by pauses and by sentences: delay, words, splinters, CPU.

    python -m bench.sentences.measure [--prompts 40] [--speakers 1 2 8] [--parts sentences settling loud_room]

The whole system on OpenAI's `base` (bench.pipeline.system), English telephone prompts of a professional speaker
(harness/human_voices.py), numbers 0 to 59: the thresholds were chosen with those behind them. First each prompt as it
is; then with a pause of 0.7 s set into it where a word ends: nearest to the middle, and at the quietest place of the
middle third, which mostly is the end of a phrase. Then one person's speech without ends: words that settle
(bench.sentences.settled). Last, prompts over music that never stops (bench.sentences.loud_room). A run of all parts is
written.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.files import say, write_result
from bench.machine import Run
from bench.pipeline.system import Workload, cpu_of, running
from bench.sentences.loud_room import measure_loud_rooms
from bench.sentences.pauses import is_one_sentence, middle_place, quiet_place, with_a_pause
from bench.sentences.settled import kinds_of_speech, measure_settling
from bench.sentences.speakers import LONGEST_SEC, Said, speak
from harness.human_voices import Clip, HumanVoicesMissingError, WordErrors, clips, word_errors
from harness.stack import Stack
from stt_worker.engine.load import load_engine
from stt_worker.engine.protocol import SpeechEngine
from stt_worker.settings import SttSettings

PROMPTS_MAX = 60
PAUSE_SEC = 0.7
PARTS = ("sentences", "settling", "loud_room")
WAYS = {"pauses of 500 ms": False, "sentences": True}


def figures(said: list[Said]) -> dict[str, Any]:
    """What became of the sentences."""
    waits = [one.wait_ms for one in said if one.wait_ms is not None]
    singles = [one for one in said if is_one_sentence(one.text)]
    total = WordErrors(0, 0)
    for one in said:
        total += word_errors("en", one.text, " ".join(result.text for result in one.results))
    p50, p95 = np.percentile(waits, [50, 95]).tolist()
    return {
        "sentences": len(said),
        "answered": len(waits),
        "whole": sum(len(one.results) == 1 for one in said),
        "singles": len(singles),
        "whole_singles": sum(len(one.results) == 1 for one in singles),
        "cards": sum(len(one.results) for one in said),
        "wer": round(total.rate, 4),
        "p50_ms": round(p50),
        "p95_ms": round(p95),
    }


def measure(stack: Stack, spoken: list[Clip], speakers: int, sentences: bool) -> dict[str, Any]:
    """One way of ending, one number of speakers."""
    before = cpu_of(stack)
    said = asyncio.run(speak(stack.ws_url, spoken, speakers, sentences))
    after = cpu_of(stack)
    workers = sum(after[name] - before[name] for name in before if name != "speakers")
    return figures(said) | {"cpu_ms_a_sentence": round(1000 * workers / len(said))}


def kinds_of(spoken: list[Clip], engine: SpeechEngine) -> dict[str, list[Clip]]:
    """The prompts as they are, and with a pause inside; `engine` tells where words end."""
    places = ((one, middle_place(one, engine)) for one in spoken)
    return {
        "as they are": spoken,
        f"{PAUSE_SEC} s behind the word in the middle": [
            with_a_pause(one, at, PAUSE_SEC) for one, at in places if at is not None
        ],
        f"{PAUSE_SEC} s at the quietest place": [with_a_pause(one, quiet_place(one), PAUSE_SEC) for one in spoken],
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=40, help=f"at most {PROMPTS_MAX}")
    parser.add_argument("--speakers", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    args = parser.parse_args()
    if not 1 <= args.prompts <= PROMPTS_MAX:
        parser.error(f"--prompts is at most {PROMPTS_MAX}: with later ones the thresholds were chosen")
    try:
        spoken = clips("en", args.prompts)
    except HumanVoicesMissingError as missing:
        parser.error(str(missing))
    spoken = [one for one in spoken if one.sec < LONGEST_SEC]
    run, rows, settling = Run("sentences"), [], []
    kinds = kinds_of(spoken, load_engine(SttSettings(whisper_model="base"))) if "sentences" in args.parts else {}
    load = Workload("people", {"WHISPER_MODEL": "base", "SENTIMENT_MODEL": "auto"}, people=True)
    with tempfile.TemporaryDirectory() as folder, running(load, Path(folder)) as stack:
        asyncio.run(speak(stack.ws_url, spoken[:2], 1, True))  # warm
        for kind, sounds in kinds.items():
            for speakers in args.speakers if sounds is spoken else args.speakers[1:2] or args.speakers:
                for way, sentences in WAYS.items():
                    rows.append({"kind": kind, "speakers": speakers, "way": way})
                    rows[-1] |= measure(stack, sounds, speakers, sentences)
                    say(f"{rows[-1]}")
        for kind, sounds in kinds_of_speech(spoken, 1).items() if "settling" in args.parts else ():
            settling.append({"kind": kind} | measure_settling(stack, sounds))
            say(f"{settling[-1]}")
        loud_room = measure_loud_rooms(stack, spoken) if "loud_room" in args.parts else {}
        say(f"{loud_room}")
    if set(args.parts) == set(PARTS):
        found = {"rows": rows, "settling": settling, "loud_room": loud_room}
        say(f"written: {write_result('sentences', run.head(), found)}")


if __name__ == "__main__":
    main()
