"""What the worker asks of its models, whichever they are. A faster engine is a second class behind `SpeechEngine`; the
cheapest is engine.dummy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

MAX_AUDIO_SEC = 30.0  # of an utterance: Whisper hears at most so much at once


class ModelError(Exception):
    """The wanted model cannot be had; the message tells the user why and what to do."""


class SpeechEngineError(Exception):
    """The model gave no usable answer; the message says what is wrong with it."""


class WorkInterruptedError(Exception):
    """What `interrupt` raises: the models must be released for something that goes before."""


Span = tuple[float, float]  # from, to, in seconds of the audio


@dataclass(frozen=True)
class WordTime:
    """A word with its punctuation, and when it is said, in seconds of the audio."""

    word: str
    start_sec: float
    end_sec: float


@dataclass(frozen=True)
class Transcript:
    """What a model heard in one utterance, before it is judged.

    `avg_logprob`: mean natural log-probability of the tokens. `no_speech_prob`: 0 to 1. `temperature`: at which it
    was sampled. For a language other than English, `translation` is the English text, or None with
    `no_translation`, the reason in words for the user; `unsure_translation`: the model is unsure of it. `tokens`: those
    of the text where the engine tells them, a draft for the next time. `decoded_again`: a quick first result was
    doubtful and all was done again. `language_probability`: of `language` by what was heard, 0 to 1, None where the
    model knows one only. `words`: where they were asked for. `gaps`: where somebody surely spoke and no words came, in
    order. `sentence_end`: how probable it is by the text that a sentence ends with it, `phrase_end`: by the sound that
    a phrase does; 0 to 1, None where nobody can tell. `encoded`: what the engine has made of the sound of a partial,
    for itself alone: the next partial of the utterance can begin with it.
    """

    text: str
    language: str
    avg_logprob: float
    no_speech_prob: float
    temperature: float = 0.0
    translation: str | None = None
    no_translation: str | None = None
    unsure_translation: bool = False
    tokens: tuple[int, ...] = ()
    decoded_again: bool = False
    language_probability: float | None = None
    words: tuple[WordTime, ...] = ()
    gaps: tuple[Span, ...] = ()
    sentence_end: float | None = field(default=None, compare=False)
    phrase_end: float | None = field(default=None, compare=False)
    encoded: object | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Draft:
    """What an earlier partial of the same utterance left: `tokens` and `encoded` of its Transcript, the second None
    where its audio is no beginning of the one at hand."""

    tokens: tuple[int, ...] = ()
    encoded: object | None = None


NO_DRAFT = Draft()


@dataclass(frozen=True)
class Utterance:
    """What is to be transcribed. `audio`: samples at 16 kHz, mono, -1 to 1, shape (n,), at most 30 s. `language`: the
    code of what is spoken, None to detect it; `assumed`: it is likely, not certain, and another is taken where it does
    badly. `prompt`: names and words that may come, spelled as they should be. `word_times`: tell the words' times, of a
    partial only where there is the mark of a sentence's end inside its text.
    `speech`: where somebody surely speaks, in order; none where nobody has looked.
    """

    audio: NDArray[np.float32]
    language: str | None
    assumed: bool = False
    prompt: str = ""
    word_times: bool = False
    speech: tuple[Span, ...] = ()


@dataclass(frozen=True)
class SpeechFound:
    """`speech_ms`: speech in all. `peak`: highest speech probability of a frame. `start`, `end`: samples from the
    first to the last speech (`end` exclusive); both 0 when there is none. `clear`: the same of each stretch that is
    surely speech, in order. `spoken_until`: the end of the last of them, where hardly anything behind it may be speech;
    else `end`, or None where nothing is sure. `stretches`: of all speech, in order."""

    speech_ms: int
    peak: float
    start: int
    end: int
    clear: tuple[tuple[int, int], ...] = ()
    spoken_until: int | None = None
    stretches: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Refusal:
    """Why an utterance is dropped: a `reason` for programs, a `detail` for people. No word of the transcript."""

    reason: str
    detail: str


class VoiceActivity(Protocol):
    """Looks for speech before the engine does. Used by one thread at a time."""

    def warm_up(self) -> None:
        """Look at something for real, so that the first utterance is not the slow one."""
        ...

    def find(self, audio: NDArray[np.float32], interrupt: Callable[[], None] | None = None) -> SpeechFound:
        """Where in `audio` (samples at 16 kHz, -1 to 1, shape (n,)) speech is. `interrupt` is called first and may
        raise."""
        ...

    def refusal(self, found: SpeechFound) -> Refusal | None:
        """Why an utterance in which this was found is no speech, or None when it is."""
        ...

    def trim_start(self, found: SpeechFound) -> int:
        """The first sample that `trimmed` keeps."""
        ...

    def trimmed(self, audio: NDArray[np.float32], found: SpeechFound) -> NDArray[np.float32]:
        """What the engine gets of `audio`."""
        ...


class SpeechEngine(Protocol):
    """A loaded speech model. Used by one thread at a time."""

    @property
    def name(self) -> str:
        """The model's name, to show and to log."""
        ...

    @property
    def demo(self) -> bool:
        """Whether it is the small demo model."""
        ...

    @property
    def can_translate(self) -> bool:
        """Whether it can turn other languages into English."""
        ...

    def warm_up(self) -> None:
        """Transcribe something short for real, so that the first utterance is not the slow one."""
        ...

    def transcribe(
        self, utterance: Utterance, draft: Sequence[int] = (), interrupt: Callable[[], None] | None = None
    ) -> Transcript:
        """Transcribe one utterance on its own (no text of earlier ones is used).

        `draft`: tokens that it probably begins with; they make it quicker and change nothing. `interrupt`: as in
        `partial`. Raises SpeechEngineError, or what the model's library raises.
        """
        ...

    def transcribe_all(self, utterances: Sequence[Utterance]) -> list[Transcript]:
        """Transcribe several utterances side by side, each as `transcribe` does. Raises when any of them fails."""
        ...

    def partial(self, utterance: Utterance, interrupt: Callable[[], None], before: Draft = NO_DRAFT) -> Transcript:
        """The quickest transcript of an utterance that goes on: one try at temperature 0, no translation.

        `before`: what the partial before left; what long speech costs does not grow then with all that has been said.
        `interrupt` is called often (between layers and tokens) and may raise WorkInterruptedError: that ends the work
        and comes through, and the model can be used as before.
        """
        ...

    def recover(self) -> None:
        """Make the model usable again after `transcribe` or `partial` has raised for a reason of its own."""
        ...
