"""Delivery straight to Celery: utterances are cut here, sent to stt_queue, and kept until their outcome.

The task is sent again, under the same utterance, when no outcome comes: a message can be lost while Redis is full, or
when Redis ends. Only a few utterances are in the queue at once, so that a slow worker meets no flood of duplicates.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import redis

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.events import OutcomeEvent
from contract.ids import SESSION_ID_BYTES
from contract.jobs import RESENDS_MAX, UtteranceJob
from contract.messages import Accepted, Error, Result, ServerMessage, Speakers, Turns
from contract.speech.segmenter import Cut, Segmenter
from contract.state.outcome import end_utterance_async, failed
from recorder_service.client.client import BUFFER_SEC
from recorder_service.client.errors import Backoff, BufferFull, StreamError
from recorder_service.client.speakers import LAST_SEC, SpeakerTracker
from recorder_service.delivery.protocol import DeliveryError
from recorder_service.delivery.results import ResultReader, Told, shown
from recorder_service.delivery.workers import redis_status, workers_status
from recorder_service.settings import RecorderSettings
from runtime.broker.app import make_celery, send_utterance
from runtime.redis_check import RedisRefusedError, check_redis
from runtime.redis_client import async_redis
from runtime.redis_retry import REDIS_ERRORS

logger = logging.getLogger(__name__)

SEND_RETRIES = {"max_retries": 1, "interval_start": 0.2}  # few, so that leaving is quick: the loop here goes on
INBOX_MESSAGES = 2_000
IN_QUEUE_MAX = 8  # utterances: a slow worker then meets few that were sent again; the next ones wait here
POLL_SEC = 2.0  # between two looks at Redis while outcomes are due, in case no message comes
PIECE_BYTES = SAMPLE_RATE_HZ * BYTES_PER_SAMPLE  # what is taken between two looks at the room


@dataclass(slots=True)
class _Kept:
    """An utterance without outcome. `sends`: how often its task was sent; `sent`: when last (monotonic seconds)."""

    job: UtteranceJob
    pcm: bytes
    sends: int = 0
    sent: float = 0.0


class QueueDelivery:
    """One session, from the first sample to the last outcome."""

    def __init__(self, settings: RecorderSettings, language: str | None, wait_when_full: bool, **asked: Any) -> None:
        """`wait_when_full`: `send` waits for room instead of raising BufferFull. `asked`: fields of every job."""
        self.session = secrets.token_urlsafe(SESSION_ID_BYTES)
        self.origin = 0
        self.sentence_wait_sec = 0.0
        self._settings = settings
        self._asked = {"language": language, **asked}
        self._wait_when_full = wait_when_full
        self._segmenter = Segmenter(0, settings.utterance_max_sec)
        self._celery = make_celery("recorder_service", settings)
        self._client = async_redis(settings)
        self._reader = ResultReader(self._client, self.session, self._handle, self._outcomes_due, POLL_SEC)
        self._speakers = SpeakerTracker()
        self._kept: dict[int, _Kept] = {}
        self._kept_bytes = 0
        self._inbox: deque[ServerMessage] = deque()
        self._changed = asyncio.Condition()
        self._closed = False
        self._failure: BaseException | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def waiting(self) -> int:
        """How many utterances have no outcome, the one being spoken included."""
        return len(self._kept) + self._segmenter.pending

    @property
    def unsafe_sec(self) -> float:
        """Seconds of speech that are kept here."""
        return self._kept_bytes / PIECE_BYTES

    async def __aenter__(self) -> Self:
        """Subscribe to the results. Raises DeliveryError when Redis cannot be reached."""
        try:
            async with asyncio.timeout(self._settings.connect_sec):
                await asyncio.to_thread(check_redis, self._settings)
                await self._reader.subscribe()
        except RedisRefusedError as problem:
            await self._client.aclose()
            raise DeliveryError(str(problem)) from problem
        except (redis.RedisError, OSError) as problem:
            await self._client.aclose()
            raise DeliveryError(redis_status(self._settings, problem)) from problem
        for loop in (self._reader.run, self._send_all):
            task = asyncio.create_task(loop())
            task.add_done_callback(self._ended)
            self._tasks.append(task)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give up what has no outcome, and end `messages()`."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()
        self._celery.close()
        async with self._changed:
            self._changed.notify_all()

    async def workers_status(self) -> str:
        """Who will do the work; empty when Redis does not say."""
        try:
            return await workers_status(self._client)
        except (redis.RedisError, OSError):
            return ""

    async def send(self, pcm: bytes) -> None:
        """Take speech (s16le mono 16 kHz). Raises BufferFull when no more can be kept."""
        for first in range(0, len(pcm), PIECE_BYTES):
            piece = pcm[first : first + PIECE_BYTES]
            async with self._changed:
                if self._wait_when_full:
                    await self._changed.wait_for(lambda: self._has_room or self._failure is not None)
                self._check()
                if not self._has_room:
                    raise BufferFull(self.unsafe_sec)
                self._keep(list(self._segmenter.feed(piece)))

    async def pause(self) -> None:
        """Nothing: nobody here looks for the ends of sentences."""

    async def end_utterance(self) -> None:
        """End the utterance here, if one has begun."""
        async with self._changed:
            self._check()
            self._keep(list(self._segmenter.flush("end")))

    async def drain(self, timeout_sec: float | None = None) -> bool:
        """End the open utterance and wait for all outcomes; False when the time is up before."""
        await self.end_utterance()
        try:
            async with asyncio.timeout(timeout_sec), self._changed:
                await self._changed.wait_for(lambda: not self._kept or self._failure is not None)
        except TimeoutError:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SEC), self._changed:
                await self._changed.wait_for(lambda: not self._speakers.due or self._failure is not None)
        self._check()
        return True

    async def messages(self) -> AsyncIterator[ServerMessage]:
        """What comes back; ends when the delivery is closed."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._inbox or self._closed or self._failure is not None)
                if not self._inbox:
                    break
                message = self._inbox.popleft()
                self._changed.notify_all()
            yield message
        self._check()

    @property
    def _has_room(self) -> bool:
        return self.unsafe_sec + 1.0 <= BUFFER_SEC

    def _check(self) -> None:
        if self._failure is not None:
            raise StreamError(f"delivery has failed: {self._failure}") from self._failure

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (problem := task.exception()) is not None:
            logger.error("delivery has failed", exc_info=problem)
            self._failure = problem
            self._tasks.append(asyncio.create_task(self._wake()))

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _keep(self, cuts: list[Cut]) -> None:
        for cut in cuts:
            ends = {"cut_at_start": cut.cut_at_start, "cut_at_end": cut.cut_at_end}
            job = UtteranceJob(session=self.session, start=cut.start, end=cut.end, **ends, **self._asked)
            job.stamp("endpoint")
            self._kept[cut.start] = _Kept(job, cut.pcm)
            self._kept_bytes += len(cut.pcm)
        if cuts:
            self._changed.notify_all()

    def _forget(self, start: int) -> bool:
        """Whether the utterance at `start` was without outcome until now."""
        kept = self._kept.pop(start, None)
        if kept is None:
            return False
        self._kept_bytes -= len(kept.pcm)
        return True

    async def _handle(self, event: Told) -> None:
        async with self._changed:
            if isinstance(event, OutcomeEvent) and not self._forget(event.start):
                return
            self._changed.notify_all()
            await self._changed.wait_for(lambda: len(self._inbox) < INBOX_MESSAGES)
            message = shown(event)
            if isinstance(message, Turns | Speakers):
                self._speakers.take(message)
            elif isinstance(message, Result):
                self._speakers.result(message)
            self._inbox.append(message)
            self._changed.notify_all()

    async def _say(self, message: ServerMessage) -> None:
        async with self._changed:
            self._inbox.append(message)
            self._changed.notify_all()

    def _outcomes_due(self) -> list[int]:
        return [start for start, kept in self._kept.items() if kept.sends]

    def _due(self) -> _Kept | None:
        """The utterance to send now: the oldest that is overdue, or that has room among those in the queue."""
        now = time.monotonic()
        in_queue = [kept for kept in self._kept.values() if kept.sends]
        for kept in in_queue:
            if now - kept.sent >= self._settings.resend_after_sec:
                return kept
        if len(in_queue) >= IN_QUEUE_MAX:
            return None
        return next((kept for kept in self._kept.values() if not kept.sends), None)

    async def _send_all(self) -> None:
        """Send what is due, until cancelled."""
        backoff = Backoff()
        while True:
            kept = self._due()
            if kept is None:
                await self._rest(1.0)
                continue
            try:
                if kept.sends > RESENDS_MAX:
                    await self._give_up(kept)
                else:
                    await self._send(kept)
                backoff.reset()
            except REDIS_ERRORS as problem:
                delay = backoff.next_delay()
                logger.warning("%s is not sent: %s; again in %.0f s", kept.job.utterance, problem, delay)
                await asyncio.sleep(delay)

    async def _rest(self, seconds: float) -> None:
        """Wait for a change, or `seconds`."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait()
        except TimeoutError:
            return

    async def _send(self, kept: _Kept) -> None:
        job = kept.job
        if not kept.sends:
            job.stamp("dispatch")
        await asyncio.to_thread(send_utterance, self._celery, kept.pcm, job, retry=True, retry_policy=SEND_RETRIES)
        kept.sends += 1
        kept.sent = time.monotonic()
        if kept.sends > 1:
            logger.warning("%s had no outcome: sent again (%d)", job.utterance, kept.sends - 1)
        elif job.start in self._kept:
            await self._say(Accepted(utterance=job.utterance, start=job.start, position=job.end))

    async def _give_up(self, kept: _Kept) -> None:
        """End an utterance that nobody answers, in Redis and here; if it has ended meanwhile, show that instead."""
        message = failed(kept.job, "no_answer", "Speech recognition gave no answer for this utterance.")
        seq = await end_utterance_async(self._client, kept.job, message, self._settings)
        if not seq:
            await self._reader.catch_up()
        if self._forget(kept.job.start):
            logger.error("%s given up after %d sends", kept.job.utterance, kept.sends)
            await self._say(message.model_copy(update={"seq": seq}) if seq else _lost(message))


def _lost(message: Error) -> Error:
    return message.model_copy(update={"code": "outcome_lost", "message": "Its outcome is no longer in Redis."})
