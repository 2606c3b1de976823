"""An utterance in the speech worker: taken, recognised, and sent to the analyzer or ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import cast

import redis
from pydantic import ValidationError

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.jobs import TRIES_MAX, AnalyzeJob, UtteranceJob
from contract.keys import tries_key
from contract.messages import UtteranceOutcome
from contract.state.outcome import end_utterance, failed
from runtime.logs.event import Value
from runtime.redis_retry import RedisRetry, RedisUnavailableError
from runtime.worker.tries import Tries
from stt_worker.engine.protocol import MAX_AUDIO_SEC, SpeechEngine, VoiceActivity
from stt_worker.metrics import SttMetrics
from stt_worker.sentences.heard import Heard, take_heard
from stt_worker.sentences.looks import Looks
from stt_worker.settings import SttSettings
from stt_worker.utterances.debug_audio import DebugAudio
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.recognition import Recognition, Recording, Verdict
from stt_worker.utterances.speakers import SpeakerQuestions

logger = logging.getLogger(__name__)

Spans = Sequence[tuple[int, int]]

LOOK_SEC = 10.0  # a final waits so long for a look at the same audio, which is the work that it needs


class Transcriber:
    """Takes utterances from the queue. `hand_on` sends a transcribed one to the analyzer (may raise REDIS_ERRORS)."""

    def __init__(
        self,
        settings: SttSettings,
        client: redis.Redis,
        check: VoiceActivity,
        engine: SpeechEngine,
        hand_on: Callable[[AnalyzeJob], object],
        drafts: DraftCache | None = None,
        metrics: SttMetrics | None = None,
        heard_live: Callable[[], object] = lambda: None,
        models: Callable[[], AbstractContextManager[object]] = nullcontext,
        looks: Looks | None = None,
        questions: SpeakerQuestions | None = None,
    ) -> None:
        """`models` gives the context in which the models are used; `looks` knows what is heard ahead; `questions` asks
        who speaks."""
        self._settings = settings
        self._client = client
        self._recognition = Recognition(settings, check, engine, drafts or DraftCache())
        self._hand_on = hand_on
        self._heard_live = heard_live
        self._models = models
        self._looks = looks or Looks()
        self.recognised = 0  # utterances of the last call that the models were needed for
        self._debug_audio = DebugAudio.from_settings(settings)
        self._metrics = metrics or SttMetrics()
        self._questions = questions or SpeakerQuestions(settings, client, self._metrics, None)
        self._to_ask: list[tuple[Recording, AnalyzeJob, Spans]] = []  # who speaks, once all texts are on their way
        self._retry = RedisRetry(settings.stt_redis_patience_sec, self._metrics.redis_trouble.inc)
        self._tries = Tries(client, tries_key, settings.session_ttl_sec, self._retry, self._metrics.begun_again.inc)

    @property
    def failures_in_a_row(self) -> int:
        """Utterances that broke the speech model, since one did not."""
        return self._recognition.failures_in_a_row

    def handle(self, audio: object, header: object) -> None:
        """Bring one utterance to its end, or on to the analyzer.

        Raises RedisUnavailableError when Redis cannot be used: nothing has ended and the task must be done again.
        """
        (trouble,) = self.handle_all([(audio, header)])
        if trouble is not None:
            raise trouble

    def handle_all(self, tasks: Sequence[tuple[object, object]]) -> list[RedisUnavailableError | None]:
        """`handle` for several utterances (audio, header) at once; for each, the trouble where it must be done again.

        Live speech is done first, then parts of files. An utterance that a worker has begun before, and that may have
        killed it, is done alone.
        """
        troubles: list[RedisUnavailableError | None] = [None] * len(tasks)
        taken: dict[int, Recording] = {}
        for number, (audio, header) in enumerate(tasks):
            try:
                recording = self._take(audio, header)
            except RedisUnavailableError as trouble:
                troubles[number] = trouble
            else:
                if recording is not None:
                    taken[number] = recording
        if any(recording.job.live for recording in taken.values()):
            self._heard_live()
        for number in [number for number, recording in taken.items() if recording.heard is not None]:
            self._finish_heard(number, taken.pop(number), troubles)
        self._ask_who_speaks()
        self.recognised = len(taken)
        begun = {number: (recording.job, recording.tries) for number, recording in taken.items()}
        for turn in self._tries.turns(begun):
            live = [number for number in turn if taken[number].job.live]
            of_files = [number for number in turn if number not in live]
            for group in filter(None, (live, of_files)):
                for number, verdict in zip(group, self._recognise([taken[n] for n in group]), strict=True):
                    utterance, found = taken[number].job.utterance, self._recognition
                    notes, speech = found.notes.get(utterance), found.speech.get(utterance, [])
                    self._finish(number, taken[number], verdict, troubles, notes, speech)
                self._ask_who_speaks()
        return troubles

    def _finish_heard(self, number: int, recording: Recording, troubles: list[RedisUnavailableError | None]) -> None:
        """A look at the sentence has recognised it already."""
        job, heard = recording.job, recording.heard
        assert heard is not None
        job.stamp("speech")
        of_final = ("timings_ms", "stamped_ms", "end", "cut_at_start", "cut_at_end", "speakers", "channel")
        verdict = heard.verdict.model_copy(update={name: getattr(job, name) for name in of_final})
        self._metrics.heard_ahead.inc()
        self._finish(number, recording, verdict, troubles, heard.notes, heard.speech)

    def _finish(
        self,
        number: int,
        recording: Recording,
        verdict: Verdict,
        troubles: list[RedisUnavailableError | None],
        notes: dict[str, Value] | None,
        speech: Spans,
    ) -> None:
        try:
            self._conclude(recording, verdict, notes, speech)
        except RedisUnavailableError as trouble:
            troubles[number] = trouble

    def _ask_who_speaks(self) -> None:
        """Ask it of the utterances whose texts were handed on, the live ones'."""
        waiting, self._to_ask = self._to_ask, []
        for recording, verdict, speech in waiting:
            self._questions.send(recording.pcm, verdict, speech)

    def _take(self, audio: object, header: object) -> Recording | None:
        """The utterance of a task, or None when there is nothing left to do for it. Raises RedisUnavailableError."""
        job = read_header(header)
        if job is None:
            return None
        job.stamp("queue")
        tries = self._begin(job)
        if tries == 0:
            return None
        problem = self._bad_audio(job, audio)
        if problem is not None:
            self._end(job, problem)
            return None
        recording = Recording(job, cast(bytes, audio), tries, self._heard_before(job) if job.live else None)
        if self._debug_audio is not None:
            self._debug_audio.keep(job, recording.pcm)
        return recording

    def _heard_before(self, job: UtteranceJob) -> Heard | None:
        """What a look at the sentence has made of it, or makes of it now. Raises RedisUnavailableError."""
        self._looks.wait_for(job, LOOK_SEC)
        return self._retry.call(lambda: take_heard(self._client, job), job.utterance)

    def _begin(self, job: UtteranceJob) -> int:
        """Count this try and return the count, 0 when there is nothing left to do for `job`."""
        tries = self._tries.begin(job)
        if not self._tries.used_up(tries):
            return tries
        words = f"Speech recognition broke off {TRIES_MAX} times on this utterance and gave it up."
        self._end(job, failed(job, "gave_up", words))
        return 0

    def _bad_audio(self, job: UtteranceJob, audio: object) -> UtteranceOutcome | None:
        if not isinstance(audio, bytes):
            return failed(job, "bad_audio", f"The audio came as {type(audio).__name__} instead of bytes.")
        wanted = job.samples * BYTES_PER_SAMPLE
        if len(audio) != wanted:
            return failed(job, "bad_audio", f"The audio has {len(audio)} bytes, its header promises {wanted}.")
        if job.samples > MAX_AUDIO_SEC * SAMPLE_RATE_HZ:
            seconds = job.samples / SAMPLE_RATE_HZ
            return failed(
                job, "too_long", f"The utterance is {seconds:.1f} s long; at most {MAX_AUDIO_SEC:g} s are taken."
            )
        return None

    def _recognise(self, recordings: Sequence[Recording]) -> list[Verdict]:
        began = time.monotonic()
        with self._models():
            verdicts = self._recognition.verdicts(recordings)
        took_sec = time.monotonic() - began
        if recordings:
            self._metrics.took(len(recordings))
            self._metrics.work.inc(took_sec)
        self._warn_if_slow([recording.job.utterance for recording in recordings], took_sec)
        return verdicts

    def _conclude(self, recording: Recording, verdict: Verdict, notes: dict[str, Value] | None, speech: Spans) -> None:
        job = recording.job
        if not isinstance(verdict, AnalyzeJob):
            self._end(job, verdict, notes)
            return
        asks = self._questions.wanted(verdict)
        if asks and not job.live:  # before its outcome can come: after the last one the whole file is asked about
            self._questions.send(recording.pcm, verdict, speech)
        self._retry.call(lambda: self._hand_on(verdict), job.utterance)
        if asks and job.live:
            self._to_ask.append((recording, verdict, speech))
        self._metrics.recognised(job, None, notes)
        self._tries.forget(job)

    def _end(self, job: UtteranceJob, message: UtteranceOutcome, notes: dict[str, Value] | None = None) -> None:
        if self._retry.call(lambda: end_utterance(self._client, job, message, self._settings), job.utterance):
            self._metrics.recognised(job, message, notes)

    def _warn_if_slow(self, utterances: Sequence[str], seconds: float) -> None:
        limit = self._settings.visibility_timeout_sec
        if seconds > limit:
            logger.warning(
                "%s took %.0f s, longer than VISIBILITY_TIMEOUT_SEC=%d: other workers may have done it as well. "
                "Raise that setting for all services, or use a smaller model.",
                ", ".join(utterances),
                seconds,
                limit,
            )


def read_header(header: object) -> UtteranceJob | None:
    """The utterance's header, or None (logged) when it is invalid: its user is then unknown."""
    try:
        return UtteranceJob.model_validate(header)
    except ValidationError as problem:
        # Fields and kinds of error only: the values may hold a session's secret.
        errors = [f"{'.'.join(map(str, error['loc'])) or 'header'}: {error['type']}" for error in problem.errors()]
        logger.error("a task with an unusable header was discarded: %s", "; ".join(errors[:10]))
        return None
