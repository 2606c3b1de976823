"""What every report says about where and how it was measured, and whether the machine was quiet meanwhile."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.files import ROOT

PACKAGES = (
    "torch",
    "openai-whisper",
    "numpy",
    "celery",
    "redis",
    "uvicorn",
    "transformers",
    "faster-whisper",
    "ctranslate2",
)
PEAK_SIDE = 2048  # of the square matrices whose product is taken for what the processor can do
PEAK_TRIES = 5
QUIET_LOOK_SEC = 2.0
BUSY_CORES = 0.2  # others using more than this while a part runs make its figures provisional
TICKS_PER_SEC = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Run:
    """One part of the benchmark from its start: make it first, ask for `head` when all is measured."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._load = os.getloadavg()
        self._busy_before = _busy_before()
        self._started = datetime.now(UTC)
        self._clock = time.monotonic()
        self._machine_sec, self._own_sec = _machine_cpu_sec(), _own_cpu_sec()

    def head(self, peak: dict[str, dict[str, float]] | None = None) -> dict[str, Any]:
        """The report's head. `peak`: of `measured_peak`, where the part speaks of it."""
        seconds = time.monotonic() - self._clock
        others = max(0.0, _machine_cpu_sec() - self._machine_sec - (_own_cpu_sec() - self._own_sec)) / seconds
        quiet = others <= BUSY_CORES and self._busy_before <= BUSY_CORES
        return {
            "part": self._part,
            "date": self._started.isoformat(timespec="seconds"),
            "took_sec": round(seconds, 1),
            "command": shlex.join(["python", "-m", _module(), *sys.argv[1:]]),
            "machine": machine(),
            "versions": versions(),
            "load_average_at_start": round(self._load[0], 2),
            "others_cores_before": round(self._busy_before, 2),
            "others_cores_meanwhile": round(others, 2),
            "quiet": quiet,
        } | ({"peak_gflops": peak} if peak else {})


def _module() -> str:
    """The module that is run, as `python -m` takes it."""
    return ".".join(Path(sys.argv[0]).resolve().relative_to(ROOT).with_suffix("").parts)


def machine() -> dict[str, Any]:
    """Processor, cores that may be used, memory, system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = {
        "processor": _processor(),
        "cores": cores,
        "memory_gib": round(memory / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    return found | _flags()


def versions() -> dict[str, str]:
    """Those of what matters here and is installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def measured_peak(threads: int) -> dict[str, dict[str, float]]:
    """GFLOP/s of a big matrix product, by precision, with one and with `threads` threads: {"1": {"fp32": ...}, ...}."""
    import torch

    from stt_worker.engine.weights.int8 import Int8Linear, is_supported

    before = torch.get_num_threads()
    left = torch.randn(PEAK_SIDE, PEAK_SIDE)
    weight = torch.randn(PEAK_SIDE, PEAK_SIDE)
    products: dict[str, Callable[[], Any]] = {"fp32": lambda: left @ weight}
    half_left, half_weight = left.bfloat16(), weight.bfloat16()
    products["bf16"] = lambda: half_left @ half_weight
    if is_supported():
        layer = Int8Linear(weight, None)
        products["int8"] = lambda: layer(left)
    found: dict[str, dict[str, float]] = {}
    try:
        for count in sorted({1, threads}):
            torch.set_num_threads(count)
            with torch.inference_mode():
                found[str(count)] = {name: round(_gflops(product), 1) for name, product in products.items()}
    finally:
        torch.set_num_threads(before)
    return found


def _gflops(product: Callable[[], Any]) -> float:
    best = float("inf")
    product()
    for _ in range(PEAK_TRIES):
        began = time.perf_counter()
        product()
        best = min(best, time.perf_counter() - began)
    return 2 * PEAK_SIDE**3 / best / 1e9


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _flags() -> dict[str, Any]:
    """What of its instructions Whisper's products use, where the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return {}
    flags = next((line.split(":", 1)[1].split() for line in text.splitlines() if line.startswith("flags")), [])
    wanted = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_int8")
    return {"instructions": [name for name in wanted if name in flags]}


def _busy_before() -> float:
    """Cores in use by anybody while this process does nothing."""
    before = _machine_cpu_sec()
    time.sleep(QUIET_LOOK_SEC)
    return (_machine_cpu_sec() - before) / QUIET_LOOK_SEC


def _machine_cpu_sec() -> float:
    """CPU seconds that all processes have used since the machine started; 0 where the system does not tell."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    except OSError:
        return 0.0
    user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SEC


def _own_cpu_sec() -> float:
    """CPU seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])
