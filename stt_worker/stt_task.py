"""One utterance through the speech worker: checked, transcribed, judged, and handed on or ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
import redis
from debug_audio import DebugAudio
from numpy.typing import NDArray
from pydantic import ValidationError
from speech_engine import SpeechEngine, Transcript
from speech_quality import Refusal, judge
from stt_patience import patiently
from stt_settings import SttSettings

from contract.envelopes import AnalyzeJob, UtteranceJob
from contract.messages import UtteranceOutcome
from contract.names import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ, done_key, tries_key
from contract.outcomes import dropped, end_utterance, failed

if TYPE_CHECKING:
    from speech_check import SpeechCheck  # torch

logger = logging.getLogger(__name__)

MODEL_ATTEMPTS = 2
FULL_SCALE = 32768.0

T = TypeVar("T")


class Transcriber:
    """Takes utterances from the queue. `hand_on` sends a transcribed one to the analyzer (may raise REDIS_TROUBLE)."""

    def __init__(
        self,
        settings: SttSettings,
        client: redis.Redis,
        check: SpeechCheck,
        engine: SpeechEngine,
        hand_on: Callable[[AnalyzeJob], object],
    ) -> None:
        self._settings = settings
        self._client = client
        self._check = check
        self._engine = engine
        self._hand_on = hand_on
        self._debug_audio = DebugAudio.from_settings(settings)
        self.failures_in_a_row = 0

    def handle(self, audio: object, header: object) -> None:
        """Bring one utterance to its end, or on to the analyzer.

        Raises RedisTroubleError when Redis cannot be used: nothing has ended and the task must be done again.
        """
        job = read_header(header)
        if job is None:
            return
        job.stamp("queue")
        if not self._begin(job):
            return
        problem = self._bad_audio(job, audio)
        if problem is not None:
            self._end(job, problem)
            return
        pcm = cast(bytes, audio)
        if self._debug_audio is not None:
            self._debug_audio.keep(job, pcm)
        began = time.monotonic()
        outcome = self._recognise(job, pcm)
        self._warn_if_slow(job, time.monotonic() - began)
        if isinstance(outcome, AnalyzeJob):
            self._pass_on(outcome)
        else:
            self._end(job, outcome)

    def _begin(self, job: UtteranceJob) -> bool:
        """Count this try. False when there is nothing left to do for `job`."""
        if self._patiently(job, lambda: self._client.exists(done_key(job.session, job.start))):
            logger.info("%s has ended before: skipped", job.utterance)
            return False
        key = tries_key(job.session, job.start)

        def count() -> int:
            pipe = self._client.pipeline(transaction=True)
            pipe.incr(key)
            pipe.expire(key, self._settings.session_ttl_sec)
            return int(pipe.execute()[0])

        if self._patiently(job, count) <= self._settings.stt_max_tries:
            return True
        tries = self._settings.stt_max_tries
        words = f"Speech recognition broke off {tries} times on this utterance and gave it up."
        self._end(job, failed(job, "gave_up", words))
        return False

    def _bad_audio(self, job: UtteranceJob, audio: object) -> UtteranceOutcome | None:
        if not isinstance(audio, bytes):
            return failed(job, "bad_audio", f"The audio came as {type(audio).__name__} instead of bytes.")
        wanted = job.samples * BYTES_PER_SAMPLE
        if len(audio) != wanted:
            return failed(job, "bad_audio", f"The audio has {len(audio)} bytes, its header promises {wanted}.")
        longest = self._settings.stt_max_audio_sec
        if job.samples > longest * SAMPLE_RATE_HZ:
            seconds = job.samples / SAMPLE_RATE_HZ
            return failed(job, "too_long", f"The utterance is {seconds:.1f} s long; at most {longest:g} s are taken.")
        return None

    def _recognise(self, job: UtteranceJob, pcm: bytes) -> AnalyzeJob | UtteranceOutcome:
        """Run the models, a second time when they raise: not even a MemoryError may end the worker's loop."""
        audio = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / FULL_SCALE
        for attempt in range(1, MODEL_ATTEMPTS + 1):
            try:
                verdict = self._hear(job, audio)
            except Exception:
                logger.exception("%s: the speech model failed (%d of %d)", job.utterance, attempt, MODEL_ATTEMPTS)
                self._recover(job)
            else:
                self.failures_in_a_row = 0
                return verdict
        self.failures_in_a_row += 1
        return failed(job, "speech_failed", "The speech model failed on this utterance; please say it again.")

    def _hear(self, job: UtteranceJob, audio: NDArray[np.float32]) -> AnalyzeJob | UtteranceOutcome:
        found = self._check.find(audio)
        job.stamp("speech_check")
        refusal = self._check.refusal(found)
        if refusal is not None:
            return dropped(job, refusal.reason, refusal.detail)
        language = job.language or self._settings.stt_language
        heard = self._engine.transcribe(self._check.trimmed(audio, found), language)
        job.stamp("speech")
        verdict = judge(heard, self._settings)
        logger.info(
            "%s: %.1f s, speech %d ms, language %s, log-probability %.2f, no-speech %.2f, temperature %.1f, %.0f ms",
            job.utterance,
            job.samples / SAMPLE_RATE_HZ,
            found.speech_ms,
            heard.language,
            heard.avg_logprob,
            heard.no_speech_prob,
            heard.temperature,
            job.timings_ms["speech"],
        )
        if isinstance(verdict, Refusal):
            return dropped(job, verdict.reason, verdict.detail)
        return to_analyze(job, heard, verdict)

    def _recover(self, job: UtteranceJob) -> None:
        try:
            self._engine.recover()
        except Exception:
            logger.exception("%s: the speech model could not be put right", job.utterance)

    def _pass_on(self, job: AnalyzeJob) -> None:
        # The model has survived this utterance: a later try, should one come, counts from one again.
        self._patiently(job, lambda: self._client.delete(tries_key(job.session, job.start)))
        self._patiently(job, lambda: self._hand_on(job))

    def _end(self, job: UtteranceJob, message: UtteranceOutcome) -> None:
        self._patiently(job, lambda: end_utterance(self._client, job, message, self._settings))
        if message.type == "dropped":
            logger.info("%s dropped: %s: %s", job.utterance, message.reason, message.detail)
        elif message.type == "error":
            logger.error("%s ended as an error: %s: %s", job.utterance, message.code, message.message)

    def _patiently(self, job: UtteranceJob, call: Callable[[], T]) -> T:
        return patiently(call, self._settings.stt_redis_patience_sec, job.utterance)

    def _warn_if_slow(self, job: UtteranceJob, seconds: float) -> None:
        limit = self._settings.visibility_timeout_sec
        if seconds > limit:
            logger.warning(
                "%s took %.0f s, longer than VISIBILITY_TIMEOUT_SEC=%d: other workers may have done it as well. "
                "Raise that setting for all services, or use a smaller model.",
                job.utterance,
                seconds,
                limit,
            )


def read_header(header: object) -> UtteranceJob | None:
    """The utterance's header, or None (logged) when it is none: then there is nobody to tell."""
    try:
        return UtteranceJob.model_validate(header)
    except ValidationError as problem:
        # Places and kinds only: what was received may hold a session's secret.
        errors = [f"{'.'.join(map(str, error['loc'])) or 'header'}: {error['type']}" for error in problem.errors()]
        logger.error("a task with an unusable header was discarded: %s", "; ".join(errors[:10]))
        return None


def to_analyze(job: UtteranceJob, heard: Transcript, text: str) -> AnalyzeJob:
    """The analyzer's job: it judges the English, which is the text, its translation, or missing with a reason."""
    english = text if heard.language == "en" else heard.translation
    return AnalyzeJob(
        **job.model_dump(),
        text=text,
        spoken_language=heard.language,
        translation=heard.translation,
        sentiment_text=english,
        sentiment_reason=None if english is not None else heard.no_translation,
    )
