"""Sends utterances to the speech queue, keeps their audio until the outcome, and sends them again if there is none.

A message can still be lost on its way, by a worker that takes it while Redis is full (runtime.broker.delivery) or with
what Redis had not yet written to its disk. So the bytes stay here until the outcome, and the same task (same utterance,
so shown once) goes out again when none comes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import redis.asyncio
from celery import Celery

from contract.jobs import RESENDS_MAX, UtteranceJob
from contract.keys import done_key
from contract.state.outcome import end_utterance_async, failed
from fastapi_service.pipeline.backlog import Backlog
from fastapi_service.settings import GatewaySettings
from runtime.broker.app import SEND_RETRIES, send_utterance
from runtime.redis_client import end_if_cancelled
from runtime.redis_retry import REDIS_ERRORS

logger = logging.getLogger(__name__)

CHECK_EVERY_SEC = 1.0
CHECK_SHARE = 1 / 9  # of RESEND_AFTER_SEC (5 s of 45): then an outcome is looked for, in case a relay is down
SEND_THREADS = 4


class PendingFullError(Exception):
    """No room to keep another utterance's audio."""


@dataclass(slots=True)
class Pending:
    """An accepted utterance without outcome."""

    job: UtteranceJob
    pcm: bytes
    sent: float = field(default_factory=time.monotonic)
    resends: int = 0


class Dispatcher:
    """Sends to the speech queue. `on_missed` is called with session and start of an outcome that no relay delivered."""

    def __init__(
        self,
        celery: Celery,
        client: redis.asyncio.Redis,
        settings: GatewaySettings,
        on_missed: Callable[[str, int], None],
        backlog: Backlog,
    ) -> None:
        self._celery = celery
        self._client = client
        self._settings = settings
        self._on_missed = on_missed
        self.backlog = backlog
        self._threads = ThreadPoolExecutor(SEND_THREADS, thread_name_prefix="send-task")
        self._pending: dict[tuple[str, int], Pending] = {}
        self._pending_bytes = 0
        self.resends = 0

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def pending_bytes(self) -> int:
        """Bytes of audio that are kept."""
        return self._pending_bytes

    async def send(self, job: UtteranceJob, pcm: bytes) -> None:
        """Queue one utterance. Raises PendingFullError, or one of REDIS_ERRORS when the broker cannot be reached."""
        key = (job.session, job.start)
        if key not in self._pending:
            if self._pending_bytes + len(pcm) > self._settings.pending_bytes_max:
                raise PendingFullError
            self._pending_bytes += len(pcm)
            self._pending[key] = Pending(job, pcm)
        try:
            await self._send(job, pcm)
        except BaseException:
            self.finish(*key)
            raise

    def finish(self, session: str, start: int) -> None:
        """Forget an utterance that has ended."""
        pending = self._pending.pop((session, start), None)
        if pending is not None:
            self._pending_bytes -= len(pending.pcm)

    async def run(self) -> None:
        """Check the pending utterances every second until cancelled."""
        while True:
            await asyncio.sleep(CHECK_EVERY_SEC)
            try:
                await self._check()
            except REDIS_ERRORS as problem:
                logger.warning("pending utterances not checked: %s", problem)
            end_if_cancelled()

    def close(self) -> None:
        """Stop the sending threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _send(self, job: UtteranceJob, pcm: bytes) -> None:
        job.stamp("dispatch")
        send = partial(send_utterance, self._celery, pcm, job, retry=True, retry_policy=SEND_RETRIES)
        await asyncio.get_running_loop().run_in_executor(self._threads, send)

    async def _check(self) -> None:
        now = time.monotonic()
        check_after_sec = CHECK_SHARE * self._settings.resend_after_sec
        waiting = [p for p in self._pending.values() if now - p.sent > check_after_sec]
        if not waiting:
            return
        pipe = self._client.pipeline(transaction=False)
        for pending in waiting:
            pipe.exists(done_key(pending.job.session, pending.job.start))
        for pending, done in zip(waiting, await pipe.execute(), strict=True):
            if done:
                self.finish(pending.job.session, pending.job.start)
                self._on_missed(pending.job.session, pending.job.start)
            elif now - pending.sent > self._settings.resend_after_sec * (pending.resends + 1):
                await self._resend(pending)

    async def _resend(self, pending: Pending) -> None:
        job = pending.job
        if pending.resends >= RESENDS_MAX:
            message = "Speech recognition gave no answer for this utterance."
            await end_utterance_async(self._client, job, failed(job, "no_answer", message), self._settings)
            logger.error("%s given up after %d sends", job.utterance, pending.resends + 1)
            return
        pending.resends += 1
        self.resends += 1
        logger.warning("%s has no outcome: sent again (%d)", job.utterance, pending.resends)
        await self._send(job, pending.pcm)
