"""The engine on a GPU at half precision: one utterance and up to 128 at once, with the share of the card's peak.

    python -m bench.engine.gpu [--sizes base small medium large-v3 turbo] [--batches 1 8 32 128] [--rounds 5]

Says so and ends where there is no GPU. Random weights of the true sizes that say 20 tokens (bench.engine.models).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from bench.engine.measure import DOCS, FULL_SEC, Job, documented, rows_of, speech_like, time_all
from bench.engine.models import SIZES, TOKENS, model_for
from bench.engine.ours import Ours, Way
from bench.files import say, write_result
from bench.machine import Run
from bench.tables import gpu_tables
from runtime.audio.samples import to_pcm
from runtime.wav import write_wav
from stt_worker.engine.weights.precision import Precision

SECONDS = 5.0
WINDOWS = ((FULL_SEC, 0.0), (10.0, 2.0), (1.0, 0.5))
LARGE = ["base", "small", "medium", "large-v3", "turbo"]
PEAK_SIDE = 8192
PEAK_TRIES = 10


def peak_gflops(device: torch.device) -> float:
    """GFLOP/s of a big product at half precision."""
    left, right = (torch.randn(PEAK_SIDE, PEAK_SIDE, device=device, dtype=torch.float16) for _ in range(2))
    best = float("inf")
    for _ in range(PEAK_TRIES):
        torch.cuda.synchronize(device)
        began = time.perf_counter()
        left @ right
        torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - began)
    return 2 * PEAK_SIDE**3 / best / 1e9


def jobs_of(name: str, batches: list[int], folder: Path, device: str) -> tuple[list[Job], str]:
    """Everything to be timed for one size, and which weights it has."""
    model, weights = model_for(SIZES[name], device)
    audio = speech_like(SECONDS)
    path = folder / "speech.wav"
    write_wav(path, to_pcm(audio))
    precision: Precision = "fp16" if device == "cuda" else "fp32"
    jobs = [Job(Way(DOCS, precision, FULL_SEC), SECONDS, documented(model, path, "en", half=device == "cuda"))]
    ours = Ours(model, [precision])
    for rows in batches:
        for floor, margin in WINDOWS:
            way = Way("ours", precision, floor, margin, rows)
            jobs.append(Job(way, SECONDS, ours.job(way, audio)))
    return jobs, weights


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=LARGE)
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8, 32, 128])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--on-cpu", action="store_true", help="try the script itself, without a GPU; nothing is written"
    )
    args = parser.parse_args()
    if not torch.cuda.is_available() and not args.on_cpu:
        say("no GPU here: its table stays as it is")
        return
    run = Run("gpu")
    device = "cpu" if args.on_cpu else "cuda"
    peak = 1.0 if args.on_cpu else peak_gflops(torch.device(device))
    rows: list[dict[str, Any]] = []
    weights: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        for name in args.sizes:
            say(name)
            jobs, weights[name] = jobs_of(name, args.batches, Path(folder), device)
            time_all(jobs, args.rounds)
            rows += rows_of(SIZES[name], jobs, {"fp16": peak, "fp32": peak})
            del jobs
            if device == "cuda":
                torch.cuda.empty_cache()
    card = "none" if args.on_cpu else torch.cuda.get_device_name(0)
    body = {"card": card, "peak_tflops_fp16": round(peak / 1000, 1), "tokens": TOKENS, "weights": weights, "rows": rows}
    head = run.head()
    for title, text in gpu_tables({"head": head, **body}):
        say(f"\n{title}\n{text}")
    if not args.on_cpu:
        say(f"\nwritten: {write_result('gpu', head, body)}")


if __name__ == "__main__":
    main()
