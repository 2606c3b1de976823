"""An encoder for tests of what is around it: a voice is the shape of its spectrum. No torch, no weights, no quality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.mel import mel_spectrogram
from speaker_worker.engine.protocol import Audio, Embeddings
from speaker_worker.engine.windows import normalised, unit_rows


class DummyEncoder:
    """The mean energy in each mel band."""

    name = "dummy"
    window_samples = int(1.6 * SAMPLE_RATE_HZ)

    def embed(self, windows: Sequence[Audio]) -> Embeddings:
        """See VoiceEncoder."""
        rows = [np.sqrt(mel_spectrogram(normalised(window)).mean(axis=0)) for window in windows]
        return unit_rows(np.array(rows, dtype=np.float32).reshape(len(windows), -1))
