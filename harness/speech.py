"""Speech for tests: synthesised at test time, and the demo clips."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contract.audio import SAMPLE_RATE_HZ
from harness.processes import ROOT
from runtime.wav import read_wav

CLIPS = ROOT / "demo_models" / "clips"


@dataclass(frozen=True)
class Clip:
    """One demo clip: its file, what is said, and how it feels (`positive`, `neutral` or `negative`)."""

    path: Path
    text: str
    sentiment: str

    @property
    def pcm(self) -> bytes:
        """Its samples, s16le mono 16 kHz."""
        return read_wav(self.path)


def demo_clips() -> list[Clip]:
    """The clips that ship with the demo models."""
    entries = json.loads((CLIPS / "clips.json").read_text(encoding="utf-8"))
    return [Clip(CLIPS / entry["file"], entry["text"], entry["sentiment"]) for entry in entries]


def espeak(text: str, folder: Path, voice: str = "en-us", words_per_minute: int = 150) -> bytes:
    """`text` spoken by espeak-ng with half a second of silence around, s16le mono 16 kHz."""
    path = folder / "speech.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-w", str(path), text], check=True)
    pause = bytes(SAMPLE_RATE_HZ // 2 * 2)
    return pause + read_wav(path) + pause


def noise(seconds: float, level: float, seed: int = 3) -> bytes:
    """White noise with the standard deviation `level` (full scale is 1), s16le mono 16 kHz."""
    samples = np.random.default_rng(seed).normal(0, level * 32767, int(seconds * SAMPLE_RATE_HZ))
    return np.clip(samples, -32768, 32767).astype("<i2").tobytes()


def words_of(text: str) -> list[str]:
    """`text` as lower-case words without punctuation, for comparing."""
    kept = "".join(c if c.isalnum() or c in " '" else " " for c in text.lower())
    return kept.split()
