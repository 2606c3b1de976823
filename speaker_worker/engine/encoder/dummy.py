"""An encoder for tests of what is around it: a voice is the shape of its spectrum. No torch, no weights, no quality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.encoder.mel import BANDS, mel_spectrogram
from speaker_worker.engine.encoder.protocol import Audio, Embeddings
from speaker_worker.engine.encoder.windows import heard_in, normalised, unit_rows


class DummyEncoder:
    """The mean energy in each mel band."""

    name = "dummy"
    window_samples = int(1.6 * SAMPLE_RATE_HZ)

    def embed(self, windows: Sequence[Audio]) -> Embeddings:
        """See VoiceEncoder."""
        rows = np.zeros((len(windows), BANDS), dtype=np.float32)
        for at in heard_in(windows):
            rows[at] = np.sqrt(mel_spectrogram(normalised(windows[at])).mean(axis=0))
        return unit_rows(rows)
