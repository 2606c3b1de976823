"""Events on Redis channels and streams: ended utterances, partials, statistics. Validated by the receiver."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter, field_validator

from contract.jobs import MAX_POSITION, MAX_TEXT_CHARS, Envelope, now_ms
from contract.messages import Partial, Speakers, StatsBlock, Turns, UtteranceOutcome

Ending = Literal["sentence", "likely", "open", "silence"]
"""How speech up to a pause ends: surely with a sentence, perhaps with one, in the middle of one; or there is none."""


class SentenceEnd(BaseModel):
    """An end of a sentence inside a text: after its first `chars` characters, and at sample `position` of the stream,
    where it is quiet."""

    chars: int = Field(gt=0, le=MAX_TEXT_CHARS)
    position: int = Field(gt=0, le=MAX_POSITION)


class OutcomeEvent(Envelope):
    """One ended utterance, on `result_channel`, on `result_messages` and in both streams.

    `seq` is put in by the outcome script; `ended_ms` (epoch ms) is when the utterance ended. A `repetition` (see
    UtteranceJob) is not counted.
    """

    seq: int = Field(0, ge=0)
    start: int = Field(ge=0, le=MAX_POSITION)
    ended_ms: float = Field(default_factory=now_ms)
    repetition: bool = False
    message: UtteranceOutcome

    def numbered(self) -> UtteranceOutcome:
        """The message for the client, with its sequence number."""
        return self.message.model_copy(update={"seq": self.seq})


class PartialEvent(Envelope):
    """A partial on `result_messages`; not an outcome. It answers the request whose `end` is `asked`; an empty text
    says that there is nothing to show. `ending`: of a SentenceRequest alone, null where nobody could look.
    `sentence_end`: the last one inside the text, where it was asked for and there is one. `speech_end`: the
    sample up to which somebody surely speaks."""

    partial: Partial
    asked: int = Field(0, ge=0)
    ending: Ending | None = None
    sentence_end: SentenceEnd | None = None
    speech_end: int | None = Field(None, ge=0, le=MAX_POSITION)

    @field_validator("partial")
    @classmethod
    def _bounded(cls, partial: Partial) -> Partial:
        if len(partial.text) > MAX_TEXT_CHARS:
            raise ValueError("the text is too long")
        return partial


class StatsEvent(Envelope):
    """A session's and the service's statistics on `final_stats`."""

    stats_session: StatsBlock
    stats_service: StatsBlock


class SpeakerEvent(Envelope):
    """What was found out about who speaks, on `result_messages` and in two streams: the session's, and that of all
    outcomes, where the field is `speakers` instead of `event`.

    `rev` is put in by the script. `start` is the first sample of the utterance that the message is about, null of one
    about all speakers."""

    rev: int = Field(0, ge=0)
    start: int | None = Field(None, ge=0, le=MAX_POSITION)
    speakers: Annotated[Turns | Speakers, Field(discriminator="type")]

    def numbered(self) -> Turns | Speakers:
        """The message for the client, with its revision."""
        return self.speakers.model_copy(update={"rev": self.rev})


BUS_EVENT: TypeAdapter[OutcomeEvent | PartialEvent | SpeakerEvent] = TypeAdapter(
    OutcomeEvent | PartialEvent | SpeakerEvent
)
