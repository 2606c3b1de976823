"""The encoder of one worker process, loaded: what SPEAKER_MODEL names."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from speaker_worker.engine.encoder.load import AUTO, DUMMY, load_encoder
from speaker_worker.engine.encoder.protocol import EncoderLoadError, VoiceEncoder
from speaker_worker.settings import SpeakerSettings

logger = logging.getLogger(__name__)

LoadEncoder = Callable[[SpeakerSettings], VoiceEncoder | None]


def load(settings: SpeakerSettings) -> VoiceEncoder | None:
    """The encoder, warm; None where nobody is to tell who speaks, or, with `auto`, can. Raises EncoderLoadError."""
    if not settings.speakers_enabled:
        logger.warning("SPEAKERS_ENABLED is off: nobody tells who speaks")
        return None
    if settings.speaker_model == DUMMY:
        logger.warning("this is the DUMMY voice encoder, which hardly tells voices apart")
    else:
        import torch  # from here on torch: workers only

        torch.set_num_threads(settings.speaker_threads)
    try:
        hub_allowed = "hub" in settings.model_sources
        encoder = load_encoder(settings.speaker_model, probe_sec=settings.model_probe_sec, hub_allowed=hub_allowed)
    except EncoderLoadError as problem:
        if settings.speaker_model != AUTO:
            raise
        logger.error("nobody tells who speaks: %s", problem)
        return None
    encoder.embed([np.zeros(encoder.window_samples, dtype=np.float32)])
    return encoder
