"""Arguments of the tasks between the services. Each is validated by its receiver."""

from __future__ import annotations

import time
import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import utterance_id
from contract.messages import Gap, Word

SESSION_PATTERN = r"^[A-Za-z0-9_-]{16,128}$"
LANGUAGE_PATTERN = r"^[a-z]{2,3}$"
MAX_TEXT_CHARS = 8_000
MAX_HINTS_CHARS = 1_000  # Whisper reads about 220 tokens of them
MAX_WORDS = 1_000
MAX_GAPS = 100
MAX_SPANS = 200  # stretches of speech in an utterance
MAX_CHANNELS = 8
MAX_POSITION = 2**53 - 1  # JavaScript's largest safe integer
TRIES_MAX = 3  # workers that may end on one task; then it is given up, so that it does not end them all
RESENDS_MAX = 5  # of an utterance without outcome; then it ends as an error, so that nobody waits for ever


def plain_line(text: str) -> str:
    """`text` unchanged, if it is one line. Raises ValueError for control characters and lone surrogates."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise ValueError("control characters are not allowed")
    return text


Hints = Annotated[str, Field(max_length=MAX_HINTS_CHARS), AfterValidator(plain_line)]
Stage = Annotated[str, Field(max_length=40)]


def now_ms() -> float:
    """Milliseconds since the epoch; stage times across machines are as good as their clocks."""
    return time.time() * 1000.0


class Envelope(BaseModel):
    """Base: every envelope carries its contract version and its session."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    v: Literal[1] = 1
    session: str = Field(pattern=SESSION_PATTERN)


class AudioSpan(Envelope):
    """Samples `start` to `end` (exclusive) of a session, and the code of the language if it is known.

    `language_assumed`: earlier utterances were in that language, so it is likely, not certain. `hints`: names and
    words that may be spoken, from the speaker.
    """

    start: int = Field(ge=0, le=MAX_POSITION)
    end: int = Field(ge=0, le=MAX_POSITION)
    language: str | None = Field(None, pattern=LANGUAGE_PATTERN)
    language_assumed: bool = False
    hints: Hints = ""

    @field_validator("end")
    @classmethod
    def _end_after_start(cls, end: int, info: Any) -> int:
        if end <= info.data.get("start", 0):
            raise ValueError("end must be after start")
        return end

    @property
    def utterance(self) -> str:
        """The utterance's id, safe to log and to show."""
        return utterance_id(self.session, self.start)

    @property
    def samples(self) -> int:
        """Length in samples."""
        return self.end - self.start


class UtteranceJob(AudioSpan):
    """The header of one utterance, second argument of `transcribe_audio`. Positions are samples of the session.

    `timings_ms` gains one entry per stage; `stamped_ms` (epoch ms) is when the latest of them ended. `word_times`
    asks for the times of the words. `repetition`: the same sound was heard before, as another utterance.
    `live`: somebody is speaking it and waits; parts of a file come after these. `cut_at_start`, `cut_at_end`: it begins
    or ends where the length limit cut the speech, not where the speaker paused. `looked_until`: a worker was asked
    whether a sentence ends at that sample (contract.speech.sentences), and from there to `end` it is quiet.
    `speakers`: asks who speaks. `channel`: of a stream with several, where each is one speaker.
    """

    timings_ms: dict[Stage, float] = Field(default_factory=dict, max_length=32)
    stamped_ms: float = Field(default_factory=now_ms)
    word_times: bool = False
    repetition: bool = False
    live: bool = True
    cut_at_start: bool = False
    cut_at_end: bool = False
    looked_until: int | None = Field(None, ge=0, le=MAX_POSITION)
    speakers: bool = False
    channel: int | None = Field(None, ge=1, le=MAX_CHANNELS)

    def stamp(self, stage: str) -> None:
        """Add the time since the last stamp to `stage`, and set the stamp to now."""
        now = now_ms()
        self.timings_ms[stage] = round(self.timings_ms.get(stage, 0.0) + max(0.0, now - self.stamped_ms), 1)
        self.stamped_ms = now

    def outcome_fields(self) -> dict[str, Any]:
        """The fields that every outcome message of this utterance has."""
        return {
            "utterance": self.utterance,
            "start_sec": round(self.start / SAMPLE_RATE_HZ, 3),
            "duration_sec": round(self.samples / SAMPLE_RATE_HZ, 3),
            "timings_ms": dict(self.timings_ms),
        }


class AnalyzeJob(UtteranceJob):
    """The one argument of `analyze_text`. `sentiment_text` is what to judge: the English text, the translation,
    or null (with the reason) where there is none."""

    text: str = Field(max_length=MAX_TEXT_CHARS)
    spoken_language: str = Field(max_length=32)
    language_probability: float | None = Field(None, ge=0, le=1)
    translation: str | None = Field(None, max_length=MAX_TEXT_CHARS)
    sentiment_text: str | None = Field(None, max_length=MAX_TEXT_CHARS)
    sentiment_reason: str | None = Field(None, max_length=500)
    decoded_again: bool = False
    words: list[Word] | None = Field(None, max_length=MAX_WORDS)
    doubtful_reason: str | None = Field(None, max_length=40)
    gaps: list[Gap] = Field(default_factory=list, max_length=MAX_GAPS)
    avg_logprob: float | None = None
    no_speech_prob: float | None = Field(None, ge=0, le=1)
    temperature: float | None = Field(None, ge=0)


class SpeakerJob(AudioSpan):
    """The header of one recognised utterance, second argument of `tell_speakers`: who speaks it?

    `speech`: the stretches in which somebody speaks, in samples of the session. `words`: where their times are known.
    `stamped_ms` (epoch ms): when its text was known.
    """

    text: str = Field(max_length=MAX_TEXT_CHARS)
    words: list[Word] | None = Field(None, max_length=MAX_WORDS)
    speech: list[tuple[int, int]] = Field(default_factory=list, max_length=MAX_SPANS)
    live: bool = True
    stamped_ms: float = Field(default_factory=now_ms)


class FileSpeakersJob(Envelope):
    """The one argument of `tell_file_speakers`: all segments of the file `file` were heard; who speaks in it?

    Its segments were utterances of `session`, some of them once more of `again_session`, which then counts.
    """

    file: str = Field(pattern=SESSION_PATTERN)
    again_session: str = Field(pattern=SESSION_PATTERN)
