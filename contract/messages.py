"""The server's WebSocket messages, one class each. docs/protocol.md tells their meaning.

Field names are fixed; new fields are optional. `examples.json` beside this file holds one example of each, and
both these classes and the page's types are tested against it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_TURNS = 50  # of one utterance
MAX_SPEAKERS = 64  # of one session, with those that were found to be another
MAX_NAME_CHARS = 60

Zone = Literal["positive", "neutral", "negative"]


class Message(BaseModel):
    """Base of every message: unknown fields are ignored, so that older readers take newer writers."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Models(Message):
    """Names of the models in use; `demo` is true when either of them is a demo model."""

    speech: str
    sentiment: str
    demo: bool


class Limits(Message):
    """What a client must keep to. `buffer_sec`: how much unsafe audio it should keep before it stops. `upload_bytes`:
    the largest file that is taken for transcription; 0: none is. `sentence_wait_sec`: how long an utterance stays open
    after a pause in the middle of a sentence, for a client that marks pauses; 0: every pause ends it."""

    frame_bytes: int
    utterance_sec: float
    idle_cut_sec: float
    idle_close_sec: float
    buffer_sec: float
    upload_bytes: int = 0
    sentence_wait_sec: float = 0.0


class ChannelPlace(Message):
    """Where one channel's stream stands, as `position` and `seq` of a session."""

    position: int = Field(ge=0)
    seq: int = Field(0, ge=0)


class Session(Message):
    """First message on every connection: where the stream stands."""

    type: Literal["session"] = "session"
    session: str = Field(min_length=1)
    position: int = Field(ge=0, description="samples that are safe; the client sends from here")
    seq: int = Field(0, ge=0, description="number of the session's latest outcome")
    channels: list[ChannelPlace] = Field(default_factory=list, description="of a stream with several: each, in order")
    models: Models
    limits: Limits


class Accepted(Message):
    """An utterance is safe: it will end as one result, dropped or error. `position` is the new safe position."""

    type: Literal["accepted"] = "accepted"
    utterance: str
    start: int = Field(ge=0, description="first sample")
    position: int = Field(ge=0)
    channel: int | None = Field(None, ge=1, description="of a stream with several channels: which one, from 1")


class Safe(Message):
    """Of a stream with several channels: all before sample `position` may be forgotten."""

    type: Literal["safe"] = "safe"
    position: int = Field(ge=0)


class Partial(Message):
    """Provisional text of an utterance that is still being spoken. `settled`: of so many characters (Unicode code
    points) from its beginning on no other words are expected."""

    type: Literal["partial"] = "partial"
    utterance: str
    text: str
    settled: int = Field(0, ge=0)
    channel: int | None = Field(None, ge=1, description="of a stream with several channels: which one, from 1")


class Sentiment(Message):
    """`scores` are all classes as the model gives them. `zone` is what to show: that whose classes together score
    highest, neutral when that is weak; `score` is its score, `label` its strongest class.

    `neutral_reason`: why it is neutral whatever the model says (`too_short`, `no_verb`, `cut`): the text is a splinter
    of a sentence. Label and score are the model's then."""

    label: str
    score: float = Field(ge=0, le=1)
    scores: dict[str, float]
    zone: Zone
    neutral_reason: str | None = Field(None, max_length=40)


class SentenceSentiment(Message):
    """A sentence of the text that was judged, and how it felt by itself."""

    text: str
    sentiment: Sentiment


class UtteranceMessage(Message):
    """Common to the three ways an utterance ends. `seq` is 0 until the outcome script numbers it."""

    seq: int = Field(0, ge=0)
    utterance: str
    start_sec: float = Field(0.0, ge=0, description="position of its first sample, in seconds of speech")
    duration_sec: float = Field(0.0, ge=0)
    timings_ms: dict[str, float] = Field(default_factory=dict, description="milliseconds per stage")


class Word(Message):
    """A word of a result with its punctuation, and when it is said, in seconds of the stream as `start_sec` is."""

    word: str = Field(max_length=400)
    start_sec: float = Field(ge=0)
    end_sec: float = Field(ge=0)


class Gap(Message):
    """Speech that gave no words, in seconds of the stream, and why (`no_words`)."""

    start_sec: float = Field(ge=0)
    end_sec: float = Field(ge=0)
    reason: str = Field(max_length=40)


class Turn(Message):
    """A stretch of an utterance that one person speaks. `speaker`: a number from 1 on, null while nobody can tell who.
    `start_sec` and `end_sec` are seconds of the stream as `start_sec` of its result is; `first_char` and `end_char`
    (exclusive) give its part of the text, in Unicode code points. Turns are in order, and together are the text."""

    speaker: int | None = Field(None, ge=1)
    start_sec: float = Field(ge=0)
    end_sec: float = Field(ge=0)
    first_char: int = Field(ge=0)
    end_char: int = Field(ge=0)


class Turns(Message):
    """Who spoke an utterance; may come before its result, and again once somebody unsure is known. `rev` counts what a
    session was told of its speakers."""

    type: Literal["turns"] = "turns"
    rev: int = Field(0, ge=0)
    utterance: str
    turns: list[Turn] = Field(max_length=MAX_TURNS)


class Speaker(Message):
    """One speaker of a session. `same_as`: was found to be that other one, whose number and name hold for both."""

    speaker: int = Field(ge=1)
    name: str | None = Field(None, max_length=MAX_NAME_CHARS)
    same_as: int | None = Field(None, ge=1)


