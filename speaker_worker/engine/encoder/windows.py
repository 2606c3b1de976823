"""What every encoder does to a window of speech, and to what comes out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from speaker_worker.engine.encoder.protocol import Audio, Embeddings

LEVEL_DB = -30.0  # of full scale, root mean square: what Resemblyzer was trained at
SILENT = 1e-8  # mean square


def power_of(audio: Audio) -> float:
    """The mean square."""
    return float(np.mean(np.square(audio, dtype=np.float64))) if audio.size else 0.0


def heard_in(windows: Sequence[Audio]) -> list[int]:
    """Which of `windows` are not silent."""
    return [at for at, window in enumerate(windows) if power_of(window) >= SILENT]


def normalised(audio: Audio) -> Audio:
    """`audio` at LEVEL_DB; silence as it is."""
    power = power_of(audio)
    if power < SILENT:
        return audio
    return (audio * np.float32(10 ** (LEVEL_DB / 20) / np.sqrt(power))).astype(np.float32)


def filled(audio: Audio, samples: int) -> Audio:
    """`audio`, again and again until it is so long where it is shorter: more of a voice is heard than with silence."""
    return np.resize(audio, samples) if 0 < len(audio) < samples else audio


def unit_rows(rows: Embeddings) -> Embeddings:
    """Each row at length 1; a row of zeros, or with a value that is no number, as zeros."""
    rows = np.where(np.isfinite(rows).all(axis=1, keepdims=True), rows, np.float32(0))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Embeddings = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return found
