"""What a partial costs by the length of what has been said: milliseconds, median, on `base` as a worker does it.

    python -m bench.sentences.partial_cost [--seconds 3 6 9 12 15] [--rounds 5]

English prompts as running speech. Each partial has the draft of the one before, a second earlier, as in a worker; one
thread, as there. `no draft`: without it. `draft left`: with it, up to where the text parts from it and no further.
`with its end`: the times of the words are told, too, for the place where a sentence ends.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from itertools import pairwise
from unittest.mock import patch

import numpy as np
import torch

from bench.files import say, table
from bench.sentences.settling import running_speech
from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from harness.human_voices import clips
from stt_worker.engine.decoder import draft as draft_of_text
from stt_worker.engine.load import load_engine
from stt_worker.engine.protocol import Utterance
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
        times: dict[str, list[float]] = {"check": [], "no draft": [], "draft left": [], "partial": [], "end": []}
        for number in range(args.rounds):
            first = int(number * 2.5 * SAMPLE_RATE_HZ)
            audio = speech[first : first + int(seconds * SAMPLE_RATE_HZ)]
            earlier = audio[: -int(EARLIER_SEC * SAMPLE_RATE_HZ)]
            draft = engine.partial(Utterance(earlier, "en"), lambda: None).tokens
            said = Utterance(audio, "en")
            began = time.perf_counter()
            check.find(audio)
            checked = time.perf_counter()
            engine.partial(said, lambda: None)
            undrafted = time.perf_counter()
            with patch.object(draft_of_text, "NEAR", 0):
                engine.partial(said, lambda: None, draft)
            left = time.perf_counter()
            engine.partial(said, lambda: None, draft)
            heard = time.perf_counter()
            engine.partial(replace(said, word_times=True), lambda: None, draft)
            moments = [began, checked, undrafted, left, heard, time.perf_counter()]
            for took, (before, after) in zip(times.values(), pairwise(moments), strict=True):
                took.append(1000 * (after - before))
        rows.append([f"{seconds:g}", *(round(statistics.median(took)) for took in times.values())])
    names = ("speech check", "no draft", "draft left", "partial", "with its end")
    say(table(["seconds", *(f"{name}, ms" for name in names)], rows))


if __name__ == "__main__":
    main()
