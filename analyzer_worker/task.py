"""One utterance in the analyzer: classify its text, end it as a result."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import redis
from pydantic import ValidationError

from analyzer_worker.metrics import AnalyzerMetrics
from analyzer_worker.models import WARM_UP_TEXT, SentimentJudge
from analyzer_worker.sentences.verdict import Verdict, verdict_of
from analyzer_worker.settings import AnalyzerSettings
from analyzer_worker.text import Words, words_to_judge
from contract.jobs import AnalyzeJob, UtteranceJob
from contract.keys import analyzer_tries_key
from contract.messages import Result, Sentiment, UtteranceOutcome
from contract.state.outcome import end_utterance, failed
from runtime.redis_retry import RedisRetry, RedisUnavailableError
from runtime.worker.tries import Tries

logger = logging.getLogger(__name__)

SENTENCES_AT_ONCE = 32  # through the model; more would only take memory


class Analyzer:
    """Handles the jobs of one worker, one at a time. `broken` turns true when the model has stopped working."""

    def __init__(
        self,
        client: redis.Redis,
        model: SentimentJudge,
        settings: AnalyzerSettings,
        metrics: AnalyzerMetrics | None = None,
    ) -> None:
        self.broken = False
        self._client = client
        self._model = model
        self._settings = settings
        self._metrics = metrics or AnalyzerMetrics()
        self._retry = RedisRetry(settings.analyzer_redis_patience_sec, self._metrics.redis_trouble.inc)
        self._tries = Tries(
            client, analyzer_tries_key, settings.session_ttl_sec, self._retry, self._metrics.begun_again.inc
        )

    def handle(self, raw: object) -> None:
        """Process one task argument to its outcome. Never raises for its content or for errors of the model.

        Raises RedisUnavailableError when Redis stays out of reach for `analyzer_redis_patience_sec`: nothing is lost
        then, the task has to run again.
        """
        (trouble,) = self.handle_all([raw])
        if trouble is not None:
            raise trouble

    def handle_all(self, raws: Sequence[object]) -> list[RedisUnavailableError | None]:
        """`handle` for several at once; for each, what Redis said where it has to run again.

        A job that a worker has begun before, and that may have killed it, is done alone.
        """
        troubles: list[RedisUnavailableError | None] = [None] * len(raws)
        begun: dict[int, tuple[AnalyzeJob, int]] = {}
        for number, raw in enumerate(raws):
            with _noted(troubles, number):
                found = self._begun(raw)
                if found is not None:
                    begun[number] = found
        for turn in self._tries.turns(begun):
            jobs = [begun[number][0] for number in turn]
            for number, job, verdict in zip(turn, jobs, self._judge_all(jobs), strict=True):
                with _noted(troubles, number):
                    self._conclude(job, verdict)
        return troubles

    def _begun(self, raw: object) -> tuple[AnalyzeJob, int] | None:
        """The job in `raw` and its count of tries, or None when there is nothing left to do for it."""
        job = self._parse(raw)
        if job is None:
            return None
        tries = self._tries.begin(job)
        if tries == 0:
            return None
        if self._tries.used_up(tries):
            self._end(job, failed(job, "analyzer_failed", "The sentiment analysis failed again and again."))
            return None
        job.stamp("analyzer_queue")
        return job, tries

    def _conclude(self, job: AnalyzeJob, verdict: Verdict) -> None:
        job.stamp("sentiment")
        self._end(
            job,
            Result(
                **job.outcome_fields(),
                text=job.text,
                language=job.spoken_language,
                language_probability=job.language_probability,
                translation=job.translation,
                sentiment=verdict.sentiment,
                sentiment_reason=verdict.reason,
                sentences=list(verdict.sentences),
                decoded_again=job.decoded_again,
                words=job.words,
                doubtful=job.doubtful_reason is not None,
                doubtful_reason=job.doubtful_reason,
                gaps=job.gaps,
                avg_logprob=job.avg_logprob,
                no_speech_prob=job.no_speech_prob,
                temperature=job.temperature,
                channel=job.channel,
                speaker=job.channel,  # each channel is one speaker
            ),
        )

    def _parse(self, raw: object) -> AnalyzeJob | None:
        """The job in `raw`. One that cannot be processed is dropped; if it names its utterance, its user is told."""
        try:
            return AnalyzeJob.model_validate(raw)
        except ValidationError as problem:
            # The messages of pydantic quote their input, which is what was said.
            faults = ", ".join(f"{'.'.join(map(str, one['loc'][:1]))}: {one['type']}" for one in problem.errors()[:5])
        try:
            header = UtteranceJob.model_validate(raw)
        except ValidationError:
            logger.error("dropped a task that is no job (%s)", faults)
            return None
        logger.error("%s: its job is invalid (%s)", header.utterance, faults)
        self._end(header, failed(header, "invalid_job", "The utterance's text could not be passed on."))
        return None

    def _judge(self, job: AnalyzeJob) -> tuple[Sentiment | None, str | None]:
        """The sentiment of the whole text, or None and the reason why there is none."""
        words = words_to_judge(job, self._settings.sentiment_languages)
        if isinstance(words, str):
            return None, words
        for _ in range(2):
            try:
                return self._model.judge(words.text), None
            except Exception as problem:  # whatever a model raises, the text must reach its user
                logger.error("%s: the sentiment model failed: %s", job.utterance, where(problem))
        try:
            self._model.judge(WARM_UP_TEXT)
        except Exception as problem:
            self.broken = True
            logger.error("the sentiment model has stopped working: %s", where(problem))
        return None, "The sentiment model failed on this text."

    def _judge_all(self, jobs: Sequence[AnalyzeJob]) -> list[Verdict]:
        """A verdict for each job: of the whole texts, which go through the model together, then of the sentences of
        those that have several. Apart, because a text is padded to the longest beside it."""
        found = [words_to_judge(job, self._settings.sentiment_languages) for job in jobs]
        wholes = self._judge_wholes(jobs, found)
        several = [
            words.sentences
            for words, (whole, _) in zip(found, wholes, strict=True)
            if isinstance(words, Words) and whole is not None and len(words.sentences) > 1
        ]
        judged = iter(self._judge_sentences([sentence for sentences in several for sentence in sentences]))
        verdicts = []
        for words, (whole, reason) in zip(found, wholes, strict=True):
            if isinstance(words, str) or whole is None:
                verdicts.append(Verdict(None, reason))
            elif len(words.sentences) == 1:
                verdicts.append(verdict_of(words, whole, [whole]))
            else:
                verdicts.append(verdict_of(words, whole, list(islice(judged, len(words.sentences)))))
        return verdicts

    def _judge_wholes(
        self, jobs: Sequence[AnalyzeJob], found: Sequence[Words | str]
    ) -> list[tuple[Sentiment | None, str | None]]:
        """`_judge` for several at once; one by one where the model fails on them together."""
        texts = [words.text for words in found if isinstance(words, Words)]
        if len(jobs) < 2 or len(texts) < len(jobs):
            return [self._judge(job) for job in jobs]
        try:
            return [(sentiment, None) for sentiment in self._model.judge_all(texts)]
        except Exception as problem:
            logger.error("the sentiment model failed on %d texts at once: %s", len(jobs), where(problem))
        return [self._judge(job) for job in jobs]

    def _judge_sentences(self, sentences: Sequence[str]) -> list[Sentiment]:
        """The sentiment of each; none at all where the model fails, which costs no text its own."""
        judged: list[Sentiment] = []
        try:
            for first in range(0, len(sentences), SENTENCES_AT_ONCE):
                judged += self._model.judge_all(sentences[first : first + SENTENCES_AT_ONCE])
        except Exception as problem:
            logger.error("the sentiment model failed on %d sentences: %s", len(sentences), where(problem))
            return []
        return judged

    def _end(self, job: UtteranceJob, message: UtteranceOutcome) -> None:
        seq = self._retry.call(lambda: end_utterance(self._client, job, message, self._settings), job.utterance)
        if seq == 0:
            logger.info("%s: had ended before", job.utterance)
        else:
            self._metrics.judged(job, message, seq)


@contextmanager
def _noted(troubles: list[RedisUnavailableError | None], number: int) -> Iterator[None]:
    """Put trouble with Redis into `troubles` instead of raising it."""
    try:
        yield
    except RedisUnavailableError as problem:
        troubles[number] = problem


def where(problem: BaseException) -> str:
    """An exception's type and the place it comes from, without its message, which may quote the text."""
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" in {trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno}"
    return f"{type(problem).__name__}{place}"
