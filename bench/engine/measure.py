"""The speech engine: milliseconds an utterance, ours beside the documented way and faster-whisper, in one run.

    python -m bench.engine.measure [--sizes tiny base small] [--seconds 2 5 10] [--rounds 5] [--threads N]

Models of the true sizes that say 20 tokens (bench.engine.models). All ways take turns, round after round, so that a
slow moment of the machine meets all of them; figures are medians. Without faster-whisper its rows are left out, and
said so.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import whisper as openai_whisper  # the distribution is openai-whisper; `whisper` on PyPI is another program
from numpy.typing import NDArray
from whisper.model import Whisper

from bench.engine.faster_whisper import Apart
from bench.engine.models import SIZES, TOKENS, Size, decoder_flops, encoder_flops, model_for
from bench.engine.ours import Ours, Way
from bench.engine.peers import converted
from bench.files import say, write_result
from bench.machine import Run, machine, measured_peak
from bench.tables import engine_tables
from contract.audio import SAMPLE_RATE_HZ
from runtime.audio.samples import to_pcm
from runtime.wav import write_wav

SETTLE_SEC = 0.02  # between two measurements: threads of one engine that still spin leave the next one alone
FULL_SEC, DEFAULT_SEC, LOW_SEC = 30.0, 10.0, 1.0
ROUNDS = {"tiny": 5, "base": 5, "small": 3}
BATCHES = {"tiny": (1, 8), "base": (1, 2, 4, 8, 16), "small": (1, 8)}
BATCH_OF_SEC = 5.0

DOCS = "openai-whisper, WAV file, transcribe, language given"
DOCS_DETECT = "openai-whisper, WAV file, transcribe, language detected"
PEER = "faster-whisper int8, transcribe (pads to 30 s)"


@dataclass
class Job:
    """Something to be timed: `run` returns the tokens said, a number for each of its utterances."""

    way: Way
    seconds: float
    run: Callable[[], list[int]]
    times: list[float] = field(default_factory=list)


def speech_like(seconds: float) -> NDArray[np.float32]:
    """Noise that is louder and softer like syllables; what is in it does not matter."""
    samples = int(seconds * SAMPLE_RATE_HZ)
    dice = np.random.default_rng(1)
    loudness = 0.05 * (1 + np.sin(np.arange(samples) * (2 * np.pi * 4 / SAMPLE_RATE_HZ)))
    spoken: NDArray[np.float32] = (dice.standard_normal(samples) * loudness).astype(np.float32)
    return spoken


def documented(model: Whisper, path: Path, language: str | None, half: bool = False) -> Callable[[], list[int]]:
    """`transcribe` on a file, as openai-whisper's README has it, at full precision (a CPU takes no other) or half.

    Without timestamps and fallbacks, which would add to it: random weights would fall back every time.
    """

    def run() -> list[int]:
        found = model.transcribe(
            str(path),
            language=language,
            fp16=half,
            temperature=0.0,
            without_timestamps=True,
            compression_ratio_threshold=None,
            logprob_threshold=None,
            no_speech_threshold=None,
        )
        end = openai_whisper.tokenizer.get_tokenizer(True, num_languages=model.num_languages).eot
        return [sum(token < end for segment in found["segments"] for token in segment["tokens"])]

    return run


def peer_of(size: Size, model: Whisper, weights: str, threads: int) -> Apart | None:
    """faster-whisper with these weights; None, which is said, where it is not installed."""
    try:
        return Apart(converted(size, model, weights), threads)
    except ImportError as problem:
        say(f"without faster-whisper: {problem} (make bench installs it)")
        return None


def jobs_of(size: Size, model: Whisper, seconds: list[float], peer: Apart | None, folder: Path) -> list[Job]:
    """Everything to be timed for one size."""
    ours = Ours(model)
    jobs: list[Job] = []
    for length in seconds:
        audio = speech_like(length)
        path = folder / f"{length:g}.wav"
        write_wav(path, to_pcm(audio))
        jobs.append(Job(Way(DOCS, "fp32", FULL_SEC), length, documented(model, path, "en")))
        if length == BATCH_OF_SEC:
            jobs.append(Job(Way(DOCS_DETECT, "fp32", FULL_SEC), length, documented(model, path, None)))
        if peer is not None:
            jobs.append(Job(Way(PEER, "int8", FULL_SEC), length, peer.job("transcribe", audio)))
        for floor, margin in ((FULL_SEC, 0.0), (DEFAULT_SEC, 2.0), (LOW_SEC, 0.5)):
            for way in ours.ways(floor, margin, length):
                if way.precision == "int8" or length == BATCH_OF_SEC:
                    jobs.append(Job(way, length, ours.job(way, audio)))
            if peer is not None and floor < FULL_SEC:
                frames = ours.frames(length, floor, margin)
                way = Way("CTranslate2 int8, called directly", "int8", floor, margin)
                jobs.append(Job(way, length, peer.job("generate", audio, frames)))
        if length == BATCH_OF_SEC:
            for rows in BATCHES.get(size.name, (1, 8))[1:]:
                for floor, margin in ((DEFAULT_SEC, 2.0), (LOW_SEC, 0.5)):
                    way = Way("ours", "int8", floor, rows=rows, margin_sec=margin)
                    jobs.append(Job(way, length, ours.job(way, audio)))
    return jobs


def time_all(jobs: list[Job], rounds: int) -> None:
    """All jobs in turn, `rounds` times after one to warm up. Raises ValueError for one that said something else."""
    for number in range(rounds + 1):
        for job in jobs:
            time.sleep(SETTLE_SEC)
            began = time.perf_counter()
            said = job.run()
            took = time.perf_counter() - began
            if said != [TOKENS] * job.way.rows:
                raise ValueError(f"{job.way.label}: said {said} tokens instead of {TOKENS}: no fair comparison")
            if number:
                job.times.append(took)


def rows_of(size: Size, jobs: list[Job], peak: dict[str, float]) -> list[dict[str, Any]]:
    """The figures of one size."""
    docs = {job.seconds: float(np.median(job.times)) for job in jobs if job.way.name == DOCS}
    peer = {job.seconds: float(np.median(job.times)) for job in jobs if job.way.name == PEER}
    rows = []
    for job in jobs:
        middle = float(np.median(job.times))
        frames = Ours.frames(job.seconds, job.way.floor_sec, job.way.margin_sec)
        flops = job.way.rows * (encoder_flops(size, frames) + decoder_flops(size, frames))
        each = middle / job.way.rows
        rows.append(
            {
                "size": size.name,
                "way": job.way.label,
                "ours": job.way.name == "ours",
                "precision": job.way.precision,
                "floor_sec": job.way.floor_sec,
                "rows": job.way.rows,
                "draft": job.way.draft,
                "seconds": job.seconds,
                "ms": round(1000 * middle, 1),
                "ms_an_utterance": round(1000 * each, 1),
                "fastest_ms": round(1000 * min(job.times), 1),
                "slowest_ms": round(1000 * max(job.times), 1),
                "utterances_a_sec": round(1 / each, 2),
                "times_the_docs": round(docs[job.seconds] / each, 2),
                "times_faster_whisper": round(peer[job.seconds] / each, 2) if job.seconds in peer else None,
                "share_of_peak": round(flops / middle / 1e9 / peak[job.way.precision], 3),
            }
        )
    return rows


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=["tiny", "base", "small"])
    parser.add_argument("--seconds", nargs="+", type=float, default=[2.0, 5.0, 10.0])
    parser.add_argument("--rounds", type=int, default=0, help="0: as many as suit the size")
    parser.add_argument("--threads", type=int, default=0, help="0: the cores that may be used")
    parser.add_argument("--no-write", action="store_true", help="leave bench/results as it is")
    args = parser.parse_args()
    run = Run("engine")
    threads = args.threads or machine()["cores"]
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    torch.set_num_threads(threads)
    peak = measured_peak(threads)
    rows: list[dict[str, Any]] = []
    stages: dict[str, Any] = defaultdict(dict)
    weights: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        for name in args.sizes:
            size = SIZES[name]
            say(f"{name}: loading, converting")
            model, weights[name] = model_for(size)
            peer = peer_of(size, model, weights[name], threads)
            jobs = jobs_of(size, model, args.seconds, peer, Path(folder))
            say(f"{name}: {len(jobs)} ways, one after the other, again and again")
            time_all(jobs, args.rounds or ROUNDS.get(name, 3))
            rows += rows_of(size, jobs, peak[str(threads)])
            stages[name] = _stages(jobs)
            if peer is not None:
                peer.close()
    body = {"threads": threads, "tokens": TOKENS, "weights": weights, "rows": rows, "stages": dict(stages)}
    head = run.head(peak)
    for title, text in engine_tables({"head": head, **body}):
        say(f"\n{title}\n{text}")
    if not args.no_write:
        say(f"\nwritten: {write_result('engine', head, body)}")


def _stages(jobs: list[Job]) -> dict[str, dict[str, float]]:
    """Where the time of ours goes, for one utterance: medians in ms."""
    found = {}
    for job in jobs:
        if job.way.name == "ours" and job.way.rows == 1 and not job.way.draft and job.seconds == BATCH_OF_SEC:
            found[job.way.label] = {
                stage: round(1000 * float(np.median(times[1:])), 1) for stage, times in job.way.stages.items()
            }
    return found


if __name__ == "__main__":
    main()
