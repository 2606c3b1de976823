"""Who speaks in one connection's session: what is told of it, in the order of `rev`, where the client asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from contract.events import SpeakerEvent
from contract.ids import utterance_id
from contract.messages import Message, Result, Turns, UtteranceOutcome
from contract.speakers.told import with_turns
from fastapi_service.live.delivery.feed import Feed
from fastapi_service.live.delivery.outbox import Outbox
from fastapi_service.live.sessions import SessionStore


class KnownTurns:
    """Who spoke the utterances of a session, for results that are sent again. Held between `open` and `close` alone."""

    def __init__(self, session: str, store: SessionStore, asked: Callable[[], bool]) -> None:
        """`asked`: whether the client wants to know."""
        self._session = session
        self._store = store
        self._asked = asked
        self._turns: dict[str, tuple[int, bytes]] | None = None  # utterance to revision and event, as it is in Redis
        self.told: dict[str, int] = {}  # utterances that were completed, and with which revision

    async def open(self) -> None:
        """Read all that is known, unless that is done. Raises redis.RedisError."""
        if self._turns is None and self._asked():
            self._turns = await self._store.latest_turns(self._session)

    def note(self, event: SpeakerEvent) -> None:
        """Something new was told meanwhile."""
        if self._turns is not None and event.start is not None:
            utterance = utterance_id(self._session, event.start)
            self._turns[utterance] = (event.rev, event.model_dump_json().encode())

    def close(self) -> None:
        """Forget it."""
        self._turns = None

    def completed(self, message: UtteranceOutcome) -> UtteranceOutcome:
        """A result with its turns, where they are known; anything else as it is."""
        found = self._turns.get(message.utterance) if self._turns and isinstance(message, Result) else None
        if found is None or not isinstance(message, Result):
            return message
        revision, raw = found
        told = SpeakerEvent.model_validate_json(raw).speakers
        if not isinstance(told, Turns):
            return message
        self.told[message.utterance] = revision
        return with_turns(message, told.turns)


class SpeakerFeed(Feed[SpeakerEvent]):
    """`turns` and `speakers`. What came before the connection is sent after the outcomes that are sent again; turns
    that such a result has already are not."""

    what = "speakers"

    def __init__(
        self,
        tag: str,
        session: str,
        after: int,
        store: SessionStore,
        outbox: Outbox,
        known: KnownTurns,
        asked: Callable[[], bool],
        outcomes_sent: asyncio.Event,
    ) -> None:
        """`after`: the last revision that the client has. `asked`: whether it wants to know."""
        super().__init__(tag, after, outbox)
        self._session = session
        self._store = store
        self._known = known
        self._asked = asked
        self._outcomes_sent = outcomes_sent

    def take(self, event: SpeakerEvent) -> None:
        """Take what the relay brings."""
        if self._asked():
            self._known.note(event)
            super().take(event)

    async def _catch_up(self) -> None:
        await self._outcomes_sent.wait()
        if not self._asked():
            return
        if not self.caught_up.is_set():  # a Redis that has lost its data counts anew
            self.last = min(self.last, await self._store.speakers_revision(self._session))
        await super()._catch_up()
        self._known.told.clear()

    async def _read(self) -> list[SpeakerEvent]:
        return await self._store.speakers_after(self._session, self.last)

    def _number(self, event: SpeakerEvent) -> int:
        return event.rev

    def _message(self, event: SpeakerEvent) -> Message | None:
        if event.start is not None:
            told = self._known.told.get(utterance_id(self._session, event.start), 0)
            if event.rev <= told:
                return None
        return event.numbered()
