"""What telling who speaks costs those who read along: how long after the text it is told, and what the text waits.

    python -m bench.speakers.delay [--prompts 24]

The whole system on OpenAI's `base` with a speaker worker beside it; English prompts from so many sessions at once, in
real time through the gate, in turn without asking who speaks and with (ABBA, so that neither has the quieter machine).
Three times more with utterances that end at pauses, where the cuts are the same each time: without, with, and without
once more. The words must be the same, too, as far as they are without it twice.
Part of bench.speakers.measure; alone for a look.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.files import say
from bench.pipeline.system import Workload, running
from bench.sentences.speakers import Said, speak
from harness.human_voices import Clip, HumanVoicesMissingError, clips

SESSIONS = 4
ORDER = (False, True, True, False)
LONGEST_SEC = 13.0  # one utterance each


def delays_ms(said: Sequence[Said]) -> list[float]:
    """From each text to the moment at which it was told who speaks it, 0 where that came first. What is never told has
    waited for ever."""
    return [
        1000 * max(0.0, one.told.get(start, float("inf")) - came)
        for one in said
        for message, start, came in one.outcomes
        if message.type == "result"
    ]


def texts(said: list[Said]) -> list[str]:
    """What was shown of each prompt."""
    return [" ".join(result.text for result in one.results) for one in said]


def changed(before: Sequence[str], after: Sequence[str]) -> int:
    """How many words of the one are others, or missing, in the other."""
    pairs = [(old.split(), new.split()) for old, new in zip(before, after, strict=True)]
    return sum(
        max(old_end - old_start, new_end - new_start)
        for old, new in pairs
        for kind, old_start, old_end, new_start, new_end in difflib.SequenceMatcher(None, old, new, False).get_opcodes()
        if kind != "equal"
    )


def measure_delay(spoken: list[Clip]) -> dict[str, Any]:
    """The figures, with what was spoken in SESSIONS sessions."""
    load = Workload("people", {"WHISPER_MODEL": "base", "SENTIMENT_MODEL": "auto"}, people=True, voices=True)
    waits: dict[bool, list[float]] = {False: [], True: []}
    late: list[float] = []
    with tempfile.TemporaryDirectory() as folder, running(load, Path(folder)) as stack:
        for voices in ORDER:
            said = asyncio.run(speak(stack.ws_url, spoken, SESSIONS, True, voices))
            waits[voices] += [one.wait_ms for one in said if one.wait_ms is not None]
            late += delays_ms(said) if voices else []
        cut_alike = [
            texts(asyncio.run(speak(stack.ws_url, spoken, SESSIONS, False, voices))) for voices in (False, True, False)
        ]
    p50, p95 = (float(np.percentile(late, share, method="lower")) for share in (50, 95))
    without, with_voices = (float(np.median(waits[voices])) for voices in (False, True))
    return {
        "sessions": SESSIONS,
        "texts": len(late),
        "never_told": sum(one == float("inf") for one in late),
        "p50_ms": round(p50),
        "p95_ms": round(p95) if p95 < float("inf") else None,
        "text_p50_ms": round(with_voices),
        "text_p50_without_ms": round(without),
        "words": sum(len(text.split()) for text in cut_alike[0]),
        "words_changed": changed(cut_alike[0], cut_alike[1]),
        "words_changed_without": changed(cut_alike[0], cut_alike[2]),
    }


def spoken_prompts(count: int) -> list[Clip]:
    """English prompts. Raises HumanVoicesMissingError."""
    return [one for one in clips("en", count) if one.sec < LONGEST_SEC]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=24)
    args = parser.parse_args()
    try:
        spoken = spoken_prompts(args.prompts)
    except HumanVoicesMissingError as missing:
        parser.error(str(missing))
    say(f"{measure_delay(spoken)}")


if __name__ == "__main__":
    main()
