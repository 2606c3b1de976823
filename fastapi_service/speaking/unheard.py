"""Pauses that the client does not mark, because its gate takes something else for speech: a worker hears them."""

from __future__ import annotations

import time

from contract.audio import SAMPLE_RATE_HZ
from contract.jobs import now_ms
from contract.speech.segmenter import Segmenter
from fastapi_service.speaking.pauses import Pause

SILENT_SEC = 0.3  # without speech, after which a worker looks
SPEECH_FADES_SEC = 0.2  # from where somebody surely speaks to where a word ends
SAME_PLACE_SEC = 0.1  # two partials may differ by so much in where somebody last spoke
UNHEARD_SEC = 0.2  # what came last no worker has to have heard: its answer takes longer than that


class UnheardPauses:
    """Of one connection. What a look has told of a pause holds while partials go on to tell of the same one."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._latest: Pause | None = None
        self._lasting: Pause | None = None  # nobody speaks, as far as is known

    def over(self) -> None:
        """The client has marked a pause: it is not this that ends the utterance."""
        self._lasting = None

    def ended(self, wait_sec: float) -> Pause | None:
        """The pause that has lasted for as long as ends the utterance, if any. `wait_sec`: in the middle of a
        sentence."""
        pause, start = self._lasting, self._segmenter.start
        if pause is None or pause.position <= start or pause.asked_of not in (None, start):
            return None
        needed_sec = pause.silence_sec(wait_sec)
        lasted_sec = (self._segmenter.position - pause.position) / SAMPLE_RATE_HZ + SPEECH_FADES_SEC
        return pause if pause.silent_sec >= needed_sec - UNHEARD_SEC and lasted_sec >= needed_sec else None

    def looked(self, asked: Pause, speech_end: int) -> None:
        """A look at `asked` found that somebody last spoke up to sample `speech_end`: the answer holds there."""
        known = self._behind(speech_end)
        known.asked_of, known.asked_until, known.ending = asked.asked_of, asked.asked_until, asked.ending
        self._latest = known
        if self._lasting is not None and _same_place(self._lasting.position, known.position):
            known.silent_sec = self._lasting.silent_sec
            self._lasting = known

    def after(self, speech_end: int, heard_until: int) -> Pause | None:
        """The pause behind sample `speech_end`, where somebody last spoke; a worker has heard up to `heard_until`. None
        while it is too short to be one."""
        silent_sec = (heard_until - speech_end) / SAMPLE_RATE_HZ
        position = speech_end + round(SPEECH_FADES_SEC * SAMPLE_RATE_HZ)
        if silent_sec < SILENT_SEC:
            if self._lasting is not None and not _same_place(self._lasting.position, position):
                self._lasting = None
            return None
        pause, latest = None, self._latest
        if latest is not None and latest.asked_of in (None, self._segmenter.start):
            pause = latest if _same_place(latest.position, position) else None
        self._latest = self._lasting = pause = pause or self._behind(speech_end)
        pause.silent_sec = max(pause.silent_sec, silent_sec)
        return pause

    def _behind(self, speech_end: int) -> Pause:
        position = speech_end + round(SPEECH_FADES_SEC * SAMPLE_RATE_HZ)
        since_ms = (self._segmenter.position - position) * 1000 / SAMPLE_RATE_HZ
        return Pause(position, time.monotonic(), now_ms() - since_ms, marked=True, unheard=True)


def _same_place(one: int, other: int) -> bool:
    return abs(one - other) <= SAME_PLACE_SEC * SAMPLE_RATE_HZ
