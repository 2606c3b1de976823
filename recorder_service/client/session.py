"""What one session's stream stands at, over all its connections. Pure: messages in, decisions out."""

from __future__ import annotations

import logging

from contract.messages import Accepted, Dropped, Error, Result, ServerMessage, Session, Speakers, Turns
from recorder_service.client.outcomes import OutcomeTracker
from recorder_service.client.speakers import SpeakerTracker
from recorder_service.client.unsafe_audio import UnsafeAudio

logger = logging.getLogger(__name__)


class StreamSession:
    """The audio that is not safe, the outcomes that are out, and where a new connection goes on."""

    def __init__(
        self, buffer_sec: float, session: str | None, after: int | None, speakers_after: int | None = None
    ) -> None:
        """`session`: resume that one, of which the caller has the outcomes up to number `after`, and what was told of
        who speaks up to revision `speakers_after`."""
        self.ledger = UnsafeAudio(buffer_sec)
        self.welcome: Session | None = None
        self.origin = 0
        self.tracker = OutcomeTracker()
        self.speakers = SpeakerTracker(speakers_after or 0)
        self._buffer_sec = buffer_sec
        self._asked = session
        self._first_after = after

    @property
    def known_id(self) -> str | None:
        """The session to offer to the server: the current one, else the one to resume."""
        return self.welcome.session if self.welcome is not None else self._asked

    @property
    def waiting(self) -> int:
        """How many utterances have no outcome: those accepted, and one for what is not accepted yet."""
        unsafe = self.ledger.kept_sec > 0
        if not unsafe and self.tracker.ended_up_to(self.ledger.end):
            return 0
        return max(1, len(self.tracker.waiting) + unsafe)

    def query(self) -> dict[str, int | None]:
        """What a new connection asks for: the oldest sample that is kept, the last outcome that has come, and the last
        that was told of who speaks."""
        rev = self.speakers.last_rev or None
        if self.welcome is None:
            return {"after": self._first_after, "speakers_after": rev}
        return {"from": self.ledger.base, "after": self.tracker.last_seq, "speakers_after": rev}

    def begin(self, welcome: Session) -> list[Error]:
        """Place what is kept at the position that the server names.

        Returns one error for each utterance that a lost session had accepted: nobody will answer it.
        """
        known, self.welcome = self.welcome, welcome
        self.ledger.limit_sec = min(self._buffer_sec, welcome.limits.buffer_sec)
        if known is not None and known.session == welcome.session:
            if self.ledger.base <= welcome.position <= self.ledger.end:
                self.ledger.rewind(welcome.position)
            else:
                logger.warning("position %d, kept: %d to %d", welcome.position, self.ledger.base, self.ledger.end)
                self._restart(welcome.position, self.tracker.last_seq)
            return []
        words = "The server has lost this session; what it had accepted will not be answered."
        lost = [Error(utterance=name, code="session_lost", message=words) for name in self.tracker.waiting]
        resumed = known is None and welcome.session == self._asked
        if not resumed:
            self.speakers = SpeakerTracker()
        self._restart(welcome.position, self._first_after if resumed else 0)
        return lost

    def _restart(self, position: int, last_seq: int | None) -> None:
        self.origin += position - self.ledger.base
        self.ledger.rebase(position)
        self.tracker.restart(position, last_seq)

    def book(self, message: ServerMessage) -> tuple[bool, bool]:
        """Note what an accepted or an outcome changes: whether it is news, and whether one before it is missing."""
        match message:
            case Accepted():
                self.tracker.accept(message)
                self.ledger.forget(message.position)
            case Turns() | Speakers():
                return self.speakers.take(message), False
            case Result() | Dropped() | Error() if message.seq > 0:
                verdict = self.tracker.take(message)
                if verdict == "new" and isinstance(message, Result):
                    self.speakers.result(message)
                if verdict == "gap":
                    logger.warning("an outcome before number %d is missing: asking for it", message.seq)
                return verdict == "new", verdict == "gap"
        return True, False
