"""What the dummy speech model makes of some audio."""

from __future__ import annotations

import numpy as np

from contract.audio import FULL_SCALE
from stt_worker.engine.dummy import sentence_of


def dummy_text(pcm: bytes) -> str:
    """The sentence for an utterance of these samples, s16le."""
    return sentence_of(np.frombuffer(pcm, dtype="<i2").astype(np.float32) / FULL_SCALE)
