"""Partials: requests the provisional text of an utterance that is still being spoken, and takes the answers.

Nothing waits for a partial: this runs beside the audio path, and any failure means that there is no partial.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import redis

from contract.audio import SAMPLE_RATE_HZ
from contract.events import PartialEvent
from contract.ids import session_tag, utterance_id
from contract.messages import Partial
from contract.speech.language_lock import LanguageLock
from contract.speech.partials import PartialRequest
from contract.speech.segmenter import Segmenter
from fastapi_service.live.options import Options
from fastapi_service.speaking.asking import Asked, SharedAudio
from runtime.redis_client import end_if_cancelled

logger = logging.getLogger(__name__)

FIRST_AFTER_SEC = 1.0  # of speech: a shorter piece says little
HURRIED_SEC = 0.4  # of speech between two that have to find the pauses
HURRIED_SAMPLES = round(HURRIED_SEC * SAMPLE_RATE_HZ)


class PartialAsker:
    """The partials of one connection: at most one is outstanding. Without `audio` there are none."""

    def __init__(
        self,
        audio: SharedAudio | None,
        session: str,
        segmenter: Segmenter,
        language: LanguageLock,
        options: Options,
        every_sec: float,
        find_end: Callable[[], bool],
        hurried: Callable[[], bool],
        first_after_sec: float = FIRST_AFTER_SEC,
    ) -> None:
        """The first is asked for after `first_after_sec` of speech, a further one after `every_sec` more, or after
        HURRIED_SEC where `hurried`. `find_end`: whether the end of a sentence inside the text is looked for."""
        self._audio = audio
        self._session = session
        self._segmenter = segmenter
        self._language = language
        self._options = options
        self._every_samples = int(every_sec * SAMPLE_RATE_HZ)
        self._hurried = hurried
        self._find_end = find_end
        self._first_samples = int(first_after_sec * SAMPLE_RATE_HZ)
        self._wake = asyncio.Event()
        self._start = -1  # the utterance that the next is about
        self._last: int | None = None  # up to where the last was about, None before the first
        self._outstanding: tuple[str, int] | None = None
        self._outstanding_until = 0.0

    def heard(self) -> None:
        """The segmenter has more audio: ask, if it is time."""
        if self._audio is not None and self._due():
            self._wake.set()

    def awaits(self, event: PartialEvent) -> bool:
        """Whether `event` answers the request that is outstanding."""
        return self._outstanding == (event.partial.utterance, event.asked)

    def answer(self, event: PartialEvent) -> Partial | None:
        """Take the answer to a request; returns it if it is of the current utterance and has a text."""
        partial = event.partial
        if self.awaits(event):
            self._outstanding = None
        in_hand = self._segmenter.pending and partial.utterance == utterance_id(self._session, self._segmenter.start)
        return partial if in_hand and partial.text else None

    async def run(self) -> None:
        """Ask whenever it is time, until cancelled."""
        if self._audio is None:
            return
        while True:
            await self._wake.wait()
            self._wake.clear()
            async with self._audio.turn:
                if self._due():
                    await self._ask(self._audio)
            end_if_cancelled()

    def _due(self) -> bool:
        segmenter = self._segmenter
        if segmenter.start != self._start:
            self._start, self._last = segmenter.start, None
        if self._outstanding is not None and time.monotonic() <= self._outstanding_until:
            return False
        if self._last is None:
            return segmenter.position >= self._start + self._first_samples
        more = segmenter.position - self._last
        return more >= self._every_samples or (more >= HURRIED_SAMPLES and self._hurried())

    async def _ask(self, audio: SharedAudio) -> None:
        end = self._segmenter.position
        request = PartialRequest(
            session=self._session,
            start=self._start,
            end=end,
            language=self._language.language,
            hints=self._options.hints,
            find_end=self._find_end(),
        )
        asked = (request.utterance, end)
        self._outstanding = asked  # before it is pushed: the answer may be here before the script's
        self._outstanding_until = time.monotonic() + audio.answer_sec
        self._last = end
        try:
            became = await audio.ask(request)
        except (redis.RedisError, OSError) as problem:
            # It may have been pushed nevertheless, so it counts as outstanding until its time is over.
            tag = session_tag(self._session)
            logger.warning("session %s: no partial: %s: %s", tag, type(problem).__name__, problem)
            return
        if became is not Asked.QUEUED and self._outstanding == asked:
            self._outstanding = None
