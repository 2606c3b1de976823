"""What a partial costs by the length of what has been said: milliseconds, median, on `base` as a worker does it.

    python -m bench.sentences.partial_cost [--seconds 3 6 9 12 15] [--rounds 5]

English prompts as running speech. Each partial has the draft of the one before, a second earlier, as in a worker; one
thread, as there. `no draft`: without it. `draft left`: with it, up to where the text parts from it and no further.
`with its end`: the times of the words are told, too, for the place where a sentence ends. `whole`, `heard on`: all that
a worker does for a partial each second, the former without a pause from which a long utterance is heard on.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from dataclasses import replace
from itertools import pairwise
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray

from bench.files import say, table
from bench.sentences.settling import running_speech
from contract.audio import BYTES_PER_SAMPLE, FULL_SCALE, SAMPLE_RATE_HZ
from contract.partials import PartialRequest
from harness.human_voices import clips
from runtime.redis_client import worker_redis
from stt_worker.engine.decoder import draft as draft_of_text
from stt_worker.engine.load import load_engine
from stt_worker.engine.protocol import Utterance
from stt_worker.partials.model_lock import PriorityModelLock
from stt_worker.partials.worker import PartialWorker
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import SpeechCheck

EARLIER_SEC = 1.0
MOST_SEC = 60.0


def as_pcm(audio: NDArray[np.float32]) -> bytes:
    """Samples -1 to 1 as s16le bytes."""
    return (audio * FULL_SCALE).astype("<i2").tobytes()


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
    of_worker: dict[str, dict[float, list[float]]] = {}
    for name, heard_on in (("whole", False), ("heard on", True)):
        of_worker[name] = {seconds: [] for seconds in args.seconds}
        for number in range(args.rounds):
            turns = PriorityModelLock()
            worker = PartialWorker(settings, worker_redis(settings), turns, check, engine, lambda: None)
            worker.long_samples = worker.long_samples if heard_on else math.inf
            for seconds in np.arange(EARLIER_SEC, max(args.seconds) + EARLIER_SEC, EARLIER_SEC).tolist():
                first = int(number * 2.5 * SAMPLE_RATE_HZ)
                pcm = as_pcm(speech[first : first + int(seconds * SAMPLE_RATE_HZ)])
                request = PartialRequest(session="s" * 32, start=0, end=len(pcm) // BYTES_PER_SAMPLE, language="en")
                with worker.hold(MOST_SEC):
                    began = time.perf_counter()
                    worker.hear(pcm, request)
                    took_ms = 1000 * (time.perf_counter() - began)
                if seconds in of_worker[name]:
                    of_worker[name][seconds].append(took_ms)
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
        for name, by_length in of_worker.items():
            times[name] = by_length[seconds]
        rows.append([f"{seconds:g}", *(round(statistics.median(took)) for took in times.values())])
    names = ("speech check", "no draft", "draft left", "partial", "with its end", *of_worker)
    say(table(["seconds", *(f"{name}, ms" for name in names)], rows))


if __name__ == "__main__":
    main()
