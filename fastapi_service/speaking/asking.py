"""Requests to the speech workers about an utterance that is still being spoken, and its audio in Redis for them."""

from __future__ import annotations

import asyncio
import time
from enum import IntEnum
from pathlib import Path

import redis.asyncio

from contract.audio import BYTES_PER_SAMPLE
from contract.keys import PARTIALS, SENTENCES, partial_audio_key, session_key
from contract.queues import STT_QUEUE
from contract.speech import partials, sentences
from contract.speech.partials import AUDIO_TTL_SEC, REQUESTS_TTL_SEC, PartialRequest
from contract.speech.segmenter import Segmenter
from contract.speech.sentences import SentenceRequest
from fastapi_service.live.sessions import OpenSession
from fastapi_service.settings import GatewaySettings

BEGIN_WITHIN_SEC = 1.5  # a request that no worker has begun by then is dropped: more has been said
CALLS_AT_ONCE = 4  # over all sessions, so that requests never use up the connections to Redis that audio needs
ANSWER_MARGIN_SEC = 1.0  # for an answer that was sent in time and has not arrived
LISTS: dict[type[PartialRequest], tuple[str, int]] = {
    PartialRequest: (PARTIALS, partials.REQUESTS_MAX),
    SentenceRequest: (SENTENCES, sentences.REQUESTS_MAX),
}


class Asked(IntEnum):
    """What became of a request."""

    QUEUED = 1
    BACKLOG = 0
    OVER = -1
    AUDIO_GONE = -2


class OutstandingQuestions:
    """Which sessions have asked about a pause and wait for the answer."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}  # monotonic s; a session has one question at most

    def add(self, session: str, seconds: float) -> None:
        """A session asks; after so many seconds no answer comes."""
        self._until[session] = time.monotonic() + seconds

    def remove(self, session: str) -> None:
        """Its question is over."""
        self._until.pop(session, None)

    def of_others(self, session: str) -> bool:
        """Whether any other session waits."""
        now = time.monotonic()
        self._until = {name: until for name, until in self._until.items() if until > now}
        return bool(self._until.keys() - {session})


class SpeechRequests:
    """Pushes the requests of all sessions."""

    def __init__(self, client: redis.asyncio.Redis, settings: GatewaySettings) -> None:
        script = Path(__file__).parent / "scripts" / "ask_partial.lua"
        self._script = client.register_script(script.read_text(encoding="utf-8"))
        self.settings = settings
        self.turn = asyncio.Semaphore(CALLS_AT_ONCE)
        self.outstanding = OutstandingQuestions()

    async def ask(self, lease: OpenSession, request: PartialRequest, position: int, audio: bytes) -> Asked:
        """Append `audio`, which begins at sample `position`, to the utterance's and push `request`, or do neither.

        Raises redis.RedisError, OSError.
        """
        requests, longest = LISTS[type(request)]
        keys = [session_key(lease.session), STT_QUEUE, requests, partial_audio_key(lease.session, request.start)]
        arguments: list[bytes | str | int] = [
            lease.epoch,
            request.start,
            (position - request.start) * BYTES_PER_SAMPLE,
            audio,
            request.model_dump_json(exclude={"begin_by_ms", "answer_by_ms"}),
            round(BEGIN_WITHIN_SEC * 1000),
            round(self.settings.partial_answer_sec * 1000),
            longest,
            REQUESTS_TTL_SEC,
            AUDIO_TTL_SEC,
        ]
        return Asked(int(await self._script(keys, arguments)))


class SharedAudio:
    """The utterance in hand of one connection, as far as it is in Redis: whoever asks sends what is new."""

    def __init__(self, requests: SpeechRequests, lease: OpenSession, segmenter: Segmenter) -> None:
        self._requests = requests
        self._lease = lease
        self._segmenter = segmenter
        self._start = -1  # the utterance that the next is about
        self._stored = 0  # up to this sample its audio is in Redis
        self.turn = requests.turn
        self.outstanding = requests.outstanding
        self.answer_sec = requests.settings.partial_answer_sec + ANSWER_MARGIN_SEC  # after this no answer comes

    async def ask(self, request: PartialRequest) -> Asked:
        """Push `request`, which is about the utterance in hand. Where its audio is gone the next sends all of it.

        Raises redis.RedisError, OSError.
        """
        start, end = self._segmenter.start, self._segmenter.position
        if start != self._start:
            self._start = self._stored = start
        position = self._stored
        became = await self._requests.ask(self._lease, request, position, self._segmenter.audio_from(position))
        if self._start == start:
            if became is Asked.QUEUED:
                self._stored = max(self._stored, end)
            elif became is Asked.AUDIO_GONE:
                self._stored = start
        return became
