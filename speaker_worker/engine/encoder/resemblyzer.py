"""Resemblyzer's voice encoder on the weights that its distribution brings. The package itself is never imported: it
would ask for librosa and webrtcvad.

Three LSTM layers over the mel spectrogram of 1.6 s, a linear layer on the last state, ReLU, length 1 (L. Wan et al.,
Generalized end-to-end loss for speaker verification, 2018).
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.encoder.mel import BANDS, mel_spectrogram
from speaker_worker.engine.encoder.protocol import Audio, Embeddings, EncoderError, EncoderLoadError
from speaker_worker.engine.encoder.windows import filled, heard_in, normalised, unit_rows

DISTRIBUTION, WEIGHTS = "resemblyzer", "resemblyzer/pretrained.pt"
HIDDEN, LAYERS, DIMENSIONS = 256, 3, 256
BATCH = 16  # windows computed at once


class ResemblyzerEncoder:
    """Holds the network. It computes with as many threads as torch has."""

    name = "resemblyzer"
    window_samples = int(1.6 * SAMPLE_RATE_HZ)

    def __init__(self, weights: Path | None = None) -> None:
        """`weights`: the file, by default that of the installed distribution. Raises EncoderLoadError."""
        path = weights or weights_path()
        self._lstm = torch.nn.LSTM(BANDS, HIDDEN, LAYERS, batch_first=True)
        self._linear = torch.nn.Linear(HIDDEN, DIMENSIONS)
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
            for name, part in (("lstm", self._lstm), ("linear", self._linear)):
                part.load_state_dict(
                    {key.removeprefix(f"{name}."): state[key] for key in state if key.startswith(name)}
                )
        except Exception as problem:  # a file that is something else fails in many ways
            raise EncoderLoadError(f"{path} holds no weights of Resemblyzer: {problem}") from problem
        self._lstm.eval()
        self._linear.eval()

    def embed(self, windows: Sequence[Audio]) -> Embeddings:
        """See VoiceEncoder."""
        found = np.zeros((len(windows), DIMENSIONS), dtype=np.float32)
        mels = {at: mel_spectrogram(normalised(filled(windows[at], self.window_samples))) for at in heard_in(windows)}
        by_length: dict[int, list[int]] = {}
        for at, mel in mels.items():
            by_length.setdefault(len(mel), []).append(at)
        for places in by_length.values():
            for first in range(0, len(places), BATCH):
                batch = places[first : first + BATCH]
                found[batch] = self._run(np.stack([mels[at] for at in batch]))
        return found

    def _run(self, mels: Embeddings) -> Embeddings:
        try:
            with torch.inference_mode():
                _, (hidden, _) = self._lstm(torch.from_numpy(mels))
                heard = torch.relu(self._linear(hidden[-1])).numpy()
        except RuntimeError as problem:
            raise EncoderError(str(problem)) from problem
        return unit_rows(heard)


def weights_path() -> Path:
    """Where the installed distribution has its weights. Raises EncoderLoadError."""
    try:
        found = Path(str(importlib.metadata.distribution(DISTRIBUTION).locate_file(WEIGHTS)))
    except importlib.metadata.PackageNotFoundError:
        found = None
    if found is None or not found.is_file():
        raise EncoderLoadError(
            "the weights of Resemblyzer are not installed: pip install --no-deps resemblyzer==0.1.4, "
            "or name another encoder in SPEAKER_MODEL"
        )
    return found
