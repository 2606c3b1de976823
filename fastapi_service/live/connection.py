"""One WebSocket connection: audio in, messages out, and the one place where endings become close codes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.websockets import WebSocketDisconnect

from contract.audio import BYTES_PER_SAMPLE, MAX_FRAME_BYTES, SAMPLE_RATE_HZ
from contract.events import PartialEvent
from contract.ids import session_tag
from contract.jobs import UtteranceJob, now_ms
from contract.messages import Accepted, Message, Models, Partial, Safe
from contract.speech.language_lock import LanguageLock
from contract.speech.segmenter import Cut, Segmenter
from contract.websocket import (
    CLOSE_ABNORMAL,
    CLOSE_INTERNAL_ERROR,
    CLOSE_NORMAL,
    CLOSE_ODD_BYTES,
    CLOSE_SERVICE_RESTART,
    CLOSE_TAKEN_OVER,
    CLOSE_TOO_BIG,
    CLOSE_TRY_AGAIN,
)
from fastapi_service.live.closing import CloseConnection, come_back, first_ending, refused
from fastapi_service.live.counters import GatewayMetrics
from fastapi_service.live.delivery.outbox import Outbox
from fastapi_service.live.delivery.outcomes import Outcomes
from fastapi_service.live.delivery.speakers import KnownTurns, SpeakerFeed
from fastapi_service.live.dispatcher import Dispatcher, PendingFullError
from fastapi_service.live.greeting import greeting
from fastapi_service.live.lane import Skip
from fastapi_service.live.limits import REAL_TIME_BYTES_PER_SEC, ByteRate, Outstanding
from fastapi_service.live.options import Options
from fastapi_service.live.sessions import OpenSession, QueueFullError, SessionStore, TakenOverError
from fastapi_service.live.transport import Transport
from fastapi_service.settings import GatewaySettings
from fastapi_service.speaking.asking import SharedAudio, SpeechRequests
from fastapi_service.speaking.long_speech import LongSpeech
from fastapi_service.speaking.partials import FIRST_AFTER_SEC, PartialAsker
from fastapi_service.speaking.sentences import SentenceEnds
from fastapi_service.speaking.settled import Settled
from runtime.logs.event import Event
from runtime.redis_client import end_if_cancelled
from runtime.redis_retry import REDIS_ERRORS

logger = logging.getLogger(__name__)

OUTBOX_MAX = 256  # messages that wait for one client; beyond it outcomes stay in Redis and are read later


class Connection:
    """Runs one session's connection until either side ends it."""

    def __init__(
        self,
        transport: Transport,
        lease: OpenSession,
        options: Options,
        store: SessionStore,
        dispatcher: Dispatcher,
        settings: GatewaySettings,
        requests: SpeechRequests | None,
        metrics: GatewayMetrics,
    ) -> None:
        """`requests`: None where nothing is asked about unfinished utterances."""
        self.lease = lease
        self.tag = session_tag(lease.session)
        self.segmenter = Segmenter(lease.position, settings.utterance_max_sec, lease.recorded_end)
        self._transport = transport
        self._options = options
        self._language = LanguageLock(options.language, settings.language_lock_after)
        self._store = store
        self._dispatcher = dispatcher
        self._settings = settings
        self._outbox = Outbox(OUTBOX_MAX)
        self._metrics = metrics
        audio = None if requests is None else SharedAudio(requests, lease, self.segmenter)
        in_hand = (lease.session, self.segmenter, self._language)
        looks = settings.sentence_wait_sec > 0
        waits = looks and options.sentences == "1"
        self._sentences = SentenceEnds(audio if looks else None, *in_hand, options, settings.sentence_wait_sec)
        self._settled = Settled()
        self._long = LongSpeech(
            lambda: looks and (options.sentences == "1" or options.joined),
            *in_hand[:2],
            self._settled,
            settings.utterance_max_sec,
            lambda: self._sentences.pausing,
        )
        self._shown = options.partials == "1"
        self._partials = PartialAsker(
            audio if self._shown or waits else None,
            *in_hand,
            options,
            settings.partial_every_sec,
            lambda: self._long.wanted,
            lambda: waits and self._sentences.hurried,
            FIRST_AFTER_SEC if self._shown else self._long.long_sec,
        )
        self._cutting = asyncio.Lock()
        self._rate = ByteRate(settings.stream_speed_max * REAL_TIME_BYTES_PER_SEC, settings.stream_burst_bytes)
        self._last_frame = time.monotonic()
        self._last_frame_ms = now_ms()
        self._outstanding = Outstanding(settings.outstanding_max, settings.outstanding_wait_sec)
        known = KnownTurns(lease.session, store, self._asks_who)
        told = (store, self._outbox)
        self.outcomes = Outcomes(self.tag, lease, options.after, *told, self._language, self._outstanding, known)
        self.speakers = SpeakerFeed(
            self.tag, lease.session, options.speakers_after, *told, known, self._asks_who, self.outcomes.caught_up
        )
        self._ended: asyncio.Future[CloseConnection] = asyncio.get_running_loop().create_future()

    async def run(self, models: Models) -> bool:
        """Serve the connection until it ends; returns whether its client may come back and resume."""
        self._outbox.offer(greeting(self.lease, models, self._settings))
        ending: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                loops = (self._receive, self._deliver, self._watch_idle, self._await_end)
                for loop in (*loops, self.outcomes.run, self.speakers.run, self._partials.run, self._sentences.ask):
                    group.create_task(loop())
                group.create_task(self._sentences.watch(self._cutting, self._dispatch))
                group.create_task(self._long.watch(self._cutting, self._show, self._dispatch))
        except* (CloseConnection, WebSocketDisconnect) as endings:
            ending = first_ending(endings)
        except* Exception as problems:
            ending = CloseConnection(CLOSE_INTERNAL_ERROR, "internal error")
            logger.exception("session %s failed", self.tag, exc_info=first_ending(problems))
        if isinstance(ending, CloseConnection):
            self._metrics.told(ending.message)
            self._metrics.closed(ending.code)
            await self._close(ending)
            return ending.code in (CLOSE_NORMAL, CLOSE_TRY_AGAIN, CLOSE_INTERNAL_ERROR)
        self._metrics.closed(ending.code if isinstance(ending, WebSocketDisconnect) else CLOSE_ABNORMAL)
        return not (isinstance(ending, WebSocketDisconnect) and ending.code == CLOSE_SERVICE_RESTART)

    def end(self, code: int, reason: str) -> None:
        """End the connection from outside, for example because a newer one took its session over."""
        if not self._ended.done():
            self._ended.set_result(CloseConnection(code, reason))

    def partial(self, event: PartialEvent) -> None:
        """Take the answer to a request for a partial, or to the question about a pause."""
        to_question = self._sentences.awaits(event) and not self._partials.awaits(event)
        if to_question or event.ending is not None:  # both may be about the same samples
            message = self._sentences.answer(event)
        else:
            message = self._partials.answer(event)
            self._sentences.spoken_until(event)
        if message is None:
            return
        message = self._settled.take(message)
        self._long.heard(message, event.sentence_end)
        if self._shown:
            self._metrics.partials += 1
            self._outbox.set_latest(message.type, message)

    def catch_up(self, start: int | None = None) -> None:
        """Outcomes may have been missed (that of the utterance at `start`, if given): read the stream."""
        if start is not None:
            self._outstanding.remove(start)
        self.outcomes.catch_up()
        self.speakers.catch_up()

    async def cut_abandoned(self) -> None:
        """Queue the unfinished utterance of a connection that is gone. Raises CloseConnection if that fails."""
        self._outstanding.clear()
        async with self._cutting:
            for cut in self.segmenter.flush("idle"):
                await self._dispatch(cut)

    async def _receive(self) -> None:
        while True:
            frame = await self._transport.receive()
            if not isinstance(frame, bytes):
                await self._follow(frame)
                continue
            self._metrics.frames += 1
            self._metrics.frame_bytes += len(frame)
            if len(frame) % BYTES_PER_SAMPLE:
                raise refused(
                    CLOSE_ODD_BYTES, "odd_bytes", "A frame must hold an even number of bytes: samples are 16-bit."
                )
            if len(frame) > MAX_FRAME_BYTES:
                raise refused(CLOSE_TOO_BIG, "frame_too_big", f"A frame holds at most {MAX_FRAME_BYTES} bytes.")
            async with self._cutting:
                slow_down_sec = self._rate.spend(len(frame))
                if slow_down_sec > 0:
                    await asyncio.sleep(slow_down_sec)
                if frame:
                    self._last_frame_ms = now_ms()
                    self._sentences.hear(frame)
                if frame or not self._sentences.pause(self._last_frame_ms):
                    for cut in self.segmenter.feed(frame):
                        await self._dispatch(cut)
                self._last_frame = time.monotonic()
                if not self._long.wanted:  # there partials look for ends of sentences: looks would stop them
                    self._sentences.heard()
                # A look tells what a partial would, but not where a sentence ends inside long speech.
                if not self._sentences.looking or (self._long.wanted and not self._sentences.pausing):
                    self._partials.heard()

    async def _follow(self, wish: Skip | Options | None) -> None:
        """Leave samples out, take other options, or forget what is unfinished. No client can resume where its protocol
        has the last."""
        async with self._cutting:
            if isinstance(wish, Skip):
                self._last_frame = time.monotonic()
                self.segmenter.skip(wish.samples)
                with self._closing_busy("silence"):
                    await self._store.mark_safe(self.lease, self.segmenter.position)
                self._outbox.set_latest("safe", Safe(position=self.segmenter.position))
            elif wish is not None:
                self._options.become(wish)
                self._language.name(wish.language)
            else:
                self._outbox.discard("partial")
                self.segmenter.forget()

    async def _watch_idle(self) -> None:
        cut_after, close_after = self._settings.idle_cut_sec, self._settings.idle_close_sec
        while True:
            limit = cut_after if self.segmenter.pending else close_after
            rest = limit - (time.monotonic() - self._last_frame)
            if rest > 0:
                # a first frame after silence must not wait for the long limit's timer
                await asyncio.sleep(min(rest, cut_after))
            elif not self.segmenter.pending:
                raise CloseConnection(CLOSE_NORMAL, "idle")
            elif not self._cutting.locked():
                async with self._cutting:
                    for cut in self.segmenter.flush("idle"):
                        await self._dispatch(cut)
            else:
                await asyncio.sleep(cut_after / 4)

    async def _dispatch(self, cut: Cut, stamped_ms: float | None = None) -> None:
        """Send the task of `cut`. `stamped_ms` (epoch ms): when its last audio came, unless that is the last frame."""
        self._outbox.discard("partial")  # the outcome, which overtakes what is waiting, replaces it
        await self._transport.cut(cut)
        job = UtteranceJob(
            session=self.lease.session,
            start=cut.start,
            end=cut.end,
            cut_at_start=cut.cut_at_start,
            cut_at_end=cut.cut_at_end,
            stamped_ms=self._last_frame_ms if stamped_ms is None else stamped_ms,
            looked_until=self._sentences.looked_until(cut),
            speakers=self._asks_who(),
            **self._options.of_task(self._language),
        )
        job.stamp("endpoint")
        try:
            await self._outstanding.room()
        except TimeoutError:
            raise self._busy(
                "behind", "Speech recognition is far behind. Your speech is kept; trying again soon."
            ) from None
        with self._closing_busy(job.utterance):
            if await self._store.record_cut(self.lease, cut, self._dispatcher.backlog.limit):
                self._outstanding.add(cut.start)
                await self._dispatcher.send(job, cut.pcm)
            await self._store.mark_safe(self.lease, cut.end)
        end_if_cancelled()
        self._metrics.took(cut)
        logger.info(
            Event("accepted", utterance=job.utterance, audio_sec=job.samples / SAMPLE_RATE_HZ, cut_by=cut.reason)
        )
        await self._outbox.put(Accepted(utterance=job.utterance, start=cut.start, position=cut.end))

    @contextmanager
    def _closing_busy(self, what: str) -> Iterator[None]:
        """What keeps `what` from being taken ends the connection, in words."""
        try:
            yield
        except TakenOverError:
            raise CloseConnection(CLOSE_TAKEN_OVER, "a newer connection holds this session") from None
        except (QueueFullError, PendingFullError):
            raise self._busy(
                "queue_full", "Too many utterances are waiting. Yours is kept; trying again soon."
            ) from None
        except REDIS_ERRORS as problem:
            logger.warning("%s not queued: %s", what, problem)
            raise self._busy(
                "unavailable", "The service cannot take speech at the moment; trying again soon."
            ) from problem

    async def _show(self, partial: Partial) -> None:
        """Send `partial` in the order of what else is sent, instead of one that waits."""
        if self._shown:
            self._outbox.discard(partial.type)
            self._metrics.partials += 1
            await self._outbox.put(partial)

    def _asks_who(self) -> bool:
        return self._settings.speakers_enabled and self._options.speakers == "1"

    async def _deliver(self) -> None:
        while True:
            await self._send(await self._outbox.get())

    async def _await_end(self) -> None:
        raise await self._ended

    async def _send(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._settings.slow_client_sec):
                await self._transport.send(message)
        except TimeoutError:
            raise CloseConnection(CLOSE_TRY_AGAIN, "messages were not read") from None

    async def _close(self, ending: CloseConnection) -> None:
        logger.info("session %s closed: %d %s", self.tag, ending.code, ending.reason)
        try:
            async with asyncio.timeout(self._settings.slow_client_sec):
                if ending.message is not None:
                    await self._transport.send(ending.message)
                await self._transport.close(ending.code, ending.reason)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            logger.debug("session %s was gone before it was told", self.tag)

    def _busy(self, code: str, words: str) -> CloseConnection:
        return CloseConnection(CLOSE_TRY_AGAIN, "busy", come_back(code, words))
