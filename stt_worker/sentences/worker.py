"""Looks whether a sentence has ended at a pause: recognises the utterance up to there as its final would be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

import redis

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.jobs import AnalyzeJob, UtteranceJob
from contract.keys import SENTENCES, sentence_begun_key
from contract.speech.sentences import REQUESTS_MAX, SentenceRequest
from runtime.logs.event import Event
from stt_worker.engine.protocol import SpeechEngine
from stt_worker.partials.model_lock import PriorityModelLock
from stt_worker.partials.requests import NOTHING, Answer, RequestWorker
from stt_worker.sentences.ending import ending_of
from stt_worker.sentences.heard import Heard
from stt_worker.sentences.looks import Looks
from stt_worker.utterances.recognition import Recognition, Recording

logger = logging.getLogger(__name__)

SILENCE = Answer(ending="silence")


class SentenceWorker(RequestWorker[SentenceRequest]):
    """Uses `recognition` alone, in its own thread."""

    kind = "sentence"
    queue = SENTENCES
    longest = REQUESTS_MAX
    model = SentenceRequest

    def __init__(
        self,
        client: redis.Redis,
        turns: PriorityModelLock,
        engine: SpeechEngine,
        recognition: Recognition,
        prepare: Callable[[], None],
        heard_live: Callable[[], object] = lambda: None,
        looks: Looks | None = None,
    ) -> None:
        """`looks` is told what is under way."""
        super().__init__(client, turns, engine, prepare, heard_live)
        self._recognition = recognition
        self._looks = looks or Looks()

    def begun_key(self, request: SentenceRequest) -> str:
        """See RequestWorker."""
        return sentence_begun_key(request.session, request.start)

    def may_begin(self, seconds: float) -> bool:
        """See RequestWorker: finals go before."""
        return self._turns.wait_for_no_final(seconds)

    def hold(self, seconds: float) -> AbstractContextManager[None]:
        """See RequestWorker."""
        return self._turns.sentence(seconds)

    def too_short(self, request: SentenceRequest, samples: int) -> bool:
        """See RequestWorker: the audio must reach the pause."""
        return samples < request.samples

    def hear(self, pcm: bytes, request: SentenceRequest) -> Answer:
        """The text up to the pause, kept for the final, and how it ends."""
        fields = set(UtteranceJob.model_fields) & set(SentenceRequest.model_fields)
        job = UtteranceJob(**request.model_dump(include=fields))
        with self._looks.at(job):
            verdict = self._recognition.look(
                Recording(job, pcm[: request.samples * BYTES_PER_SAMPLE]), self._turns.interrupt
            )
            if not isinstance(verdict, AnalyzeJob):
                return SILENCE if verdict.type == "dropped" and verdict.reason == "no_speech" else NOTHING
            notes = self._recognition.notes.get(job.utterance, {})
            speech = self._recognition.speech.get(job.utterance, [])
            Heard(verdict=verdict, notes=notes, speech=speech).keep(self._client)
        found = self._recognition
        ending = ending_of(verdict, found.sentence_end, found.phrase_end)
        heard_sec = round(request.samples / SAMPLE_RATE_HZ, 2)
        by_text, by_sound = found.sentence_end, found.phrase_end
        logger.debug(
            Event("looked", utterance=job.utterance, heard_sec=heard_sec, ending=ending, text=by_text, sound=by_sound)
        )
        return Answer(verdict.text, ending, speech_end=found.speech_end)
