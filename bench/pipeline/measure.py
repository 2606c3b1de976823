"""The whole system under real-time speakers: from the end of speech to the result, also when they are too many.

    python -m bench.pipeline.measure [--models demo base stub people] [--speakers 1 2 4 5 10 20 50]

Real gateway, Redis, workers and listener as processes, the project's own client as speakers, beside them on the same
machine. `demo`: the demo models. `base`: a speech model of base's size with random weights that says 20 tokens.
`stub`: models that answer at once, so that what is left is the path around them. `people`: OpenAI's own `base` and
human voices (harness/human_voices.py; `make test` installs them), for a minute; `people, two workers`: with two speech
workers on the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import redis

from bench.engine.models import SIZES, checkpoint
from bench.files import say, write_result
from bench.machine import Run
from bench.pipeline.speakers import (
    HANGOVER_SEC,
    Said,
    Sentence,
    Speaker,
    human_sentences,
    refusals,
    sentences,
    speak,
)
from bench.pipeline.system import PEOPLE, RANDOM_WEIGHTS, TWO_WORKERS, Workload, cpu_of, running, waiting
from bench.tables import pipeline_tables
from contract.messages import Result
from harness.human_voices import WordErrors, word_errors
from harness.stack import Stack

SPEAKERS = [1, 2, 4, 5, 10, 20, 50]
STUB_SPEAKERS = [1, 10, 50]
MODELS = ["demo", "base", "stub", PEOPLE, TWO_WORKERS]
SPEAKERS_OF = {"stub": STUB_SPEAKERS, PEOPLE: [1, 8, 12], TWO_WORKERS: [8]}
PEOPLE_SEC = 60.0
SECONDS = {1: 24.0, 2: 16.0}  # few speakers say little; the others speak for OTHER_SEC
OTHER_SEC = 12.0
MODEL_STAGES = ("speech_check", "speech", "sentiment")
LOOK_SEC = 0.25
PERCENTILES = (50, 95, 99)


def workload(name: str) -> Workload:
    """What runs under this name."""
    if name == "demo":
        return Workload(name, {"WHISPER_MODEL": "demo"})
    if name in (PEOPLE, TWO_WORKERS):
        models = {"WHISPER_MODEL": "base", "SENTIMENT_MODEL": "auto"}
        return Workload(name, models, people=True, speech_workers=1 + (name == TWO_WORKERS))
    if name == "stub":
        return Workload(name, {"WHISPER_MODEL": "dummy", "SENTIMENT_MODEL": "dummy"}, words=False)
    settings = {"WHISPER_MODEL": str(checkpoint(SIZES[name])), **RANDOM_WEIGHTS}
    return Workload(name, settings, words=False)


class QueueWatch:
    """Looks at the length of the speech queue now and then, in a thread of its own."""

    def __init__(self, port: int) -> None:
        self._client = redis.Redis(port=port)
        self.longest = 0

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look until the end of the context."""
        stop = threading.Event()

        def look() -> None:
            while not stop.wait(LOOK_SEC):
                self.longest = max(self.longest, waiting(self._client))

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self._client.close()


def measure(stack: Stack, load: Workload, count: int, spoken: Iterator[Sentence]) -> dict[str, Any]:
    """One number of speakers."""
    seconds = PEOPLE_SEC if load.people else SECONDS.get(count, OTHER_SEC)
    watch, before, began = QueueWatch(stack.redis_port), cpu_of(stack), time.monotonic()
    with watch.looking():
        speakers = asyncio.run(speak(stack.ws_url, count, seconds, spoken))
    took, after = time.monotonic() - began, cpu_of(stack)
    return figures(speakers, load, seconds, took) | {
        "speakers": count,
        "longest_queue": watch.longest,
        "cores": {name: round((after[name] - before[name]) / took, 3) for name in before},
        "cpu_ms_an_utterance": {
            name: round(1000 * (after[name] - before[name]) / max(1, sum(len(one.said) for one in speakers)), 1)
            for name in before
        },
    }


