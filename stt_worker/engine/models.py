"""The models of one worker process, loaded: real ones on torch, or the dummy without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stt_worker.engine.protocol import SpeechEngine, VoiceActivity
from stt_worker.settings import SttSettings

DUMMY = "dummy"


def nothing() -> None:
    """For models that compute nothing in the background."""


@dataclass(frozen=True)
class Models:
    """`threads`: as many as they compute with. `set_threads` changes that, `in_background` is called by a thread that
    uses them beside the main one; without both they compute nothing worth sharing."""

    engine: SpeechEngine
    check: VoiceActivity
    threads: int = 1
    set_threads: Callable[[int], None] | None = None
    in_background: Callable[[], None] = nothing


LoadModels = Callable[[SttSettings], Models]


def load_models(settings: SttSettings) -> Models:
    """What WHISPER_MODEL names, not yet warm. Raises ModelError."""
    if settings.whisper_model == DUMMY:
        from stt_worker.engine.dummy import dummy_models

        return dummy_models()
    import torch  # from here on torch and openai-whisper: workers only

    from stt_worker.engine.load import load_engine
    from stt_worker.engine.threads import use_in_background, use_threads
    from stt_worker.utterances.speech_check import SpeechCheck

    engine = load_engine(settings)
    check = SpeechCheck(settings)
    threads = use_threads(settings.stt_threads, tiny_model=engine.demo)
    return Models(engine, check, threads, torch.set_num_threads, use_in_background)
