"""Requests about what is still being spoken, served by a thread while the worker has nothing to do that goes before.

Nothing depends on an answer: a request that is late, refused or lost is simply none. Every request that was taken is
answered, with an empty text where there is nothing to show, because the gateway asks for the next one only then.

An utterance that ended a worker by a request gets no other one of its kind: a mark in Redis stands while a worker is at
it.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, NamedTuple, TypeVar, cast

import redis
from pydantic import ValidationError

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.events import Ending, SentenceEnd
from contract.keys import done_key, partial_audio_key
from contract.queues import RESULT_MESSAGES, STT_QUEUE
from contract.speech.partials import BEGUN_TTL_SEC, REQUESTS_TTL_SEC, PartialRequest
from runtime.backoff import Backoff
from runtime.redis_retry import REDIS_ERRORS
from stt_worker.engine.protocol import SpeechEngine
from stt_worker.partials.model_lock import PriorityModelLock, WorkAbortedError

logger = logging.getLogger(__name__)

POLL_SEC = 1  # how long the list is waited on at a time, so how long a stop may take
BACK_OFF_FIRST_SEC = 0.5
BACK_OFF_MAX_SEC = 10.0
STOP_SEC = 5.0

Request = TypeVar("Request", bound=PartialRequest)


class Answer(NamedTuple):
    """What a PartialEvent says."""

    text: str = ""
    ending: Ending | None = None
    sentence_end: SentenceEnd | None = None
    speech_end: int | None = None


NOTHING = Answer()


class RequestWorker(ABC, Generic[Request]):
    """Answers the requests of one list from a daemon thread until `stop`."""

    kind: str  # what an answer is called in the log
    queue: str
    longest: int  # the list
    model: type[Request]

    def __init__(
        self,
        client: redis.Redis,
        turns: PriorityModelLock,
        engine: SpeechEngine,
        prepare: Callable[[], None],
        heard_live: Callable[[], object],
    ) -> None:
        """`prepare` is run once in the thread, `heard_live` with each request."""
        self._client = client
        self._turns = turns
        self._engine = engine
        self._prepare = prepare
        self._heard_live = heard_live
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.kind, daemon=True)

    @abstractmethod
    def begun_key(self, request: Request) -> str:
        """The key of the mark that a worker is at the request's utterance."""

    @abstractmethod
    def may_begin(self, seconds: float) -> bool:
        """Wait up to `seconds` for what goes before; whether there is none now."""

    @abstractmethod
    def hold(self, seconds: float) -> AbstractContextManager[None]:
        """Hold the models for at most `seconds`. Raises WorkAbortedError."""

    @abstractmethod
    def hear(self, pcm: bytes, request: Request) -> Answer:
        """What to answer about `pcm` (whole samples, s16le), the models in hand. Raises WorkAbortedError, and what the
        models raise."""

    def too_short(self, request: Request, samples: int) -> bool:
        """Whether so much audio is not what the request asks about."""
        return samples == 0

    def start(self) -> None:
        """Begin to take requests."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests; abort the current one."""
        self._stopped.set()
        self._turns.close()
        if self._thread.is_alive():
            self._thread.join(STOP_SEC)

    def _run(self) -> None:
        self._prepare()
        backoff = Backoff(BACK_OFF_FIRST_SEC, BACK_OFF_MAX_SEC)
        while not self._stopped.is_set():
            try:
                if self.may_begin(POLL_SEC):
                    self.take_one(POLL_SEC)
                backoff.reset()
            except REDIS_ERRORS as problem:
                delay_sec = backoff.next_delay()
                logger.warning("no %ss for %.1f s: %s: %s", self.kind, delay_sec, type(problem).__name__, problem)
                self._stopped.wait(delay_sec)
            except Exception:
                delay_sec = backoff.next_delay()
                logger.exception("a %s failed; the next in %.1f s", self.kind, delay_sec)
                self._stopped.wait(delay_sec)

    def take_one(self, wait_sec: int) -> bool:
        """Take the oldest request, waiting for one, and answer it; False when none came. Raises REDIS_ERRORS."""
        taken = cast(tuple[bytes, bytes] | None, self._client.brpop([self.queue], wait_sec))
        if taken is None:
            return False
        raw = taken[1]
        if not self.may_begin(0):
            self._give_back(raw)
            return True
        request = self._read(raw)
        if request is not None:
            self._heard_live()
            self._answer(request)
        return True

    def _give_back(self, raw: bytes) -> None:
        """Something that goes before arrived meanwhile: put the request back, for another worker or for later."""
        pipe = self._client.pipeline(transaction=True)
        pipe.rpush(self.queue, raw)
        pipe.ltrim(self.queue, -self.longest, -1)
        pipe.expire(self.queue, REQUESTS_TTL_SEC)
        pipe.execute()

    def _answer(self, request: Request) -> None:
        """Publish what there is to say."""
        begun = self.begun_key(request)
        pipe = self._client.pipeline(transaction=False)
        pipe.set(begun, 1, nx=True, ex=BEGUN_TTL_SEC)
        pipe.llen(STT_QUEUE)
        pipe.exists(done_key(request.session, request.start))
        pipe.time()
        pipe.get(partial_audio_key(request.session, request.start))
        ours, waiting, done, (now_sec, now_us), pcm = cast(
            tuple[bool | None, int, int, tuple[int, int], bytes | None], pipe.execute()
        )
        now_ms = now_sec * 1000 + now_us / 1000  # Redis's clock, as the request's times are
        pcm = pcm or b""
        audio = pcm[: len(pcm) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE]
        dropped = "a worker ended on it or is at it" if not ours else ""
        dropped = dropped or self._reason_to_drop(request, now_ms, waiting, bool(done), audio)
        answer = NOTHING
        if dropped:
            logger.debug("%s: %s dropped: %s", request.utterance, self.kind, dropped)
        else:
            try:
                answer = self._work(request, audio, (request.answer_by_ms - now_ms) / 1000)
            except WorkAbortedError as aborted:
                logger.debug("%s: %s aborted: %s", request.utterance, self.kind, aborted)
        pipe = self._client.pipeline(transaction=False)
        if ours:
            pipe.delete(begun)
        pipe.publish(RESULT_MESSAGES, request.answer(*answer).model_dump_json())
        pipe.execute()

    def _reason_to_drop(self, request: Request, now_ms: float, waiting: int, done: bool, audio: bytes) -> str:
        if now_ms > request.begin_by_ms:
            return f"{now_ms - request.begin_by_ms:.0f} ms late"
        if waiting:
            return "finals are waiting"
        if done or self.too_short(request, len(audio) // BYTES_PER_SAMPLE):
            return "the utterance has ended"
        return ""

    def _work(self, request: Request, audio: bytes, seconds: float) -> Answer:
        began = time.monotonic()
        with self.hold(seconds):
            try:
                answer = self.hear(audio, request)
            except WorkAbortedError:
                raise
            except Exception:
                logger.exception("%s: the speech model failed on a %s", request.utterance, self.kind)
                self._engine.recover()
                return NOTHING
        took_ms = (time.monotonic() - began) * 1000
        length_sec = len(audio) / (BYTES_PER_SAMPLE * SAMPLE_RATE_HZ)
        found = "a" if answer.text else "no"
        logger.debug("%s: %s %s of %.1f s, %.0f ms", request.utterance, found, self.kind, length_sec, took_ms)
        return answer

    def _read(self, raw: bytes) -> Request | None:
        """The request, or None (logged) when it is none."""
        try:
            return self.model.model_validate_json(raw)
        except ValidationError as problem:
            # Fields and kinds of error only: the values may hold a session's secret.
            errors: list[Any] = problem.errors()
            places = [f"{'.'.join(map(str, error['loc'])) or 'request'}: {error['type']}" for error in errors[:10]]
            logger.error("an unusable request for a %s was discarded: %s", self.kind, "; ".join(places))
            return None
