"""What one session's stream stands at, over all its connections. Pure: messages in, decisions out."""

from __future__ import annotations

import logging

from contract.messages import Accepted, Dropped, Error, Result, Safe, ServerMessage, Session, Speakers, Turns
from recorder_service.client.outcomes import OutcomeTracker
from recorder_service.client.speakers import SpeakerTracker
from recorder_service.client.unsafe_audio import UnsafeAudio

logger = logging.getLogger(__name__)


class StreamSession:
    """The audio that is not safe, the outcomes that are out, and where a new connection goes on."""

    def __init__(
        self,
        buffer_sec: float,
        session: str | None,
        after: int | None,
        speakers_after: int | None = None,
        channels: int = 1,
        after2: int | None = None,
    ) -> None:
        """`session`: resume that one, of which the caller has the outcomes up to number `after` (those of a second
        channel up to `after2`), and what was told of who speaks up to revision `speakers_after`."""
        self.ledger = UnsafeAudio(buffer_sec, channels)
        self.welcome: Session | None = None
        self.origin = 0
        self.trackers = [OutcomeTracker() for _ in range(channels)]
        self.speakers = SpeakerTracker(speakers_after or 0)
        self._buffer_sec = buffer_sec
        self._asked = session
        self._first_after = [after, after2][:channels]

    @property
    def known_id(self) -> str | None:
        """The session to offer to the server: the current one, else the one to resume."""
        return self.welcome.session if self.welcome is not None else self._asked

    @property
    def waiting(self) -> int:
        """How many utterances have no outcome: those accepted, and one for what is not accepted yet."""
        unsafe = self.ledger.kept_sec > 0
        accepted = sum(len(tracker.waiting) for tracker in self.trackers)
        if len(self.trackers) > 1:
            return accepted + unsafe
        if not unsafe and self.trackers[0].ended_up_to(self.ledger.end):
            return 0
        return max(1, accepted + unsafe)

    def query(self) -> dict[str, int | None]:
        """What a new connection asks for: the oldest sample that is kept, the last outcome that has come, and the last
        that was told of who speaks."""
        rev = self.speakers.last_rev or None
        seqs = self._first_after if self.welcome is None else [tracker.last_seq for tracker in self.trackers]
        after = dict(zip(("after", "after2"), seqs, strict=False))
        held_from = {} if self.welcome is None else {"from": self.ledger.base}
        return {**held_from, **after, "speakers_after": rev}

    def refusal(self, welcome: Session) -> str | None:
        """Why this stream cannot be sent to that server; None where it can."""
        if len(self.trackers) > 1 and len(welcome.channels) != len(self.trackers):
            return f"the server does not take {len(self.trackers)} channels: it is older than that, or another one"
        return None

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
                self._restart(welcome, [tracker.last_seq for tracker in self.trackers])
            return []
        words = "The server has lost this session; what it had accepted will not be answered."
        lost = [
            Error(utterance=name, code="session_lost", message=words) for one in self.trackers for name in one.waiting
        ]
        resumed = known is None and welcome.session == self._asked
        if not resumed:
            self.speakers = SpeakerTracker()
        self._restart(welcome, self._first_after if resumed else [0] * len(self.trackers))
        return lost

    def _restart(self, welcome: Session, last_seqs: list[int | None] | list[int]) -> None:
        self.origin += welcome.position - self.ledger.base
        self.ledger.rebase(welcome.position)
        positions = [one.position for one in welcome.channels] or [welcome.position]
        for tracker, position, last_seq in zip(self.trackers, positions, last_seqs, strict=True):
            tracker.restart(position, last_seq)

    def book(self, message: ServerMessage) -> tuple[bool, bool]:
        """Note what an accepted or an outcome changes: whether it is news, and whether one before it is missing."""
        match message:
            case Accepted():
                self._tracker(message).accept(message)
                if len(self.trackers) == 1:
                    self.ledger.forget(message.position)
            case Safe():
                self.ledger.forget(message.position)
                for tracker in self.trackers:
                    tracker.safe(message.position)
            case Turns() | Speakers():
                return self.speakers.take(message), False
            case Result() | Dropped() | Error() if message.seq > 0:
                verdict = self._tracker(message).take(message)
                if verdict == "new" and isinstance(message, Result):
                    self.speakers.result(message)
                if verdict == "gap":
                    logger.warning("an outcome before number %d is missing: asking for it", message.seq)
                return verdict == "new", verdict == "gap"
        return True, False

    def _tracker(self, message: Accepted | Result | Dropped | Error) -> OutcomeTracker:
        """That of the message's channel."""
        return self.trackers[min(message.channel or 1, len(self.trackers)) - 1]
