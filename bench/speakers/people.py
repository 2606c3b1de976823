"""The voices that talk: five people, with clips to tune on and clips to measure on.

Debian's telephone prompts (harness.human_voices): the English and the Spanish ones are one person, so a conversation
has one of both; and the reader of LJ Speech, where a folder with some of its recordings is named. Every second clip of
each voice tunes, the others measure.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from harness.human_voices import G722_BYTES_PER_SEC, SOUNDS, VOICES, HumanVoicesMissingError, decoded, prompts

Signal = NDArray[np.float64]
SHORTEST_SEC, LONGEST_SEC = 2.0, 6.0  # of a turn
READER = "lj"
FRAME = SAMPLE_RATE_HZ // 100
LOUD_BELOW_PEAK_DB = 40.0
PAUSE_FRAMES = 12  # of a reader, where a long sentence is parted
FILL_FRAMES = 50  # a pause of less than half a second belongs to the turn
HALVES = {"measuring": 0, "tuning": 1}


@dataclass(frozen=True)
class Take:
    """A piece of speech, silence around it cut off, of mean square 1 where it is loud. `loud`: first sample and last
    (exclusive) of each stretch of it."""

    voice: str
    samples: Signal
    loud: tuple[tuple[int, int], ...]


def takes(half: str, readers: Path | None) -> dict[str, list[Take]]:
    """What each voice says in one half. `readers`: a folder with LJ*.flac. Raises HumanVoicesMissingError."""
    found: dict[str, list[Take]] = {}
    for language in VOICES:
        signals = [decoded(path).astype(np.float64) / FULL_SCALE for path in recordings(half, language)]
        found[language] = _fitting(language, signals)
    if readers is not None:
        found[READER] = _fitting(READER, _pieces(_of_half(half, sorted(readers.glob("LJ*.flac")))))
    return found


def recordings(half: str, language: str) -> list[Path]:
    """The prompts of one half that are as long as a turn, or hardly longer. Raises HumanVoicesMissingError."""
    paths = [SOUNDS / VOICES[language] / f"{name}.g722" for name, _ in prompts(language)]
    fit = [path for path in paths if SHORTEST_SEC <= path.stat().st_size / G722_BYTES_PER_SEC <= LONGEST_SEC + 1]
    return sorted(fit)[HALVES[half] :: 2]


def _fitting(voice: str, signals: list[Signal]) -> list[Take]:
    all_takes = [take for signal in signals if (take := _take(voice, signal)) is not None]
    return [one for one in all_takes if SHORTEST_SEC <= len(one.samples) / SAMPLE_RATE_HZ <= LONGEST_SEC]


def loud_frames(signal: Signal) -> NDArray[np.bool_]:
    """Which 10 ms of `signal` are within LOUD_BELOW_PEAK_DB of its loudest."""
    whole = signal[: len(signal) // FRAME * FRAME].reshape(-1, FRAME)
    levels = np.square(whole).mean(axis=1)
    smooth = np.convolve(levels, np.ones(3) / 3, "same")
    found: NDArray[np.bool_] = smooth >= smooth.max(initial=0.0) * 10 ** (-LOUD_BELOW_PEAK_DB / 10)
    return found


def stretches(flags: NDArray[np.bool_], fill: int) -> list[tuple[int, int]]:
    """First and last (exclusive) frame of what is true, gaps of fewer than `fill` frames filled."""
    edges = np.flatnonzero(np.diff(np.pad(flags.astype(np.int8), 1)))
    found: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if found and start - found[-1][1] < fill:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _take(voice: str, signal: Signal) -> Take | None:
    loud = loud_frames(signal)
    spans = [span for span in stretches(loud, FILL_FRAMES) if span[1] - span[0] > 3]
    if not spans:
        return None
    first, last = spans[0][0] * FRAME, spans[-1][1] * FRAME
    power = float(np.square(signal[: len(loud) * FRAME].reshape(-1, FRAME)[loud]).mean())
    at = tuple((start * FRAME - first, end * FRAME - first) for start, end in spans)
    return Take(voice, signal[first:last] / np.sqrt(power), at)


def _of_half(half: str, paths: list[Path]) -> list[Path]:
    """In pairs, so that both halves have long and short ones: LJ Speech alternates."""
    return [path for at, path in enumerate(paths) if (at + 1) // 2 % 2 == HALVES[half]]


def _pieces(paths: list[Path]) -> list[Signal]:
    """Recordings of a reader, the long ones parted in pauses."""
    if not paths:
        raise HumanVoicesMissingError("no LJ*.flac in the folder of the reader's recordings")
    if shutil.which("ffmpeg") is None:
        raise HumanVoicesMissingError("no ffmpeg (package ffmpeg) to decode human voices")
    found: list[Signal] = []
    for path in paths:
        command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(SAMPLE_RATE_HZ), "-f", "s16le", "-"]
        pcm = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
        found += _parted(np.frombuffer(pcm, "<i2").astype(np.float64) / FULL_SCALE)
    return found


def _parted(signal: Signal) -> list[Signal]:
    """`signal` in pieces of at most LONGEST_SEC, cut in the middle of its pauses."""
    spans = stretches(loud_frames(signal), PAUSE_FRAMES)
    cuts = [0, *((left[1] + right[0]) // 2 * FRAME for left, right in pairwise(spans)), len(signal)]
    found, begin = [], 0
    for at, end in enumerate(cuts[1:], 1):
        following = cuts[at + 1] if at + 1 < len(cuts) else None
        if following is None or following - begin > LONGEST_SEC * SAMPLE_RATE_HZ:
            found.append(signal[begin:end])
            begin = end
    return found
