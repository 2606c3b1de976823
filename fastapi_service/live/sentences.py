"""Ends of sentences: what becomes of an utterance whose speaker pauses, where the client marks pauses.

At a pause a speech worker is asked whether a sentence has ended there. If so, the utterance ends at that place, also
when the speaker has gone on meanwhile; if not, there is time to go on. No answer, for whatever reason, means that the
utterance ends after half a second of quiet, of which the client has waited 200 ms before it marks the pause; a worker
that is looking has a little longer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import redis

from contract.events import Ending, PartialEvent
from contract.ids import session_tag, utterance_id
from contract.language_lock import LanguageLock
from contract.messages import Partial
from contract.segmenter import Cut, Segmenter
from contract.sentences import SentenceRequest
from fastapi_service.live.asking import BEGIN_WITHIN_SEC, Asked, SharedAudio
from fastapi_service.live.options import Options
from runtime.redis_client import end_if_cancelled

logger = logging.getLogger(__name__)

FALLBACK_SEC = 0.3  # after a pause was marked, where nobody looks what has ended there
LOOK_SEC = 0.6  # where a worker has not said yet
LIKELY_SEC = 0.6  # where it looks like the end of a sentence


@dataclass(slots=True)
class Pause:
    """Quiet from sample `position` on. `since`: when it was marked, by the monotonic clock; `stamped_ms` (epoch ms):
    when the last audio before it came. `asked_of`: the utterance that was asked about, by its first sample.
    `looked_at`: the question is with the workers."""

    position: int
    since: float
    stamped_ms: float
    asked_of: int | None = None
    looked_at: bool = False
    ending: Ending | None = None


class SentenceEnds:
    """The pauses of one connection: at most one question is outstanding. Without `audio` an empty frame marks none.

    `heard` and `pause` belong under the lock under which the segmenter is fed.
    """

    def __init__(
        self,
        audio: SharedAudio | None,
        session: str,
        segmenter: Segmenter,
        language: LanguageLock,
        options: Options,
        wait_sec: float,
    ) -> None:
        """`wait_sec`: how long a speaker has who pauses in the middle of a sentence."""
        self._audio = audio
        self._session = session
        self._segmenter = segmenter
        self._language = language
        self._options = options
        self._wait_sec = wait_sec
        self._pause: Pause | None = None  # the one that lasts
        self._question: Pause | None = None  # the one whose answer is outstanding
        self._question_until = 0.0
        self._unsent: Pause | None = None  # the question, until it is pushed
        self._sentence: Pause | None = None  # a sentence has ended there, and is to be cut
        self._ask_now = asyncio.Event()
        self._changed = asyncio.Event()  # when an utterance ends

    @property
    def looking(self) -> bool:
        """Whether a worker is looking, or will be, which tells what a partial would."""
        asked = self._question
        if asked is None or asked.asked_of != self._segmenter.start:
            return self._pause is not None
        return self._pause is not None or time.monotonic() < asked.since + BEGIN_WITHIN_SEC

    def heard(self) -> None:
        """Audio has come, and is not in the segmenter yet: the pause is over."""
        self._pause = None

    def pause(self, stamped_ms: float) -> bool:
        """Take an empty frame; returns whether it marks a pause. If not, as with the second in a row, it is an end."""
        if self._audio is None or not self._segmenter.pending:
            return False
        if self._pause is not None:
            self._pause = None
            return False
        self._pause = Pause(self._segmenter.position, time.monotonic(), stamped_ms)
        self._changed.set()
        self._take_up()
        return True

    def awaits(self, event: PartialEvent) -> bool:
        """Whether `event` answers the question that is outstanding."""
        asked = self._question
        if asked is None or asked.asked_of is None:
            return False
        return (utterance_id(self._session, asked.asked_of), asked.position) == (event.partial.utterance, event.asked)

    def answer(self, event: PartialEvent) -> Partial | None:
        """Take the answer to a question; returns its text if there is one and the utterance does not end now.

        An answer to a question that is over changes nothing.
        """
        asked = self._question
        if asked is None or not self.awaits(event):
            return None
        self._question = None
        asked.looked_at = False
        if asked.asked_of != self._segmenter.start:
            return None
        asked.ending = event.ending
        if event.ending == "sentence":
            self._sentence = asked
        self._changed.set()
        self._take_up()
        ends = event.ending == "sentence" or (event.ending == "silence" and self._pause is asked)
        return None if ends or not event.partial.text else event.partial

    async def ask(self) -> None:
        """Ask the questions, until cancelled."""
        if self._audio is None:
            return
        while True:
            await self._ask_now.wait()
            self._ask_now.clear()
            async with self._audio.turn:
                question, self._unsent = self._unsent, None
                if question is not None and question.asked_of == self._segmenter.start:
                    await self._push(self._audio, question)
            end_if_cancelled()

    async def watch(self, cutting: asyncio.Lock, dispatch: Callable[[Cut, float], Awaitable[None]]) -> None:
        """End utterances when it is time, until cancelled: `dispatch` takes a cut and when its last audio came."""
        if self._audio is None:
            return
        while True:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rest_sec()):
                    await self._changed.wait()
            if self._is_time():
                async with cutting:
                    await self._end(dispatch)
            end_if_cancelled()

    def _take_up(self) -> None:
        """Make a question of the pause that lasts, unless another is outstanding or its answer would come too late."""
        pause, start, now = self._pause, self._segmenter.start, time.monotonic()
        if self._audio is None or pause is None or pause.asked_of is not None or self._sentence is not None:
            return
        asked = self._question
        outstanding = asked is not None and asked.asked_of == start and now < self._question_until
        if outstanding or pause.position <= start or now >= pause.since + self._rest_of(pause):
            return
        pause.asked_of = start
        self._question = self._unsent = pause
        self._question_until = now + self._audio.answer_sec
        self._ask_now.set()

    async def _push(self, audio: SharedAudio, question: Pause) -> None:
        fields = self._options.of_task(self._language)
        start = self._segmenter.start
        try:
            became = await audio.ask(
                SentenceRequest(session=self._session, start=start, end=question.position, **fields)
            )
        except (redis.RedisError, OSError) as problem:
            # It may have been pushed nevertheless, so it counts as outstanding until its time is over.
            tag = session_tag(self._session)
            logger.warning("session %s: no look at a pause: %s: %s", tag, type(problem).__name__, problem)
            return
        if self._question is not question:
            return
        if became is Asked.AUDIO_GONE:
            self._unsent = question  # with all of it
            self._ask_now.set()
        elif became is Asked.QUEUED:
            question.looked_at = True
        else:
            self._question = None

    def _rest_of(self, pause: Pause) -> float:
        """How long the pause may last, in all."""
        match pause.ending:
            case "sentence" | "silence":
                return 0.0
            case "likely":
                return min(LIKELY_SEC, self._wait_sec)
            case "open":
                return self._wait_sec
        return min(LOOK_SEC if pause.looked_at else FALLBACK_SEC, self._wait_sec)

    def _rest_sec(self) -> float | None:
        """In how long an utterance ends, None where none does by itself."""
        if self._sentence is not None:
            return 0.0
        return None if self._pause is None else self._pause.since + self._rest_of(self._pause) - time.monotonic()

    def _is_time(self) -> bool:
        rest_sec = self._rest_sec()
        return rest_sec is not None and rest_sec <= 0

    async def _end(self, dispatch: Callable[[Cut, float], Awaitable[None]]) -> None:
        """End the utterance, if it is still time: the speaker may have gone on, or it may have ended."""
        if not self._is_time():
            return
        sentence, self._sentence = self._sentence, None
        end = sentence or self._pause
        if self._pause is end:
            self._pause = None
        if end is None or (sentence is not None and sentence.asked_of != self._segmenter.start):
            return
        cuts = list(self._segmenter.cut_at(end.position, "pause" if sentence is None else "sentence"))
        self._take_up()  # a later pause is in the next utterance now
        for cut in cuts:
            await dispatch(cut, end.stamped_ms)
