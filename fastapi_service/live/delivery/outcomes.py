"""The outcomes of one connection's session in the order of `seq`, and the latest statistics."""

from __future__ import annotations

from contract.events import OutcomeEvent
from contract.messages import Message, Stats
from contract.speech.language_lock import LanguageLock
from fastapi_service.live.delivery.feed import Feed
from fastapi_service.live.delivery.outbox import Outbox
from fastapi_service.live.delivery.speakers import KnownTurns
from fastapi_service.live.limits import Outstanding
from fastapi_service.live.sessions import OpenSession, SessionStore


class Outcomes(Feed[OutcomeEvent]):
    """Results that are read from Redis are completed with who spoke them."""

    what = "outcomes"

    def __init__(
        self,
        tag: str,
        lease: OpenSession,
        after: int,
        store: SessionStore,
        outbox: Outbox,
        language: LanguageLock,
        outstanding: Outstanding,
        known: KnownTurns,
    ) -> None:
        """`after`: the last outcome that the client has."""
        super().__init__(tag, min(after, lease.seq), outbox)
        self._session = lease.session
        self._store = store
        self._language = language
        self._outstanding = outstanding
        self._known = known
        self._statistics_told = 0

    def take(self, event: OutcomeEvent) -> None:
        """Take an outcome from the relay."""
        self._outstanding.remove(event.start)
        super().take(event)

    def statistics(self, message: Stats) -> None:
        """Take the statistics; only the newest are sent."""
        self._statistics_told += 1
        self._outbox.set_latest(message.type, message)

    async def _catch_up(self) -> None:
        try:
            await super()._catch_up()
        finally:
            self._known.close()
        told = self._statistics_told
        kept = await self._store.statistics(self._session)
        if kept is not None and told == self._statistics_told:  # else newer ones have come meanwhile
            self.statistics(Stats(session=kept.stats_session, service=kept.stats_service))

    async def _read(self) -> list[OutcomeEvent]:
        events = await self._store.outcomes_after(self._session, self.last)
        for event in events:
            self._outstanding.remove(event.start)
        if events:
            await self._known.open()
        return events

    def _number(self, event: OutcomeEvent) -> int:
        return event.seq

    def _message(self, event: OutcomeEvent) -> Message:
        return self._known.completed(event.numbered())

    def _sent(self, event: OutcomeEvent) -> None:
        self._language.heard(event.message)
