"""From audio to what becomes of it: the speech check, the model, the verdict; alone or several at once."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.audio import FULL_SCALE
from contract.jobs import MAX_GAPS, MAX_WORDS, AnalyzeJob, UtteranceJob
from contract.messages import Gap, UtteranceOutcome, Word
from contract.state.outcome import dropped, failed
from runtime.logs.event import Value
from stt_worker.engine.cover import surely_speech
from stt_worker.engine.protocol import Refusal, SpeechEngine, SpeechFound, Transcript, Utterance, VoiceActivity
from stt_worker.engine.quality import doubt, judge
from stt_worker.sentences.heard import Heard
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.job import gaps_of_stream, in_seconds, spans_of_stream, utterance_of, words_of_stream

logger = logging.getLogger(__name__)

MODEL_ATTEMPTS = 2

Verdict = AnalyzeJob | UtteranceOutcome


@dataclass(frozen=True)
class Recording:
    """An utterance in hand. `pcm`: s16le mono 16 kHz. `tries`: how often a worker has begun it, this time included.
    `heard`: what is known of it already."""

    job: UtteranceJob
    pcm: bytes
    tries: int = 1
    heard: Heard | None = None

    @property
    def audio(self) -> NDArray[np.float32]:
        """The samples, -1 to 1, shape (n,)."""
        return np.frombuffer(self.pcm, dtype="<i2").astype(np.float32) / FULL_SCALE


class Recognition:
    """Runs the models. `failures_in_a_row` counts utterances that broke the speech model, until one did not."""

    def __init__(self, settings: SttSettings, check: VoiceActivity, engine: SpeechEngine, drafts: DraftCache) -> None:
        self._settings = settings
        self._check = check
        self._engine = engine
        self._drafts = drafts
        self.failures_in_a_row = 0
        self.notes: dict[str, dict[str, Value]] = {}  # what the model said of the last call's utterances, no text
        self.speech: dict[str, list[tuple[int, int]]] = {}  # where somebody speaks in them, in samples of the stream
        self.speech_end: int | None = None  # where somebody last surely speaks in the last of them, likewise
        self.sentence_end: float | None = None  # how probable it is that a sentence ends with the last of them
        self.phrase_end: float | None = None  # and that a phrase does, by its sound

    def verdicts(self, recordings: Sequence[Recording]) -> list[Verdict]:
        """What becomes of each. Where the models raise on several at once, each is done alone: no neighbour suffers."""
        self.notes.clear()
        self.speech.clear()
        if len(recordings) > 1:
            try:
                return self._hear_all(recordings)
            except Exception:
                logger.exception("the speech model failed on %d utterances at once; now one by one", len(recordings))
                self._recover()
        return [self._verdict(recording) for recording in recordings]

    def look(self, recording: Recording, interrupt: Callable[[], None]) -> Verdict:
        """What would become of an utterance that may go on: the same as in `verdicts`, and the draft of what follows.

        `interrupt` is called between the steps and may raise; that and what the models raise comes through.
        """
        self.notes.clear()
        self.speech.clear()
        (verdict,) = self._hear_all([recording], interrupt)
        return verdict

    def _verdict(self, recording: Recording) -> Verdict:
        """Run the models, a second time when they raise: not even a MemoryError may end the worker's loop."""
        job = recording.job
        for attempt in range(1, MODEL_ATTEMPTS + 1):
            try:
                (verdict,) = self._hear_all([recording])
            except Exception:
                logger.exception("%s: the speech model failed (%d of %d)", job.utterance, attempt, MODEL_ATTEMPTS)
                self._recover()
            else:
                self.failures_in_a_row = 0
                return verdict
        self.failures_in_a_row += 1
        return failed(job, "speech_failed", "The speech model failed on this utterance; please say it again.")

    def _hear_all(self, recordings: Sequence[Recording], interrupt: Callable[[], None] | None = None) -> list[Verdict]:
        verdicts: dict[int, Verdict] = {}
        speech: dict[int, Utterance] = {}
        places: dict[int, SpeechFound] = {}
        for number, recording in enumerate(recordings):
            audio = recording.audio
            found = self._check.find(audio, interrupt)
            recording.job.stamp("speech_check")
            until = found.spoken_until
            self.speech_end = None if until is None else recording.job.start + until
            refusal = self._check.refusal(found)
            if refusal is not None:
                verdicts[number] = dropped(recording.job, refusal.reason, refusal.detail)
            else:
                trimmed = self._check.trimmed(audio, found)
                clear = in_seconds(found.clear, self._check.trim_start(found))
                speech[number] = utterance_of(recording.job, trimmed, self._settings, recording.job.word_times, clear)
                places[number] = found
                self.speech[recording.job.utterance] = spans_of_stream(found.stretches, recording.job.start)
        jobs = [recordings[number].job for number in speech]
        heard = self._transcribe(jobs, list(speech.values()), interrupt)
        for number, transcript in zip(speech, heard, strict=True):
            sure = surely_speech(speech[number].speech)
            verdict = self._judge(recordings[number].job, transcript, sure)
            if isinstance(verdict, AnalyzeJob):
                if verdict.word_times:
                    verdict.words = self._words(verdict, transcript, places[number])
                verdict.gaps = self._gaps(verdict, transcript, places[number])
            verdicts[number] = verdict
        return [verdicts[number] for number in range(len(recordings))]

    def _transcribe(
        self, jobs: Sequence[UtteranceJob], utterances: Sequence[Utterance], interrupt: Callable[[], None] | None
    ) -> list[Transcript]:
        take = self._drafts.take if interrupt is None else self._drafts.of
        drafts = [take(job.session, job.start) for job in jobs]
        if len(utterances) == 1:
            heard = [self._engine.transcribe(utterances[0], drafts[0], interrupt)]
            self.sentence_end, self.phrase_end = heard[0].sentence_end, heard[0].phrase_end
        else:
            heard = self._engine.transcribe_all(utterances) if utterances else []
        if interrupt is not None:
            for job, transcript in zip(jobs, heard, strict=True):
                self._drafts.keep(job.session, job.start, transcript.tokens)
        for job in jobs:
            job.stamp("speech")
        return heard

    def _judge(self, job: UtteranceJob, heard: Transcript, surely_spoken: bool) -> Verdict:
        verdict = judge(heard, self._settings, surely_spoken)
        self.notes[job.utterance] = {
            "language": heard.language,
            "tokens": len(heard.tokens) or None,
            "log_probability": heard.avg_logprob,
            "no_speech": heard.no_speech_prob,
            "temperature": heard.temperature,
            "again": heard.decoded_again,
        }
        if isinstance(verdict, Refusal):
            return dropped(job, verdict.reason, verdict.detail)
        onward = to_analyze(job, heard, verdict)
        onward.doubtful_reason = doubt(heard, self._settings)
        return onward

    def _words(self, job: AnalyzeJob, heard: Transcript, found: SpeechFound) -> list[Word]:
        speech = (found.start, found.end)
        return words_of_stream(heard.words, job.text, job.start, self._check.trim_start(found), speech)[:MAX_WORDS]

    def _gaps(self, job: AnalyzeJob, heard: Transcript, found: SpeechFound) -> list[Gap]:
        return gaps_of_stream(heard.gaps, job.start + self._check.trim_start(found))[:MAX_GAPS]

    def _recover(self) -> None:
        try:
            self._engine.recover()
        except Exception:
            logger.exception("the speech model could not be put right")


def to_analyze(job: UtteranceJob, heard: Transcript, text: str) -> AnalyzeJob:
    """The analyzer's job: it judges the English, which is the text, its translation, or missing with a reason."""
    english = text if heard.language == "en" else heard.translation
    return AnalyzeJob(
        **job.model_dump(exclude={"hints"}),
        text=text,
        spoken_language=heard.language,
        language_probability=heard.language_probability,
        translation=heard.translation,
        sentiment_text=english,
        sentiment_reason=None if english is not None else heard.no_translation,
        decoded_again=heard.decoded_again,
        avg_logprob=heard.avg_logprob,
        no_speech_prob=None if math.isnan(heard.no_speech_prob) else heard.no_speech_prob,
        temperature=heard.temperature,
    )
