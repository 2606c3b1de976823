"""What a partial costs by the length of what has been said: milliseconds, median, on `base` as a worker does it.

    python -m bench.sentences.partial_cost [--seconds 3 6 9 12 15] [--rounds 5]

English prompts as running speech. Each partial goes on from the one before, a second earlier, as in a worker; one
thread, as there. `with its end`: the times of the words are told, too, for the place where a sentence ends.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace

import numpy as np
import torch

from bench.files import say, table
from bench.sentences.settling import running_speech
from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from harness.human_voices import clips
from stt_worker.engine.load import load_engine
from stt_worker.engine.protocol import Draft, Utterance
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import SpeechCheck

EARLIER_SEC = 1.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, nargs="+", default=[3, 6, 9, 12, 15])
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    settings = SttSettings(whisper_model="base")
    engine, check = load_engine(settings), SpeechCheck(settings)
    torch.set_num_threads(1)
    engine.warm_up()
    speech = running_speech(clips("en", 12), 0.15).samples.astype(np.float32) / FULL_SCALE
    rows = []
    for seconds in args.seconds:
        times: dict[str, list[float]] = {"check": [], "partial": [], "end": []}
        for number in range(args.rounds):
            first = int(number * 2.5 * SAMPLE_RATE_HZ)
            audio = speech[first : first + int(seconds * SAMPLE_RATE_HZ)]
            earlier = audio[: -int(EARLIER_SEC * SAMPLE_RATE_HZ)]
            left = engine.partial(Utterance(earlier, "en"), lambda: None)
            before = Draft(left.tokens, left.encoded)
            said = Utterance(audio, "en")
            began = time.perf_counter()
            check.find(audio)
            checked = time.perf_counter()
            engine.partial(said, lambda: None, before)
            heard = time.perf_counter()
            engine.partial(replace(said, word_times=True), lambda: None, before)
            timed = time.perf_counter()
            for name, took in zip(times, (checked - began, heard - checked, timed - heard), strict=True):
                times[name].append(1000 * took)
        rows.append([f"{seconds:g}", *(round(statistics.median(took)) for took in times.values())])
    say(table(["seconds", "speech check, ms", "partial, ms", "with its end, ms"], rows))


if __name__ == "__main__":
    main()