def figures(speakers: Sequence[Speaker], load: Workload, seconds: float, took: float) -> dict[str, Any]:
    """What the speakers met."""
    said = [one for speaker in speakers for one in speaker.said]
    shown = [one for one in said if one.shown is not None]
    at_once = [one for one in shown if not one.refused]
    waits = [_wait_ms(one) for one in at_once]
    around = [wait - _models_ms(one) for wait, one in zip(waits, at_once, strict=True)]
    found: dict[str, Any] = {
        "seconds": seconds,
        "drained_after_sec": round(took - seconds, 1),
        "utterances": len(said),
        "answered": len(shown),
        "refused_first": len(shown) - len(at_once),
        "complete": sum(speaker.complete for speaker in speakers),
        "outcomes": dict(Counter(one.outcome.type for one in shown if one.outcome is not None)),
        "refused": refusals(speakers),
        "unsafe_sec_at_most": round(max((speaker.most_unsafe_sec for speaker in speakers), default=0.0), 1),
        "wait_ms": _percentiles(waits),
        "wait_with_refused_ms": _percentiles([_wait_ms(one) for one in shown]),
        "around_models_ms": _percentiles(around),
        "stages_ms": _stages(at_once),
    }
    return found | (_human_words(said) if load.people else _words(said) if load.words else {})


def _wait_ms(said: Said) -> float:
    return 1000 * (said.shown - said.ended) if said.shown is not None else math.inf


def _models_ms(said: Said) -> float:
    return sum(said.outcome.timings_ms.get(stage, 0.0) for stage in MODEL_STAGES) if said.outcome is not None else 0.0


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    return {f"p{share}": round(float(np.percentile(values, share)), 1) for share in PERCENTILES}


def _stages(shown: Sequence[Said]) -> dict[str, dict[str, float]]:
    """Percentiles of every stage; `to_page` is the rest: the relay's last hop and the client."""
    timings = [one.outcome.timings_ms for one in shown if isinstance(one.outcome, Result)]
    names = list(dict.fromkeys(name for one in timings for name in one))
    found = {name: _percentiles([one[name] for one in timings if name in one]) for name in names}
    rest = [_wait_ms(one) - sum(one.outcome.timings_ms.values()) for one in shown if isinstance(one.outcome, Result)]
    return found | {"to_page": _percentiles(rest)}


def _words(said: Sequence[Said]) -> dict[str, float]:
    """Words said and words wrong, of what has an outcome; what was dropped counts as not heard."""
    from demo_models.evaluate import WordErrorRate

    rate = WordErrorRate()
    for one in said:
        if one.outcome is not None:
            rate.add(one.text, " ".join(one.heard))
    return {"words": rate.words, "wrong_words": rate.errors, "wer": round(rate.errors / max(1, rate.words), 4)}


def _human_words(said: Sequence[Said]) -> dict[str, float]:
    """The same for people, compared as Whisper's own figures are, and the runs of words that are missing."""
    total = WordErrors(0, 0)
    for one in said:
        if one.outcome is not None:
            total += word_errors("en", one.text, " ".join(one.heard))
    figures = {"words": total.words, "wrong_words": total.errors, "wer": round(total.rate, 4)}
    return figures | {"lost_runs": len(total.lost)}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=[*MODELS, "tiny", "small"])
    parser.add_argument("--speakers", nargs="+", type=int)
    parser.add_argument("--no-write", action="store_true", help="leave bench/results as it is")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the services")
    args = parser.parse_args()
    run = Run("pipeline")
    settings = dict(one.split("=", 1) for one in args.set)
    models: dict[str, list[dict[str, Any]]] = {}
    for name in args.models or MODELS:
        load = workload(name)
        models[name], spoken = [], human_sentences() if load.people else sentences()
        with tempfile.TemporaryDirectory() as folder, running(load, Path(folder), **settings) as stack:
            for count in args.speakers or SPEAKERS_OF.get(name, SPEAKERS):
                row = measure(stack, load, count, spoken)
                models[name].append(row)
                say(f"{name}, {count} speakers: {row['wait_ms']} ms after the hangover, {row['answered']} answers")
    body = {"hangover_ms": 1000 * HANGOVER_SEC, "settings": settings, "models": models}
    head = run.head()
    for title, text in pipeline_tables({"head": head, **body}):
        say(f"\n{title}\n{text}")
    if not args.no_write:
        say(f"\nwritten: {write_result('pipeline', head, body)}")


if __name__ == "__main__":
    main()
