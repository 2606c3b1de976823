"""Partials: while the worker has nothing else to do, a thread transcribes what is still being spoken.

Finals never wait for it (partials.model_lock), and nothing depends on it: a request that is late, refused or lost
is simply no partial. Every request that was taken is answered, with an empty text where there is nothing to show,
because the gateway asks for the next one only then.

An utterance that ended a worker by a partial gets no other one: a mark in Redis stands while a worker is at it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import redis
from numpy.typing import NDArray
from pydantic import ValidationError

from contract.audio import BYTES_PER_SAMPLE, FULL_SCALE, SAMPLE_RATE_HZ
from contract.keys import PARTIALS, done_key, partial_audio_key, partial_begun_key
from contract.partials import BEGUN_TTL_SEC, REQUESTS_MAX, REQUESTS_TTL_SEC, PartialRequest
from contract.queues import RESULT_MESSAGES, STT_QUEUE
from runtime.backoff import Backoff
from runtime.redis_retry import REDIS_ERRORS
from stt_worker.engine.protocol import MAX_AUDIO_SEC, Refusal, SpeechEngine, VoiceActivity
from stt_worker.engine.quality import judge
from stt_worker.partials.model_lock import PartialAbortedError, PriorityModelLock
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.job import utterance_of

logger = logging.getLogger(__name__)

POLL_SEC = 1  # how long the list is waited on at a time, so how long a stop may take
BACK_OFF_FIRST_SEC = 0.5
BACK_OFF_MAX_SEC = 10.0
STOP_SEC = 5.0


class PartialWorker:
    """Answers requests for partials from a daemon thread until `stop`. `prepare` is run once in that thread.

    What it finds it leaves in `drafts`: the utterance's next partial and its final begin with it.
    """

    def __init__(
        self,
        settings: SttSettings,
        client: redis.Redis,
        turns: PriorityModelLock,
        check: VoiceActivity,
        engine: SpeechEngine,
        prepare: Callable[[], None],
        drafts: DraftCache | None = None,
        heard_live: Callable[[], object] = lambda: None,
    ) -> None:
        self._settings = settings
        self._client = client
        self._turns = turns
        self._check = check
        self._engine = engine
        self._prepare = prepare
        self._heard_live = heard_live
        self._drafts = drafts or DraftCache()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="partials", daemon=True)

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
                if self._turns.wait_for_no_final(POLL_SEC):
                    self.take_one(POLL_SEC)
                backoff.reset()
            except REDIS_ERRORS as problem:
                delay_sec = backoff.next_delay()
                logger.warning("no partials for %.1f s: %s: %s", delay_sec, type(problem).__name__, problem)
                self._stopped.wait(delay_sec)
            except Exception:
                delay_sec = backoff.next_delay()
                logger.exception("a partial failed; the next in %.1f s", delay_sec)
                self._stopped.wait(delay_sec)

    def take_one(self, wait_sec: int) -> bool:
        """Take the oldest request, waiting for one, and answer it; False when none came. Raises REDIS_ERRORS."""
        taken = cast(tuple[bytes, bytes] | None, self._client.brpop([PARTIALS], wait_sec))
        if taken is None:
            return False
        raw = taken[1]
        if not self._turns.wait_for_no_final(0):
            self._give_back(raw)
            return True
        request = read_request(raw)
        if request is not None:
            self._heard_live()
            self._answer(request)
        return True

    def _give_back(self, raw: bytes) -> None:
        """A final arrived meanwhile: put the request back, for another worker or for this one later."""
        pipe = self._client.pipeline(transaction=True)
        pipe.rpush(PARTIALS, raw)
        pipe.ltrim(PARTIALS, -REQUESTS_MAX, -1)
        pipe.expire(PARTIALS, REQUESTS_TTL_SEC)
        pipe.execute()

    def _answer(self, request: PartialRequest) -> None:
        """Publish the text of the utterance so far; an empty one if there is nothing to show."""
        begun = partial_begun_key(request.session, request.start)
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
        dropped = "a worker ended on it or is at it" if not ours else ""
        dropped = dropped or self._reason_to_drop(request, now_ms, waiting, bool(done), pcm)
        text = ""
        if dropped or pcm is None:
            logger.debug("%s: partial dropped: %s", request.utterance, dropped)
        else:
            try:
                text = self._transcribe(request, pcm, (request.answer_by_ms - now_ms) / 1000)
            except PartialAbortedError as aborted:
                logger.debug("%s: partial aborted: %s", request.utterance, aborted)
        pipe = self._client.pipeline(transaction=False)
        if ours:
            pipe.delete(begun)
        pipe.publish(RESULT_MESSAGES, request.answer(text).model_dump_json())
        pipe.execute()

    @staticmethod
    def _reason_to_drop(request: PartialRequest, now_ms: float, waiting: int, done: bool, pcm: bytes | None) -> str:
        if now_ms > request.begin_by_ms:
            return f"{now_ms - request.begin_by_ms:.0f} ms late"
        if waiting:
            return "finals are waiting"
        if done or pcm is None:
            return "the utterance has ended"
        return ""

    def _transcribe(self, request: PartialRequest, pcm: bytes, seconds: float) -> str:
        longest = int(MAX_AUDIO_SEC * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE
        whole = min(len(pcm), longest) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
        audio = np.frombuffer(pcm[:whole], dtype="<i2").astype(np.float32) / FULL_SCALE
        began = time.monotonic()
        with self._turns.partial(seconds):
            try:
                heard = self._hear(audio, request)
            except PartialAbortedError:
                raise
            except Exception:
                logger.exception("%s: the speech model failed on a partial", request.utterance)
                self._engine.recover()
                return ""
        text = "" if isinstance(heard, Refusal) else heard
        took_ms = (time.monotonic() - began) * 1000
        length_sec = len(audio) / SAMPLE_RATE_HZ
        logger.debug("%s: %s partial of %.1f s, %.0f ms", request.utterance, "a" if text else "no", length_sec, took_ms)
        return text

    def _hear(self, audio: NDArray[np.float32], request: PartialRequest) -> str | Refusal:
        found = self._check.find(audio, self._turns.interrupt)
        refusal = self._check.refusal(found)
        if refusal is not None:
            return refusal
        utterance = utterance_of(request, self._check.trimmed(audio, found), self._settings)
        draft = self._drafts.of(request.session, request.start)
        heard = self._engine.partial(utterance, self._turns.interrupt, draft)
        self._drafts.keep(request.session, request.start, heard.tokens)
        return judge(heard, self._settings)


def read_request(raw: bytes) -> PartialRequest | None:
    """The request, or None (logged) when it is none."""
    try:
        return PartialRequest.model_validate_json(raw)
    except ValidationError as problem:
        # Fields and kinds of error only: the values may hold a session's secret.
        errors: list[Any] = problem.errors()
        places = [f"{'.'.join(map(str, error['loc'])) or 'request'}: {error['type']}" for error in errors[:10]]
        logger.error("an unusable request for a partial was discarded: %s", "; ".join(places))
        return None
