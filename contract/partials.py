"""A request for a partial: the provisional text of an utterance that is still being spoken.

The gateway appends the new speech to the utterance's audio key and pushes a request to the list `wta:partials`; a
speech worker that has nothing else to do takes it, and answers with a PartialEvent on `result_messages`. Requests
are no Celery tasks: one that is lost, late or refused is simply no partial.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field, field_validator

from contract.envelopes import LANGUAGE_PATTERN, MAX_POSITION, Envelope, PartialEvent
from contract.messages import Partial
from contract.names import utterance_id

REQUESTS_MAX: Final = 8  # more than this the workers would not reach in time
REQUESTS_TTL_SEC: Final = 10
AUDIO_TTL_SEC: Final = 60  # for audio that nobody cuts; a cut deletes it


class PartialRequest(Envelope):
    """Asks for the text of samples `start` to `end` at least; what has been said by then is in the audio key.

    Both times are epoch milliseconds by Redis's clock, put in by the script that pushes the request: a worker that
    has not begun by `begin_by_ms` drops it, one that has not answered by `answer_by_ms` gives it up.
    """

    start: int = Field(ge=0, le=MAX_POSITION)
    end: int = Field(ge=0, le=MAX_POSITION)
    language: str | None = Field(None, pattern=LANGUAGE_PATTERN)
    begin_by_ms: float = 0.0
    answer_by_ms: float = 0.0

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

    def answer(self, text: str) -> PartialEvent:
        """The event that answers this request."""
        return PartialEvent(session=self.session, asked=self.end, partial=Partial(utterance=self.utterance, text=text))
