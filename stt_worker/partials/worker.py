"""Partials: while the worker has nothing else to do, a thread transcribes what is still being spoken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import redis

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from contract.keys import PARTIALS, partial_begun_key
from contract.speech.partials import REQUESTS_MAX, PartialRequest
from stt_worker.engine.protocol import MAX_AUDIO_SEC, Draft, Refusal, SpeechEngine, VoiceActivity
from stt_worker.engine.quality import judge
from stt_worker.partials.model_lock import PriorityModelLock
from stt_worker.partials.requests import NOTHING, Answer, RequestWorker
from stt_worker.sentences.inside import sentence_end
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.job import utterance_of


class PartialWorker(RequestWorker[PartialRequest]):
    """What it finds it leaves in `drafts`: the utterance's next partial and its final begin with it."""

    kind = "partial"
    queue = PARTIALS
    longest = REQUESTS_MAX
    model = PartialRequest

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
        super().__init__(client, turns, engine, prepare, heard_live)
        self._settings = settings
        self._check = check
        self._drafts = drafts or DraftCache()

    def begun_key(self, request: PartialRequest) -> str:
        """See RequestWorker."""
        return partial_begun_key(request.session, request.start)

    def may_begin(self, seconds: float) -> bool:
        """See RequestWorker: finals and sentences go before."""
        return self._turns.wait_until_idle(seconds)

    def hold(self, seconds: float) -> AbstractContextManager[None]:
        """See RequestWorker."""
        return self._turns.partial(seconds)

    def hear(self, pcm: bytes, request: PartialRequest) -> Answer:
        """The text of all that has been said by now, where somebody last spoke, and where a sentence ends inside it if
        that is asked."""
        samples = np.frombuffer(pcm, dtype="<i2")[: int(MAX_AUDIO_SEC * SAMPLE_RATE_HZ)]
        audio = samples.astype(np.float32) / FULL_SCALE
        found = self._check.find(audio, self._turns.interrupt)
        if self._check.refusal(found) is not None:
            return NOTHING
        utterance = utterance_of(request, self._check.trimmed(audio, found), self._settings, request.find_end)
        heard_from = self._check.trim_start(found)
        encoded = self._drafts.encoded(request.session, request.start, heard_from)
        before = Draft(self._drafts.of(request.session, request.start), encoded)
        heard = self._engine.partial(utterance, self._turns.interrupt, before)
        self._drafts.keep(request.session, request.start, heard.tokens)
        self._drafts.keep_encoded(request.session, request.start, heard_from, heard.encoded)
        text = judge(heard, self._settings)
        speech_end = None if found.spoken_until is None else request.start + found.spoken_until
        if isinstance(text, Refusal):
            return Answer(speech_end=speech_end)
        end = sentence_end(text, heard.language, heard.words, pcm, heard_from, request.start)
        return Answer(text, None, end, speech_end)
