"""No model at all: a sentence that depends on the audio alone, at once, without torch.

WHISPER_MODEL=dummy runs the whole system so, for tests of what is around the models and for measuring it. The same
audio always gives the same sentence, others nearly always others.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ
from stt_worker.engine.models import DUMMY, Models
from stt_worker.engine.protocol import NO_DRAFT, Draft, Refusal, SpeechFound, Transcript, Utterance, WordTime

logger = logging.getLogger(__name__)

FEELINGS = ("love", "like", "hate", "cannot stand")
THINGS = ("movie", "weather", "station", "garden", "letter", "window", "summer", "river")
LOUD_FROM = 0.001  # of a sample, -1 to 1: -60 dB
CONFIDENT = -0.1


class DummyEngine:
    """Hears `I <feeling> this <thing> <number>.`, which ends a sentence where the number is even."""

    name = DUMMY
    demo = True
    can_translate = False

    def warm_up(self) -> None:
        """Nothing to warm up."""

    def recover(self) -> None:
        """Nothing to put right."""

    def transcribe(
        self, utterance: Utterance, draft: Sequence[int] = (), interrupt: Callable[[], None] | None = None
    ) -> Transcript:
        """See `SpeechEngine.transcribe`."""
        text = sentence_of(utterance.audio)
        words = _times(text, len(utterance.audio)) if utterance.word_times else ()
        number = int(text.rstrip(".").rpartition(" ")[2])
        return Transcript(text, "en", CONFIDENT, 0.0, words=words, sentence_end=float(number % 2 == 0))

    def transcribe_all(self, utterances: Sequence[Utterance]) -> list[Transcript]:
        """See `SpeechEngine.transcribe_all`."""
        return [self.transcribe(one) for one in utterances]

    def partial(self, utterance: Utterance, interrupt: Callable[[], None], before: Draft = NO_DRAFT) -> Transcript:
        """See `SpeechEngine.partial`."""
        interrupt()
        return self.transcribe(utterance)


class DummyVoiceActivity:
    """Takes all that is louder than nearly nothing for speech."""

    def warm_up(self) -> None:
        """Nothing to warm up."""

    def find(self, audio: NDArray[np.float32], interrupt: Callable[[], None] | None = None) -> SpeechFound:
        """From the first loud sample to the last."""
        if interrupt is not None:
            interrupt()
        loud = np.flatnonzero(np.abs(audio) >= LOUD_FROM)
        if not loud.size:
            return SpeechFound(0, 0.0, 0, 0)
        start, end = int(loud[0]), int(loud[-1]) + 1
        return SpeechFound(1000 * (end - start) // SAMPLE_RATE_HZ, 1.0, start, end, stretches=((start, end),))

    def refusal(self, found: SpeechFound) -> Refusal | None:
        """Silence alone is refused."""
        return None if found.peak else Refusal("no_speech", "there is silence alone")

    def trim_start(self, found: SpeechFound) -> int:
        """Nothing is cut off."""
        return 0

    def trimmed(self, audio: NDArray[np.float32], found: SpeechFound) -> NDArray[np.float32]:
        """All of it."""
        return audio


def dummy_models() -> Models:
    """Both of them."""
    logger.warning("this is the DUMMY speech model, which hears nothing: its sentences are made up")
    return Models(DummyEngine(), DummyVoiceActivity())


def sentence_of(audio: NDArray[np.float32]) -> str:
    """The sentence of `audio`: samples as an engine gets them."""
    seed = int.from_bytes(hashlib.sha256(np.ascontiguousarray(audio, np.float32).tobytes()).digest()[:8])
    seed, feeling = divmod(seed, len(FEELINGS))
    seed, thing = divmod(seed, len(THINGS))
    return f"I {FEELINGS[feeling]} this {THINGS[thing]} {seed % 10_000}."


def _times(text: str, samples: int) -> tuple[WordTime, ...]:
    words = text.split()
    each = samples / SAMPLE_RATE_HZ / len(words)
    return tuple(WordTime(word, at * each, (at + 1) * each) for at, word in enumerate(words))