class Speakers(Message):
    """All speakers of the session by now: sent when there is a new one, a name, or two were found to be one."""

    type: Literal["speakers"] = "speakers"
    rev: int = Field(0, ge=0)
    speakers: list[Speaker] = Field(max_length=MAX_SPEAKERS)


class Result(UtteranceMessage):
    """What was said and how it felt. `sentiment` is null, with a reason, where it cannot be told."""

    type: Literal["result"] = "result"
    text: str
    language: str
    language_probability: float | None = Field(
        None, ge=0, le=1, description="of that language by what was heard; null where the model knows one only"
    )
    translation: str | None = None
    sentiment: Sentiment | None = None
    sentiment_reason: str | None = None
    sentences: list[SentenceSentiment] = Field(
        default_factory=list, description="in order, one where the text is one; empty where no sentiment can be told"
    )
    decoded_again: bool = Field(False, description="a quick first text was doubtful, so all was done again")
    words: list[Word] | None = Field(None, description="in order, where the session asked for their times")
    doubtful: bool = Field(False, description="somebody spoke, but the words may be wrong")
    doubtful_reason: str | None = Field(None, description="`low_confidence`, `repetition` or `translation`")
    gaps: list[Gap] = Field(default_factory=list, description="speech in it that gave no words, in order")
    avg_logprob: float | None = Field(None, description="mean natural log-probability of the tokens")
    no_speech_prob: float | None = Field(None, ge=0, le=1, description="of silence, as the model gives it")
    temperature: float | None = Field(None, ge=0, description="at which the text was decoded")
    channel: int | None = Field(None, ge=1, description="of a stream with several channels: which one, from 1")
    speaker: int | None = Field(None, ge=1, description="who spoke it, or most of it, where that is known by now")
    turns: list[Turn] = Field(default_factory=list, description="where known by now: who spoke which part")

    @property
    def counted_sentiments(self) -> list[Sentiment]:
        """What statistics count: those of its sentences, or its own where an older worker did not tell them apart."""
        if self.sentiment is None:
            return []
        return [sentence.sentiment for sentence in self.sentences] or [self.sentiment]


class Dropped(UtteranceMessage):
    """Refused as not speech, with the reason (`no_speech`, `low_confidence`, ...)."""

    type: Literal["dropped"] = "dropped"
    reason: str
    detail: str = ""
    channel: int | None = Field(None, ge=1, description="of a stream with several channels: which one, from 1")


class Error(UtteranceMessage):
    """Something went wrong. With `seq` above 0 it is the outcome of `utterance`; else it is about the connection."""

    type: Literal["error"] = "error"
    utterance: str = ""
    code: str
    message: str
    channel: int | None = Field(None, ge=1, description="of a stream with several channels: which one, from 1")


class LatencyStats(Message):
    """Percentiles over the results, in milliseconds; null while there is none."""

    p50: float | None = None
    p95: float | None = None


class SentimentShare(Message):
    """One zone's part of the sentences: how many, which share (0 to 1), and its mean score (0 to 1)."""

    count: int
    share: float
    mean_score: float


class SpeakerShare(Message):
    """What one speaker has said: words, seconds, and which share (0 to 1) of the time of all speakers that are known.
    `sentiment`: of the sentences, as in a StatsBlock."""

    words: int = 0
    audio_sec: float = 0.0
    share: float = 0.0
    sentiment: dict[str, SentimentShare] = Field(default_factory=dict)


class StatsBlock(Message):
    """Statistics of one session or of the whole service."""

    utterances: int = 0
    results: int = 0
    dropped: int = 0
    errors: int = 0
    words: int = 0
    audio_sec: float = 0.0
    words_per_minute: float = 0.0
    decoded_again: int = 0
    unjudged: int = Field(0, description="results without a sentiment")
    sentiment: dict[str, SentimentShare] = Field(default_factory=dict, description="of sentences")
    speakers: dict[str, SpeakerShare] = Field(
        default_factory=dict, max_length=MAX_SPEAKERS, description="of a session: by the number that is shown"
    )
    latency_ms: LatencyStats = LatencyStats()


class Stats(Message):
    """This session's statistics and the service's."""

    type: Literal["stats"] = "stats"
    session: StatsBlock
    service: StatsBlock
    channel: int | None = Field(None, ge=1, description="of a stream with several channels: which one, from 1")


class Busy(Message):
    """The service cannot take more now; the connection closes with 1013 and the client comes back.

    `code` is for clients with words of their own: `connections_full`, `sessions_full`, `queue_full`, `behind`,
    `unavailable`, `too_many_attempts`; more may come.
    """

    type: Literal["busy"] = "busy"
    code: str = ""
    message: str
    retry_after_sec: float


UtteranceOutcome = Annotated[Result | Dropped | Error, Field(discriminator="type")]
ServerMessage = Annotated[
    Session | Accepted | Safe | Partial | Result | Dropped | Turns | Speakers | Stats | Error | Busy,
    Field(discriminator="type"),
]


def reason_of(message: UtteranceOutcome) -> str | None:
    """Why there is no result: the reason of one that was dropped, the code of an error."""
    if message.type == "dropped":
        return message.reason
    return message.code if message.type == "error" else None
