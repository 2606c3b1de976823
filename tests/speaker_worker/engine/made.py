"""Made voices: embeddings as like each other as those of one person and of two are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.encoder.windows import unit_rows
from speaker_worker.engine.voices import LEVEL_SAMPLES, UtteranceVoices, windows_of

DIMENSIONS = 64
WINDOW = int(1.6 * SAMPLE_RATE_HZ)
COMMON, OWN, CHANCE = 0.45, 0.37, 0.18  # shares of a square: cosines of 0.82 and 0.45
MOOD = 0.18  # what is by chance the same all through a turn, where that is wanted
OTHERWISE_LIKE = 0.81  # of its own: a likeness of about 0.90
KIN_LIKE = 0.66  # of one's own, of somebody who sounds alike: about 0.85
Rows = NDArray[np.float32]


def bases(count: int, seed: int = 0) -> Rows:
    """What all share, then what is each voice's own; orthogonal."""
    square = np.random.default_rng(seed).normal(size=(DIMENSIONS, DIMENSIONS))
    return np.linalg.qr(square)[0].T[: count + 1].astype(np.float32)


def otherwise(voice: int, like: float = OTHERWISE_LIKE) -> float:
    """`voice` on a bad day, or in front of another microphone: so `like` its own."""
    return voice + like


def kin(voice: int) -> float:
    """Somebody who sounds like `voice`."""
    return voice + KIN_LIKE


def own(known: Rows, voice: float) -> Rows:
    """What is a voice's own, shape (d,), length 1; see `otherwise` and `kin`."""
    like = voice % 1 or 1.0
    other = known[10 + round(voice * 100) % 10]  # nobody has a number that high
    found: Rows = (like * known[int(voice) + 1] + np.sqrt(1 - like**2) * other).astype(np.float32)
    return found


def voices_of(
    said: Sequence[tuple[float, float]], rng: np.random.Generator, gap_sec: float = 0.0, mood: float = 0.0
) -> UtteranceVoices:
    """Each of `said` is a voice (0 to 8; see `otherwise` and `kin`) and its seconds. Without a gap between
    them they are one stretch. `mood`: see MOOD."""
    known = bases(20)
    places, at = [], 0
    for voice, sec in said:
        places.append((voice, at, at + int(sec * SAMPLE_RATE_HZ)))
        at = places[-1][2] + int(gap_sec * SAMPLE_RATE_HZ)
    length = places[-1][2]
    moods = unit_rows(rng.normal(size=(len(places), DIMENSIONS)).astype(np.float32)) if mood else np.zeros(len(places))
    spans = [(start, end) for _, start, end in places] if gap_sec else [(0, length)]
    windows = [window for span in spans for window in windows_of(span, WINDOW, 0.4)]
    rows = np.zeros((len(windows), DIMENSIONS), dtype=np.float32)
    for number, (first, last) in enumerate(windows):
        mixed = np.sqrt(COMMON) * known[0]
        for (voice, start, end), turn in zip(places, moods, strict=True):
            share = max(0, min(last, end) - max(first, start)) / (last - first)
            mixed = mixed + np.sqrt(OWN) * share * own(known, voice) + np.sqrt(mood) * share * turn
        rows[number] = mixed + np.sqrt(CHANCE / DIMENSIONS) * rng.normal(size=DIMENSIONS)
    return UtteranceVoices(
        np.array(spans, dtype=np.int32),
        np.array(windows, dtype=np.int32),
        unit_rows(rows),
        np.zeros(length // LEVEL_SAMPLES, dtype=np.uint8),
    )


def silence() -> UtteranceVoices:
    """Nobody."""
    none = np.zeros((0, 2), dtype=np.int32)
    return UtteranceVoices(none, none, np.zeros((0, DIMENSIONS), dtype=np.float32), np.zeros(50, dtype=np.uint8))
