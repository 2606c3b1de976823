"""Rooms in which people speak: human prompts one after the other, over music or noise that never stops.

Two halves, so that nothing is measured on what the gate's constants were chosen with: `tuning` and `measuring` have
prompts, tunes and noises of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from harness.human_voices import Clip, clips, music
from runtime.audio.gate import FRAME_SAMPLES, frame_levels

THRESHOLD = 0.0005  # mean square, the gate's default
PROMPTS = 60  # numbers 0 to 59 measure, those after them tune, as in bench.sentences
LEAD_SEC, GAP_SEC = 8.0, 4.0  # nobody speaks, before the first prompt and after each
FAINT_FRAMES = 15  # a word's soft beginning or end, 300 ms
TUNE_SEC = 120.0
SPEAKERS = {"measuring": slice(0, PROMPTS), "tuning": slice(PROMPTS, 2 * PROMPTS)}
TUNES = {"measuring": slice(0, None, 2), "tuning": slice(1, None, 2)}
SEEDS = {"measuring": 1, "tuning": 2}
COLOURS = {"white": 0.0, "pink": 1.0, "fan": 2.0}  # power falls with the frequency to this exponent
FAN_LOWEST_HZ, HUM_HZ, FLUTTER_HZ = 60.0, 118.0, 0.7

Signal = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Room:
    """`pcm`: what the microphone hears. `speech`: which 20 ms frames of it are loud in the speech alone. `said`: the
    first and the last of these of each prompt, in frames."""

    pcm: bytes
    speech: Flags
    said: list[tuple[int, int]]

    @property
    def alone(self) -> Flags:
        """The frames in which nobody speaks, not faintly either: some before and after what is loud."""
        quiet = np.ones(len(self.speech), dtype=bool)
        for first, last in self.said:
            quiet[first - FAINT_FRAMES : last + 1 + FAINT_FRAMES] = False
        return quiet


def speakers(half: str) -> list[Clip]:
    """The prompts of one half. Raises HumanVoicesMissingError."""
    return clips("en", 2 * PROMPTS)[SPEAKERS[half]]


def noises(half: str) -> dict[str, Signal]:
    """Two minutes of everything that is loud, of mean square 1. Raises HumanVoicesMissingError."""
    found = {f"music: {tune.name.partition('-')[2]}": as_signal(tune) for tune in music(TUNE_SEC)[TUNES[half]]}
    rng = np.random.default_rng(SEEDS[half])
    found |= {colour: coloured(rng, colour) for colour in COLOURS}
    return {name: signal / np.sqrt(np.mean(np.square(signal))) for name, signal in found.items()}


def as_signal(clip: Clip) -> Signal:
    """Its samples, -1 to 1."""
    return clip.samples.astype(np.float64) / FULL_SCALE


def coloured(rng: np.random.Generator, colour: str) -> Signal:
    """Noise; that of a fan hums and flutters."""
    count = int(TUNE_SEC * SAMPLE_RATE_HZ)
    spectrum = np.fft.rfft(rng.normal(size=count))
    hz = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ), FAN_LOWEST_HZ)
    signal = np.fft.irfft(spectrum * hz ** (-COLOURS[colour] / 2), count)
    signal /= np.sqrt(np.mean(np.square(signal)))
    if colour == "fan":
        at = np.arange(count) / SAMPLE_RATE_HZ
        signal = (signal + 0.5 * np.sin(2 * np.pi * HUM_HZ * at)) * (1 + 0.2 * np.sin(2 * np.pi * FLUTTER_HZ * at))
    return signal


def furnish(spoken: list[Clip], noise: Signal, below_db: float | None, mean_square: float | None = None) -> Room:
    """All of `spoken` over `noise`, which is so far below the speech (its loud frames' mean), or of this mean square
    whatever the speech is."""
    pieces = [np.zeros(int(LEAD_SEC * SAMPLE_RATE_HZ))]
    for clip in spoken:
        samples = as_signal(clip)
        whole = -(-(len(samples) + int(GAP_SEC * SAMPLE_RATE_HZ)) // FRAME_SAMPLES) * FRAME_SAMPLES
        pieces.append(np.pad(samples, (0, whole - len(samples))))
    speech = np.concatenate(pieces)
    levels = frame_levels(as_pcm(speech))
    loud = levels >= THRESHOLD
    said, begin = [], len(pieces[0]) // FRAME_SAMPLES
    for piece in pieces[1:]:
        end = begin + len(piece) // FRAME_SAMPLES
        frames = np.flatnonzero(loud[begin:end])
        if frames.size:
            said.append((begin + int(frames[0]), begin + int(frames[-1])))
        begin = end
    if mean_square is None:
        mean_square = 0.0 if below_db is None else float(levels[loud].mean()) / 10 ** (below_db / 10)
    mixed = speech + np.resize(noise, len(speech)) * np.sqrt(mean_square)
    return Room(as_pcm(mixed), loud, said)


def as_pcm(signal: Signal) -> bytes:
    """As a microphone gives it, s16le; what is beyond full scale is clipped."""
    return np.clip(np.round(signal * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()
