"""Which encoder: by the setting SPEAKER_MODEL."""

from __future__ import annotations

from speaker_worker.engine.dummy import DummyEncoder
from speaker_worker.engine.protocol import VoiceEncoder

AUTO, DUMMY = "auto", "dummy"


def load_encoder(speaker_model: str = AUTO) -> VoiceEncoder:
    """`auto`: Resemblyzer's; `dummy`: that of the tests. Raises EncoderLoadError."""
    if speaker_model == DUMMY:
        return DummyEncoder()
    from speaker_worker.engine.resemblyzer import ResemblyzerEncoder

    return ResemblyzerEncoder()
