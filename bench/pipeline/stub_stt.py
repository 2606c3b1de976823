"""The speech worker with models that answer at once: `celery -A bench.pipeline.stub_stt:celery ...`; benchmark only.

What is then measured is everything around the models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stt_worker import celery
from stt_worker.engine import load
from stt_worker.engine.protocol import Transcript, Utterance
from stt_worker.engine.quality import Refusal
from stt_worker.utterances import speech_check
from stt_worker.utterances.speech_check import SpeechFound

__all__ = ["celery"]

HEARD = Transcript("I love this movie.", "en", -0.1, 0.0, tokens=(1, 2, 3))


class StubEngine:
    """Hears the same in everything."""

    name = "stub"
    demo = False
    can_translate = False

    def warm_up(self) -> None:
        """Nothing to warm up."""

    def recover(self) -> None:
        """Nothing to put right."""

    def transcribe(self, utterance: Utterance, draft: Sequence[int] = ()) -> Transcript:
        """At once."""
        return HEARD

    def transcribe_all(self, utterances: Sequence[Utterance]) -> list[Transcript]:
        """At once."""
        return [HEARD] * len(utterances)

    def partial(self, utterance: Utterance, interrupt: Callable[[], None], draft: Sequence[int] = ()) -> Transcript:
        """At once."""
        return HEARD


class StubCheck:
    """Finds speech in everything."""

    def __init__(self, settings: Any) -> None:
        self._settings = settings

    def warm_up(self) -> None:
        """Nothing to warm up."""

    def find(self, audio: NDArray[np.float32], interrupt: Callable[[], None] | None = None) -> SpeechFound:
        """All of it."""
        return SpeechFound(len(audio) // 16, 1.0, 0, len(audio))

    def refusal(self, found: SpeechFound) -> Refusal | None:
        """Never."""
        return None

    def trimmed(self, audio: NDArray[np.float32], found: SpeechFound) -> NDArray[np.float32]:
        """As it is."""
        return audio


vars(load).update(load_engine=lambda settings: StubEngine())
vars(speech_check).update(SpeechCheck=StubCheck)
