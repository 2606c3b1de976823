"""The recorder's voice gate and the page's are one: the same sound gives the same cuts and the same threshold."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.audio import BYTES_PER_SAMPLE, FULL_SCALE, SAMPLE_RATE_HZ
from runtime.audio.gate import FRAME_BYTES, Mark, VoiceGate

SERVER = Path(__file__).parents[2] / "page" / "audio" / "gate-server.mjs"
THRESHOLD = 0.0005
Signal = NDArray[np.float64]
PageGate = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def page_gate() -> Iterator[PageGate]:
    """The page's gate, in node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    with subprocess.Popen([node, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin is not None and running.stdout is not None
        into, out = running.stdin, running.stdout

        def ask(pcm: bytes, **settings: Any) -> list[Any]:
            into.write(json.dumps({"pcm": base64.b64encode(pcm).decode(), "block": 128, **settings}) + "\n")
            into.flush()
            answer: list[Any] = json.loads(out.readline())
            return answer

        yield ask
        into.close()


def recorder_gate(pcm: bytes, follows_noise: bool, end_ms: int) -> list[Any]:
    """As the page's answers: what went out as runs of samples, marks, the threshold in the end."""
    gate = VoiceGate(THRESHOLD, follows_noise=follows_noise)
    gate.mark_pauses(end_ms)
    out: list[Any] = []
    passed = 0
    pieces = [piece for first in range(0, len(pcm), 1280) for piece in gate.feed(pcm[first : first + 1280])]
    threshold = gate.threshold
    for piece in [*pieces, *gate.flush()]:
        if isinstance(piece, Mark):
            out.append(piece.value)
            continue
        for first in range(0, len(piece), FRAME_BYTES):
            count = len(piece[first : first + FRAME_BYTES]) // BYTES_PER_SAMPLE
            at = gate.timeline.captured_at(passed)
            passed += count
            if out and isinstance(out[-1], list) and out[-1][1] == at:
                out[-1][1] += count
            else:
                out.append([at, at + count])
    return [*out, pytest.approx(threshold, rel=1e-6)]


def evening(seed: int) -> bytes:
    """Half a minute in which everything happens at random: quiet, noise that comes and goes and swells, loud words."""
    rng = np.random.default_rng(seed)
    pieces: list[Signal] = []
    while sum(map(len, pieces)) < 30 * SAMPLE_RATE_HZ:
        count = int(rng.uniform(0.05, 6.0) * SAMPLE_RATE_HZ)
        level = 10 ** rng.uniform(-6.5, -1.0)
        swell = np.linspace(1.0, 10 ** rng.uniform(-1, 1), count)
        noise = np.sqrt(level) * swell * rng.normal(size=count)
        words = (
            np.sin(2 * np.pi * rng.uniform(0.5, 5.0) * np.arange(count) / SAMPLE_RATE_HZ) > rng.uniform(-1, 1)
        ) * 0.1
        pieces.append(noise + words * rng.normal(size=count) * (rng.random() < 0.6))
    signal = np.concatenate([*pieces, np.zeros(2 * SAMPLE_RATE_HZ)]) * FULL_SCALE  # all has ended
    return np.clip(np.round(signal), -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()


@pytest.mark.parametrize("seed", range(8))
def test_both_cut_alike_in_any_room(page_gate: PageGate, seed: int) -> None:
    pcm = evening(seed)
    for follows_noise, end_ms in ((True, 1200), (True, 0), (False, 0)):
        hangover_ms = 200 if end_ms else 500
        settings = {"threshold": THRESHOLD, "preRollMs": 300, "hangoverMs": hangover_ms, "endMs": end_ms or None}
        page = page_gate(pcm, **settings, followsNoise=follows_noise)
        assert page == recorder_gate(pcm, follows_noise, end_ms)


def test_noise_makes_a_difference_here(page_gate: PageGate) -> None:
    """Else the test above would compare two gates that do not follow it."""
    settings = {"threshold": THRESHOLD, "preRollMs": 300, "hangoverMs": 500}
    ways = [[page_gate(evening(seed), **settings, followsNoise=way) for seed in range(8)] for way in (True, False)]
    assert sum(following != fixed for following, fixed in zip(*ways, strict=True)) >= 4


def test_both_have_the_same_threshold_in_noise(page_gate: PageGate) -> None:
    rng = np.random.default_rng(3)
    pcm = np.round(0.05 * FULL_SCALE * rng.normal(size=9 * SAMPLE_RATE_HZ)).astype("<i2").tobytes()
    found = page_gate(pcm, threshold=THRESHOLD, preRollMs=300, hangoverMs=500, followsNoise=True)[-1]
    assert found == recorder_gate(pcm, True, 0)[-1]
    assert found > 0.01
