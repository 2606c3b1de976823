"""One utterance on its way through the engine."""

from __future__ import annotations

from contract.audio import SAMPLE_RATE_HZ
from stt_worker.engine.decoder.encoded import EncodedAudio
from stt_worker.engine.protocol import Span, Utterance, WordTime


class Row:
    """`features` (1, positions, n_audio_state) are of `frames` of the utterance's spectrogram. `probability`: of
    `language` by what was heard. `limit`: of its tokens. `gaps`: speech that gave no words. `timestamps`: it needed
    them. `cuts`: in seconds, where it had to be taken apart. `words`: of the text that is kept, where
    they were looked at."""

    def __init__(self, utterance: Utterance, features: EncodedAudio, frames: int, language: str, limit: int) -> None:
        self.audio = utterance.audio
        self.prompt = utterance.prompt
        self.assumed = utterance.assumed
        self.word_times = utterance.word_times
        self.speech = utterance.speech
        self.features = features
        self.frames = frames
        self.language = language
        self.probability: float | None = None
        self.limit = limit
        self.decoded_again = False
        self.timestamps = False
        self.cuts: list[float] = []
        self.gaps: tuple[Span, ...] = ()
        self.words: tuple[WordTime, ...] | None = None

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.audio) / SAMPLE_RATE_HZ
