"""Changes of a session's speakers that a visitor asks for. Each is written only if nobody else wrote meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import redis.asyncio

from contract.keys import session_key
from contract.messages import Speakers
from contract.settings import ServiceSettings
from contract.speakers.names import shown_speaker
from contract.state.speakers import SessionSpeakers, session_speakers_async, tell_speakers_async
from runtime.redis_client import end_if_cancelled

TRIES = 20  # a speaker worker writes a few times a second at most


class UnknownError(Exception):
    """There is no such session, or no such speaker in it; the message says which."""

    def __init__(self, words: str, param: str) -> None:
        super().__init__(words)
        self.param = param


class ContestedError(Exception):
    """Somebody else wrote each time."""


@dataclass(frozen=True)
class SpeakerNames:
    """The speakers of any session."""

    client: redis.asyncio.Redis
    settings: ServiceSettings

    async def name(self, session: str, number: int, name: str | None) -> Speakers:
        """Give the speaker `number` this name, or none, and tell the session. One that was found to be another: that
        other. Raises UnknownError, ContestedError, redis.RedisError."""
        for _ in range(TRIES):
            known = await self._known(session)
            if number not in {one.speaker for one in known.speakers}:
                raise UnknownError(f"The session has no speaker {number}.", "speaker")
            shown = shown_speaker(number, known.speakers)
            speakers = [
                one.model_copy(update={"name": name}) if one.speaker == shown else one for one in known.speakers
            ]
            message = Speakers(speakers=speakers)
            if await self._write(session, known, known.state, [(None, message)]):
                return message.model_copy(update={"rev": known.rev + 1})
        raise ContestedError

    async def forget_voices(self, session: str) -> Speakers:
        """Delete the voice prints; speakers, names and numbers stay. Raises as `name` does."""
        for _ in range(TRIES):
            known = await self._known(session)
            if await self._write(session, known, b"", []):
                return Speakers(rev=known.rev + 1, speakers=list(known.speakers))
        raise ContestedError

    async def _known(self, session: str) -> SessionSpeakers:
        known = await session_speakers_async(self.client, session)
        if not known.rev and not await self.client.exists(session_key(session)):
            raise UnknownError("There is no such session, or it has been forgotten.", "session")
        end_if_cancelled()
        return known

    async def _write(
        self, session: str, known: SessionSpeakers, state: bytes, told: Sequence[tuple[None, Speakers]]
    ) -> bool:
        written = await tell_speakers_async(self.client, session, known, state, told, self.settings)
        end_if_cancelled()
        return written
