"""Synthetic voices (espeak-ng and flite) and the audio they make of the demo sentences.

    python -m demo_models.voices --work DIR [--count 16000] [--jobs 2]

writes DIR/train.i16 (all clips in one int16 file at 16 kHz) and DIR/train.json (where each clip begins, and its text).
Held-out voices are variants of espeak-ng, pairs of accent and variant, and flite tempos that training never uses.
Needs the Debian packages espeak-ng and flite.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from demo_models.frames import word_table
from demo_models.sentences import PHRASES, make_sentences, word_lists

SAMPLE_RATE_HZ = 16000
ACCENTS = ["en-us"] * 5 + ["en-gb"] * 3 + ["en-gb-x-rp"] * 2 + ["en-us-nyc"] * 2 + ["en-gb-scotland"]
VARIANTS = [*word_table("voices")["variants"], "", "", ""]
HELD_OUT_VARIANTS = ["m4", "f2", "Andrea", "steph", "david", "Mike"]
FLITE = ["slt", "slt", "rms", "awb", "kal16"]
HELD_OUT_STRETCH = (0.95, 1.12)
PEAK = 0.5
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Voice:
    """One voice setting. `rate` is words a minute (espeak-ng) or duration stretch (flite); pitch is 0 to 99."""

    engine: str
    name: str
    variant: str = ""
    rate: float = 150
    pitch: int = 50


def _pair_is_held_out(accent: str, variant: str) -> bool:
    return bool(variant) and sum(map(ord, accent + variant)) % 9 == 0


def pick_voice(rng: random.Random, held_out: bool) -> Voice:
    """A random voice setting of the training part or of the held-out part."""
    if rng.random() < 0.33:
        stretch = rng.choice([0.8, 0.87, 0.92, 1.0, 1.05, 1.18, 1.25])
        return Voice("flite", rng.choice(FLITE), rate=rng.choice(HELD_OUT_STRETCH) if held_out else stretch)
    rate, pitch = rng.randint(120, 200), rng.randint(25, 75)
    if not held_out and rng.random() < 0.12:
        return Voice("espeak-ng", "en-us", "", rng.choice([120, 130, 140, 155, 160, 165, 175, 185, 195]), 50)
    pairs = [(a, v) for a in ACCENTS for v in VARIANTS if _pair_is_held_out(a, v) == held_out]
    if held_out and rng.random() < 0.7:
        return Voice("espeak-ng", rng.choice(ACCENTS), rng.choice(HELD_OUT_VARIANTS), rate, pitch)
    accent, variant = rng.choice(pairs)
    return Voice("espeak-ng", accent, variant, rate, pitch)


def speak(text: str, voice: Voice) -> np.ndarray:
    """`text` spoken: float32 samples at 16 kHz, peak 0.5, silence cut off at both ends.

    Raises subprocess.CalledProcessError or FileNotFoundError when the synthesiser fails or is not installed.
    """
    if voice.engine == "espeak-ng":
        name = f"{voice.name}+{voice.variant}" if voice.variant else voice.name
        command = ["espeak-ng", "-v", name, "-s", str(int(voice.rate)), "-p", str(voice.pitch), "--stdout", text]
        data = subprocess.run(command, check=True, capture_output=True, timeout=30).stdout
    else:
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            stretch = f"duration_stretch={voice.rate}"
            command = ["flite", "-voice", voice.name, "--setf", stretch, "-t", text, "-o", file.name]
            subprocess.run(command, check=True, capture_output=True, timeout=30)
            data = Path(file.name).read_bytes()
    rate_hz = int.from_bytes(data[24:28], "little")  # by hand: espeak-ng streams a header without the true length
    body = data[data.index(b"data") + 8 :]
    audio = np.frombuffer(body[: len(body) // 2 * 2], "<i2").astype(np.float32) / 32768
    if rate_hz != SAMPLE_RATE_HZ:
        common = int(np.gcd(rate_hz, SAMPLE_RATE_HZ))
        audio = resample_poly(audio, SAMPLE_RATE_HZ // common, rate_hz // common).astype(np.float32)
    return trim(audio * (PEAK / max(float(np.abs(audio).max(initial=0)), 1e-4)))


def trim(audio: np.ndarray, floor: float = 0.004, margin_samples: int = 480) -> np.ndarray:
    """Cut the silence at both ends, but for 30 ms."""
    loud = np.flatnonzero(np.abs(audio) > floor)
    if not len(loud):
        return audio
    return audio[max(0, loud[0] - margin_samples) : loud[-1] + margin_samples]


def _render(job: tuple[str, Voice]) -> tuple[str, Voice, bytes]:
    audio = speak(*job)
    return (*job, (np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes())


def main() -> None:
    """Render the training clips."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, default=16000, help="clips; each sentence is spoken about twice")
    parser.add_argument("--sentences", type=int, default=9000)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    args.work.mkdir(parents=True, exist_ok=True)
    rng = random.Random(7)
    texts = [s.text for s in make_sentences(args.sentences, 1, held_out=False)]
    spoken = texts + list(PHRASES) * 8 + word_lists(1000, 3)
    spoken += rng.choices(texts, k=max(0, args.count - len(spoken)))
    jobs = [(text, pick_voice(rng, held_out=False)) for text in spoken]
    clips, offset = [], 0
    with open(args.work / "train.i16", "wb") as file, ProcessPoolExecutor(args.jobs) as pool:
        for text, voice, data in pool.map(_render, jobs, chunksize=32):
            file.write(data)
            clips.append({"text": text, "start": offset, "samples": len(data) // 2, "voice": asdict(voice)})
            offset += len(data) // 2
            if len(clips) % 2000 == 0:
                log.info("%d clips, %.2f hours", len(clips), offset / SAMPLE_RATE_HZ / 3600)
    (args.work / "train.json").write_text(json.dumps(clips))
    log.info("wrote %d clips, %.2f hours", len(clips), offset / SAMPLE_RATE_HZ / 3600)


if __name__ == "__main__":
    main()
