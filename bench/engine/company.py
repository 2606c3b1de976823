"""The speech worker beside other programs: how many times slower it gets, alone being 1.

    python -m bench.engine.company [--segments 10] [--rounds 3] [--ways "default,one thread"]

Segments of a file of English prompts go through stt_worker's own path on `base`, in a process of its own, alone and
beside: a loop in Python on each core; a training of a small network with torch on all cores, whose threads wait
actively; a second speech worker that does the same. A fair share is a half, so twice as slow is what can be had; beside
a second worker, which is done at the same time, both together do what one did alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.files import ROOT, say, table, write_result
from bench.machine import Run
from bench.tables import Row, Tables

WAYS: dict[str, dict[str, str]] = {  # what each has in its environment
    "default": {},
    "as OpenMP waits": {"GOMP_SPINCOUNT": "300000", "STT_THREADS": str(os.cpu_count())},
    "one thread": {"STT_THREADS": "1"},
}
LOOP = "while True: pass"
TRAINING = """
import torch
torch.set_num_threads(int(__import__("sys").argv[1]))
net = torch.nn.Sequential(torch.nn.Linear(384, 1536), torch.nn.GELU(), torch.nn.Linear(1536, 384))
optimizer = torch.optim.AdamW(net.parameters())
while True:
    optimizer.zero_grad()
    (net(torch.randn(64, 384)) ** 2).mean().backward()
    optimizer.step()
"""
COMPANY = ("alone", "a loop on one core", "a loop on each core", "a training on all cores", "a second worker")
SETTLE_SEC = 2.0  # what others did before is forgotten after one (runtime.worker.core_share)


class Worker:
    """Another process of this file, that hears its segments whenever it is asked."""

    def __init__(self, environment: dict[str, str], segments: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.engine.company", "--hear", str(segments)],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._line()

    def begin(self) -> None:
        """Let it hear its segments once."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def seconds(self) -> float:
        """How long that took."""
        return float(self._line())

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process that hears has ended")
        return line


@contextmanager
def company(kind: str, cores: int) -> Iterator[None]:
    """Other programs of one of COMPANY while in it."""
    code, count, more = {
        "a loop on one core": (LOOP, 1, []),
        "a loop on each core": (LOOP, cores, []),
        "a training on all cores": (TRAINING, 1, [str(cores)]),
    }.get(kind, ("", 0, []))
    others = [subprocess.Popen([sys.executable, "-c", code, *more]) for _ in range(count)]
    try:
        if others:
            time.sleep(3.0)  # torch starts
        yield
    finally:
        for one in others:
            one.kill()
            one.wait()


def hear(count: int) -> None:
    """What a Worker does."""
    from runtime.worker.core_share import CoreShare, wait_briefly

    wait_briefly()
    import torch

    from bench.voices.worker_path import SESSION, segments
    from contract.jobs import UtteranceJob
    from file_worker.segments import Lengths
    from harness.human_voices import clips
    from stt_worker.engine.load import load_engine
    from stt_worker.engine.threads import use_threads
    from stt_worker.settings import SttSettings
    from stt_worker.utterances.draft_cache import DraftCache
    from stt_worker.utterances.recognition import Recognition, Recording
    from stt_worker.utterances.speech_check import SpeechCheck

    settings = SttSettings(whisper_model="base")
    check = SpeechCheck(settings)
    engine = load_engine(settings)
    share = CoreShare(use_threads(settings.stt_threads, False), torch.set_num_threads)
    if not settings.stt_threads:
        share.start()
    check.warm_up()
    engine.warm_up()
    recognition = Recognition(settings, check, engine, DraftCache())
    cut = segments(clips("en", 50), 1.0, False, Lengths())[:count]
    print("ready", flush=True)
    while sys.stdin.readline():
        began = time.monotonic()
        for one in cut:
            share.apply()
            job = UtteranceJob(session=SESSION, start=one.start, end=one.end, language="en")
            recognition.verdicts([Recording(job, one.pcm)])
        print(time.monotonic() - began, flush=True)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--company", default=",".join(COMPANY))
    parser.add_argument("--no-write", action="store_true", help="leave bench/results as it is")
    parser.add_argument("--hear", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.hear:
        hear(asked.hear)
        return
    cores = len(os.sched_getaffinity(0))
    kinds = asked.company.split(",")
    run = Run("company")
    rows: list[dict[str, Any]] = []
    for way in asked.ways.split(","):
        environment = WAYS.get(way) or dict(pair.split("=") for pair in way.split() if "=" in pair)
        workers = [Worker(environment, asked.segments) for _ in range(2)]
        took: dict[str, list[float]] = {}
        try:
            for _ in range(asked.rounds):
                for kind in kinds:
                    at_work = workers if kind == "a second worker" else workers[:1]
                    time.sleep(SETTLE_SEC)
                    with company(kind, cores):
                        for one in at_work:
                            one.begin()
                        took.setdefault(kind, []).append(max(one.seconds() for one in at_work))
        finally:
            for one in workers:
                one.close()
        rows.append({"way": way, "took_sec": {kind: round(min(found), 2) for kind, found in took.items()}})
        say(f"{way}: {rows[-1]['took_sec']}")
    head, body = run.head(), {"segments": asked.segments, "cores": cores, "rows": rows}
    for title, text in company_tables({"head": head, **body}):
        say(f"\n{title}\n{text}")
    if not asked.no_write:
        say(f"\nwritten: {write_result('company', head, body)}")


def company_tables(result: Row) -> Tables:
    """Seconds by way and company, and how many times those alone."""
    kinds = list(result["rows"][0]["took_sec"])
    cells = []
    for row in result["rows"]:
        took = row["took_sec"]
        alone = took.get("alone")
        times = [f" ({took[kind] / alone:.1f})" if alone and kind != "alone" else "" for kind in kinds]
        cells.append([row["way"], *(f"{took[kind]:.1f}{more}" for kind, more in zip(kinds, times, strict=True))])
    title = f"{result['segments']} segments of speech, `base`: seconds beside other programs (how many times alone)"
    return [(title, table(["way", *kinds], cells))]


if __name__ == "__main__":
    main()
