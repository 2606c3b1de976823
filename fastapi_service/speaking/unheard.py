"""Pauses that the client does not mark, because its gate takes something else for speech: a worker hears them."""

from __future__ import annotations

import time

from contract.audio import SAMPLE_RATE_HZ
from contract.jobs import now_ms
from contract.segmenter import Segmenter
from fastapi_service.speaking.pauses import Pause

SILENT_SEC = 0.3  # without speech, after which a worker looks
SPEECH_FADES_SEC = 0.2  # from where somebody surely speaks to where a word ends
SAME_PLACE_SEC = 0.1  # two partials may differ by so much in where somebody last spoke


class UnheardPauses:
    """Of one connection. What a look has told of a pause holds while partials go on to tell of the same one."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._latest: Pause | None = None

    def looked(self, asked: Pause, speech_end: int) -> None:
        """A look at `asked` found that somebody last spoke up to sample `speech_end`: the answer holds there."""
        known = self._behind(speech_end)
        known.asked_of, known.asked_until, known.ending = asked.asked_of, asked.asked_until, asked.ending
        self._latest = known

    def after(self, speech_end: int, heard_until: int) -> Pause | None:
        """The pause behind sample `speech_end`, where somebody last spoke; a worker has heard up to `heard_until`. None
        while it is too short to be one."""
        silent_sec = (heard_until - speech_end) / SAMPLE_RATE_HZ
        if silent_sec < SILENT_SEC:
            return None
        position = speech_end + round(SPEECH_FADES_SEC * SAMPLE_RATE_HZ)
        pause, latest = None, self._latest
        if latest is not None and latest.asked_of in (None, self._segmenter.start):
            pause = latest if abs(latest.position - position) <= SAME_PLACE_SEC * SAMPLE_RATE_HZ else None
        self._latest = pause = pause or self._behind(speech_end)
        pause.silent_sec = silent_sec
        return pause

    def _behind(self, speech_end: int) -> Pause:
        position = speech_end + round(SPEECH_FADES_SEC * SAMPLE_RATE_HZ)
        since_ms = (self._segmenter.position - position) * 1000 / SAMPLE_RATE_HZ
        return Pause(position, time.monotonic(), now_ms() - since_ms, marked=True, unheard=True)
