"""The speech worker with an engine that hears Korean in everything (celery -A tests.integration.korean_worker:celery).

Weights that know Korean well are large, so this stands in behind the engine's Protocol; everything else is
the real worker. It says what Whisper would: its text in decomposed Hangul, which is to be put together. Told that the
language is Japanese, it is a model that cannot translate.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace

from stt_worker import stt_worker
from stt_worker.engine.dummy import dummy_models
from stt_worker.engine.models import Models
from stt_worker.engine.protocol import NO_DRAFT, Draft, Transcript, Utterance, WordTime
from stt_worker.settings import SttSettings
from tests.integration.korean_words import CANNOT, MEANT, PROBABILITY, SAID


class KoreanEngine:
    """Says SAID, which means MEANT."""

    name = "korean"
    demo = True
    can_translate = True

    def warm_up(self) -> None: ...

    def recover(self) -> None: ...

    def transcribe_all(self, utterances: Sequence[Utterance]) -> list[Transcript]:
        return [self.transcribe(one) for one in utterances]

    def transcribe(
        self, utterance: Utterance, draft: Sequence[int] = (), interrupt: Callable[[], None] | None = None
    ) -> Transcript:
        text = unicodedata.normalize("NFD", SAID)
        times = [WordTime(word, 0.2 * at, 0.2 * at + 0.2) for at, word in enumerate(text.split())]
        words = tuple(times) if utterance.word_times else ()
        if utterance.language == "ja":
            return Transcript(text, "ja", -0.2, 0.01, no_translation=CANNOT, language_probability=0.1, words=words)
        return Transcript(text, "ko", -0.2, 0.01, translation=MEANT, language_probability=PROBABILITY, words=words)

    def partial(self, utterance: Utterance, interrupt: Callable[[], None], before: Draft = NO_DRAFT) -> Transcript:
        return self.transcribe(utterance)


def load_korean_models(_settings: SttSettings) -> Models:
    """The Korean engine; all that is not silence is speech."""
    return replace(dummy_models(), engine=KoreanEngine())


stt_worker.process.load_models = load_korean_models
celery = stt_worker.celery
