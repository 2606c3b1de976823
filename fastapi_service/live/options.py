"""What a client asks for in the query of `/ws`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.datastructures import QueryParams

from contract.jobs import MAX_POSITION, plain_line
from contract.speech.language_lock import LanguageLock
from contract.speech.spoken_language import language_code
from contract.websocket import HINTS_MAX_CHARS

Position = Annotated[int, Field(ge=0, le=MAX_POSITION)]
Choice = Literal["0", "1"]


def _code(text: str | None) -> str | None:
    return None if text is None else language_code(text)


class Options(BaseModel):
    """All optional; `from` is `held_from`."""

    model_config = ConfigDict(validate_by_name=True)

    after: Position = 0
    held_from: Position | None = Field(None, alias="from")
    language: Annotated[str | None, AfterValidator(_code)] = None
    hints: Annotated[str, Field(max_length=HINTS_MAX_CHARS), AfterValidator(plain_line)] = ""
    words: Choice = "0"
    partials: Choice = "1"
    sentences: Choice = "0"
    speakers: Choice = "0"
    speakers_after: Position = 0
    channels: Literal["1", "2"] = "1"
    after2: Position = 0
    # No names of a query from here on.
    patience: float = 1.0  # a pause in a sentence may last so many times as long as usual
    joined: bool = False  # the client gets the pieces of long speech as one
    channel: int | None = None  # this connection's, of a stream of several

    def of_channel(self, channel: int) -> Options:
        """The options of one channel: the server finds its pauses, and the channel tells who speaks."""
        after = self.after if channel == 1 else self.after2
        return self.model_copy(update={"channel": channel, "after": after, "sentences": "0", "speakers": "0"})

    def become(self, other: Options) -> None:
        """Take all values of `other`."""
        for name in type(self).model_fields:
            setattr(self, name, getattr(other, name))

    def of_task(self, language: LanguageLock) -> dict[str, Any]:
        """What the task of an utterance that ends now, and a question before it, have of the client's wishes."""
        return {
            "language": language.language,
            "language_assumed": language.assumed,
            "hints": self.hints,
            "word_times": self.words == "1",
            "channel": self.channel,
        }


OPTION_NAMES = (
    "after",
    "from",
    "language",
    "hints",
    "words",
    "partials",
    "sentences",
    "speakers",
    "speakers_after",
    "channels",
    "after2",
)


def read_options(query: QueryParams) -> Options:
    """The options of a query; unknown names are ignored. Raises pydantic.ValidationError."""
    return Options.model_validate({name: query[name] for name in OPTION_NAMES if name in query})
