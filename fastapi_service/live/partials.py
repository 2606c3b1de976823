"""Partials: requests the provisional text of an utterance that is still being spoken, and takes the answers.

Nothing waits for a partial: this runs beside the audio path, and any failure means that there is no partial.
"""

from __future__ import annotations

import asyncio
import logging
import time
from enum import IntEnum
from pathlib import Path

import redis.asyncio

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.events import PartialEvent
from contract.ids import session_tag, utterance_id
from contract.keys import PARTIALS, partial_audio_key, session_key
from contract.language_lock import LanguageLock
from contract.messages import Partial
from contract.partials import AUDIO_TTL_SEC, REQUESTS_MAX, REQUESTS_TTL_SEC, PartialRequest
from contract.queues import STT_QUEUE
from contract.segmenter import Segmenter
from fastapi_service.live.sessions import OpenSession, end_if_cancelled
from fastapi_service.settings import GatewaySettings

logger = logging.getLogger(__name__)

FIRST_AFTER_SEC = 1.0  # of speech: a shorter piece says little
BEGIN_WITHIN_SEC = 1.5  # a request that no worker has begun by then is dropped: more has been said
CALLS_AT_ONCE = 4  # over all sessions, so that partials never use up the connections to Redis that audio needs
ANSWER_MARGIN_SEC = 1.0  # for an answer that was sent in time and has not arrived


class Asked(IntEnum):
    """What became of a request."""

    QUEUED = 1
    BACKLOG = 0
    OVER = -1
    AUDIO_GONE = -2


class PartialRequests:
    """Pushes the requests of all sessions."""

    def __init__(self, client: redis.asyncio.Redis, settings: GatewaySettings) -> None:
        script = Path(__file__).parent / "scripts" / "ask_partial.lua"
        self._script = client.register_script(script.read_text(encoding="utf-8"))
        self.settings = settings
        self.turn = asyncio.Semaphore(CALLS_AT_ONCE)

    async def ask(self, lease: OpenSession, request: PartialRequest, position: int, audio: bytes) -> Asked:
        """Append `audio`, which begins at sample `position`, to the utterance's and push `request`, or do neither.

        Raises redis.RedisError, OSError.
        """
        keys = [session_key(lease.session), STT_QUEUE, PARTIALS, partial_audio_key(lease.session, request.start)]
        arguments: list[bytes | str | int] = [
            lease.epoch,
            request.start,
            (position - request.start) * BYTES_PER_SAMPLE,
            audio,
            request.model_dump_json(exclude={"begin_by_ms", "answer_by_ms"}),
            round(BEGIN_WITHIN_SEC * 1000),
            round(self.settings.partial_answer_sec * 1000),
            REQUESTS_MAX,
            REQUESTS_TTL_SEC,
            AUDIO_TTL_SEC,
        ]
        return Asked(int(await self._script(keys, arguments)))


class PartialAsker:
    """The partials of one connection: at most one is outstanding. Without `requests` there are none."""

    def __init__(
        self,
        requests: PartialRequests | None,
        lease: OpenSession,
        segmenter: Segmenter,
        language: LanguageLock,
        hints: str,
    ) -> None:
        self._requests = requests
        self._lease = lease
        self._segmenter = segmenter
        self._language = language
        self._hints = hints
        self._tag = session_tag(lease.session)
        self._wake = asyncio.Event()
        self._start = -1  # the utterance that the next two are about
        self._stored = 0  # up to this sample its audio is in Redis
        self._next = 0  # the position at which to ask next
        self._outstanding: tuple[str, int] | None = None
        self._outstanding_until = 0.0

    def heard(self) -> None:
        """The segmenter has more audio: ask, if it is time."""
        if self._requests is not None and self._due():
            self._wake.set()

    def answer(self, event: PartialEvent) -> Partial | None:
        """Take the answer to a request; returns it if it is of the current utterance and has a text."""
        partial = event.partial
        if self._outstanding == (partial.utterance, event.asked):
            self._outstanding = None
        in_hand = self._segmenter.pending and partial.utterance == utterance_id(
            self._lease.session, self._segmenter.start
        )
        return partial if in_hand and partial.text else None

    async def run(self) -> None:
        """Ask whenever it is time, until cancelled."""
        if self._requests is None:
            return
        while True:
            await self._wake.wait()
            self._wake.clear()
            async with self._requests.turn:
                if self._due():
                    await self._ask(self._requests)
            end_if_cancelled()

    def _due(self) -> bool:
        segmenter = self._segmenter
        if segmenter.start != self._start:
            self._start = self._stored = segmenter.start
            self._next = self._start + int(FIRST_AFTER_SEC * SAMPLE_RATE_HZ)
        if segmenter.position < self._next:
            return False
        return self._outstanding is None or time.monotonic() > self._outstanding_until

    async def _ask(self, requests: PartialRequests) -> None:
        start, position, end = self._start, self._stored, self._segmenter.position
        request = PartialRequest(
            session=self._lease.session, start=start, end=end, language=self._language.language, hints=self._hints
        )
        asked = (request.utterance, end)
        self._outstanding = asked  # before it is pushed: the answer may be here before the script's
        self._outstanding_until = time.monotonic() + requests.settings.partial_answer_sec + ANSWER_MARGIN_SEC
        self._next = end + int(requests.settings.partial_every_sec * SAMPLE_RATE_HZ)
        try:
            became = await requests.ask(self._lease, request, position, self._segmenter.audio_from(position))
        except (redis.RedisError, OSError) as problem:
            # It may have been pushed nevertheless, so it counts as outstanding until its time is over.
            logger.warning("session %s: no partial: %s: %s", self._tag, type(problem).__name__, problem)
            return
        if became is not Asked.QUEUED and self._outstanding == asked:
            self._outstanding = None
        if self._start == start:
            if became is Asked.QUEUED:
                self._stored = end
            elif became is Asked.AUDIO_GONE:
                self._stored = start
