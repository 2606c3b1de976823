"""Words that settle while they are spoken: how soon, how many change later, and where long speech is cut.

    python -m bench.sentences.settled [--prompts 24] [--speakers 1] [--every 1.0] [--also FILE ...]

The whole system on OpenAI's `base`. English prompts without the quiet around them, as one speech with 0.15 s between,
and with 1 s; and whatever else is given (`--also`, anything that ffmpeg reads). `--every`: PARTIAL_EVERY_SEC. Part of
bench.sentences.measure; alone for a look at another setting.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from bench.files import say
from bench.pipeline.system import Workload, cpu_of, running
from bench.sentences.settling import Settling, conversation, running_speech
from contract.audio import SAMPLE_RATE_HZ
from harness.human_voices import Clip, HumanVoicesMissingError, WordErrors, clips, word_errors
from harness.stack import Stack

GAPS_SEC = (0.15, 1.0)


def measure_settling(stack: Stack, sounds: Sequence[Clip]) -> dict[str, Any]:
    """Of a speaker for each of `sounds`, at the same time."""
    before, cuts = cpu_of(stack), cuts_of(stack)
    heard = asyncio.run(conversation(stack.ws_url, sounds))
    after, cuts_now = cpu_of(stack), cuts_of(stack)
    found, errors = Settling(), WordErrors(0, 0)
    for one, sound in zip(heard, sounds, strict=True):
        found.add(one)
        said = " ".join(result.text for result, _ in sorted(one.results, key=lambda pair: pair[0].start_sec))
        errors += word_errors("en", sound.text, said) if sound.text else WordErrors(0, 0)
    seconds = sum(sound.sec for sound in sounds)
    workers = sum(after[name] - before[name] for name in before if name != "speakers")
    return found.figures() | {
        "partials": sum(len(one.partials) for one in heard),
        "wer": round(errors.rate, 4) if errors.words else None,
        "cuts": {reason: cuts_now[reason] - cuts[reason] for reason in cuts if cuts_now[reason] > cuts[reason]},
        "longest_sec": max(result.duration_sec for one in heard for result, _ in one.results),
        "cpu_share": round(workers / seconds, 3),
    }


def cuts_of(stack: Stack) -> dict[str, int]:
    """How many utterances ended so far, by why."""
    with urllib.request.urlopen(f"{stack.url}/metrics", timeout=10) as answer:
        page = answer.read().decode()
    return {
        sample.labels["reason"]: round(sample.value)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "wta_gateway_cuts_total"
    }


def recording(path: Path) -> Clip:
    """Any sound file."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(SAMPLE_RATE_HZ), "-f", "s16le", "-"]
    pcm = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    return Clip(path.stem, "en", "", np.frombuffer(pcm, "<i2").astype(np.int16))


def kinds_of_speech(spoken: Sequence[Clip], speakers: int, also: Sequence[Path] = ()) -> dict[str, list[Clip]]:
    """What is said, by name: `spoken` dealt to so many speakers, and each file by all of them."""
    found = {
        f"{gap_sec} s between": [running_speech(spoken[number::speakers], gap_sec) for number in range(speakers)]
        for gap_sec in GAPS_SEC
    }
    return found | {path.stem: [recording(path)] * speakers for path in also}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=24)
    parser.add_argument("--speakers", type=int, default=1)
    parser.add_argument("--every", type=float, nargs="+", default=[])
    parser.add_argument("--also", type=Path, nargs="+", default=[])
    args = parser.parse_args()
    try:
        spoken = clips("en", args.prompts)
    except HumanVoicesMissingError as missing:
        parser.error(str(missing))
    load = Workload("people", {"WHISPER_MODEL": "base", "SENTIMENT_MODEL": "auto"}, people=True)
    for every in [str(sec) for sec in args.every] or [""]:
        settings = {"PARTIAL_EVERY_SEC": every} if every else {}
        with tempfile.TemporaryDirectory() as folder, running(load, Path(folder), **settings) as stack:
            asyncio.run(conversation(stack.ws_url, [running_speech(spoken[:2], 1.0)]))  # warm
            for kind, sounds in kinds_of_speech(spoken, args.speakers, args.also).items():
                say(f"{ {'every': every, 'kind': kind, 'speakers': args.speakers} | measure_settling(stack, sounds) }")


if __name__ == "__main__":
    main()
