"""A request for a partial: the provisional text of an utterance that is still being spoken.

The gateway appends the new speech to the utterance's audio key and pushes a request to the list `wta:partials`; a
speech worker that has nothing else to do takes it, and answers with a PartialEvent on `result_messages`. Requests
are no Celery tasks: one that is lost, late or refused is simply no partial.
"""

from __future__ import annotations

from typing import Final

from contract.events import Ending, PartialEvent, SentenceEnd
from contract.jobs import AudioSpan
from contract.messages import Partial

REQUESTS_MAX: Final = 8  # workers would not reach more in time
REQUESTS_TTL_SEC: Final = 10
AUDIO_TTL_SEC: Final = 60  # of audio whose utterance is never cut; a cut deletes it
BEGUN_TTL_SEC: Final = 3_600  # longer than any utterance lasts


class PartialRequest(AudioSpan):
    """Asks for the text of samples `start` to `end` at least; what has been said by then is in the audio key.

    Both times are epoch milliseconds by Redis's clock, set by the script that pushes the request: a worker that has not
    begun by `begin_by_ms` drops it, one that has not answered by `answer_by_ms` aborts it. `find_end`: tell where the
    last sentence inside the text ends.
    """

    begin_by_ms: float = 0.0
    answer_by_ms: float = 0.0
    find_end: bool = False

    def answer(
        self,
        text: str,
        ending: Ending | None = None,
        sentence_end: SentenceEnd | None = None,
        speech_end: int | None = None,
    ) -> PartialEvent:
        """The event that answers this request."""
        partial = Partial(utterance=self.utterance, text=text)
        return PartialEvent(
            session=self.session,
            asked=self.end,
            partial=partial,
            ending=ending,
            sentence_end=sentence_end,
            speech_end=speech_end,
        )
