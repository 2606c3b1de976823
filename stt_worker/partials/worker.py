"""Partials: while the worker has nothing else to do, a thread transcribes what is still being spoken."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import numpy as np
import redis

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from contract.jobs import MAX_TEXT_CHARS
from contract.keys import PARTIALS, partial_begun_key
from contract.partials import REQUESTS_MAX, PartialRequest
from stt_worker.engine.protocol import MAX_AUDIO_SEC, Refusal, SpeechEngine, VoiceActivity
from stt_worker.engine.quality import judge
from stt_worker.partials.model_lock import PriorityModelLock
from stt_worker.partials.requests import NOTHING, Answer, RequestWorker
from stt_worker.partials.seam import Seam, find_seam, shifted
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
        spare_sec = settings.whisper_window_floor_sec - settings.whisper_window_margin_sec
        whole = settings.whisper_window == "full" or spare_sec <= 0
        self.long_samples = math.inf if whole else spare_sec * SAMPLE_RATE_HZ  # longer ones are heard on from a seam

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
        that is asked. What lies before a seam is not heard again."""
        samples = np.frombuffer(pcm, dtype="<i2")[: int(MAX_AUDIO_SEC * SAMPLE_RATE_HZ)]
        audio = samples.astype(np.float32) / FULL_SCALE
        found = self._check.find(audio, self._turns.interrupt)
        if self._check.refusal(found) is not None:
            return NOTHING
        first, spoken = self._check.trim_start(found), self._check.trimmed(audio, found)
        draft = self._drafts.newest(request.session, request.start)
        utterance = utterance_of(request, spoken, self._settings, request.find_end)
        seam = draft.seam
        if seam is not None and utterance.language in (None, seam.language) and 0 <= seam.at - first < len(spoken):
            spoken, first, tokens = spoken[seam.at - first :], seam.at, draft.tokens[len(seam.tokens) :]
            utterance = replace(utterance, audio=spoken, language=seam.language, before=seam.text)
        else:
            seam, tokens = None, draft.tokens
        long = len(spoken) > self.long_samples
        heard = self._engine.partial(replace(utterance, confirmed_times=long), self._turns.interrupt, tokens)
        settled = Seam(0, "", (), (), heard.language) if seam is None else seam
        known = settled.tokens + heard.tokens
        self._drafts.keep(request.session, request.start, known)
        text = judge(heard, self._settings)
        speech_end = None if found.spoken_until is None else request.start + found.spoken_until
        if isinstance(text, Refusal):
            return Answer(speech_end=speech_end)
        if long and heard.words:
            seam = find_seam(heard, text, tokens, spoken, first, seam)
            self._drafts.keep(request.session, request.start, known, seam)
        text = (settled.text + text)[:MAX_TEXT_CHARS]
        end = None
        if request.find_end:
            words = settled.words + shifted(heard.words, first)
            end = sentence_end(text, settled.language, words, pcm, 0, request.start)
        return Answer(text, None, end, speech_end)
