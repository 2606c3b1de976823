"""Ends of sentences: what becomes of an utterance whose speaker pauses, where the client marks pauses.

At a pause a speech worker is asked whether a sentence has ended there. If so, the utterance ends at that place, also
when the speaker has gone on meanwhile; if not, there is time to go on. No answer, for whatever reason, means that the
utterance ends after half a second of quiet, of which the client has waited 200 ms before it marks the pause; a worker
that is looking has a little longer.

The question is asked before the client marks the pause, as soon as it has been quiet for EARLY_SEC: by then the answer
is often there. It counts if all has stayed quiet.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import redis

from contract.audio import SAMPLE_RATE_HZ
from contract.events import PartialEvent
from contract.ids import session_tag, utterance_id
from contract.jobs import now_ms
from contract.messages import Partial
from contract.speech.language_lock import LanguageLock
from contract.speech.segmenter import Cut, Segmenter
from contract.speech.sentences import SentenceRequest
from fastapi_service.live.options import Options
from fastapi_service.speaking.asking import BEGIN_WITHIN_SEC, Asked, SharedAudio
from fastapi_service.speaking.pauses import Pause
from fastapi_service.speaking.quiet import QuietTail
from fastapi_service.speaking.unheard import UnheardPauses
from runtime.redis_client import end_if_cancelled

logger = logging.getLogger(__name__)

EARLY_SEC = 0.08  # of quiet, after which a pause is likely
EARLY_FROM_SEC = 0.6  # into an utterance: a shorter one seldom ends a sentence

Dispatch = Callable[[Cut, float], Awaitable[None]]
"""Takes a cut, and when its last audio came."""


class SentenceEnds:
    """The pauses of one connection: at most one question is outstanding. Without `audio`, and where the options do not
    ask for it, an empty frame marks none.

    `hear`, `heard` and `pause` belong under the lock under which the segmenter is fed.
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
        self._usual_wait_sec = wait_sec
        self._quiet = QuietTail()
        self._unheard = UnheardPauses(segmenter)
        self._likely: Pause | None = None  # it is quiet, and the client has not marked it yet
        self._pause: Pause | None = None  # the one that lasts
        self._question: Pause | None = None  # the one whose answer is outstanding
        self._question_until = 0.0
        self._unsent: Pause | None = None  # the question, until it is pushed
        self._asked: Pause | None = None  # the latest that was one
        self._sentence: Pause | None = None  # a sentence has ended there, and is to be cut
        self._ask_now = asyncio.Event()
        self._changed = asyncio.Event()  # when an utterance ends

    @property
    def _looks(self) -> bool:
        """Whether pauses are looked at."""
        return self._audio is not None and self._options.sentences == "1"

    @property
    def _wait_sec(self) -> float:
        """How long a speaker has who pauses in the middle of a sentence."""
        return self._usual_wait_sec * self._options.patience

    @property
    def pausing(self) -> bool:
        """Whether a pause lasts, or the utterance ends at one."""
        return self._pause is not None or self._sentence is not None

    @property
    def looking(self) -> bool:
        """Whether a worker is looking, or will be, which tells what a partial would."""
        asked = self._question
        if asked is None or asked.asked_of != self._segmenter.start:
            return self._pause is not None
        return self._pause is not None or time.monotonic() < asked.since + BEGIN_WITHIN_SEC

    @property
    def hurried(self) -> bool:
        """Whether partials have to find the pauses, because the room is loud, and no other session waits for a look."""
        audio = self._audio
        return audio is not None and self._quiet.room_is_loud and not audio.outstanding.of_others(self._session)

    def hear(self, frame: bytes) -> None:
        """Audio has come, and is not in the segmenter yet: a pause that was marked is over."""
        self._pause = None
        if self._looks:
            self._quiet.hear(frame)
            if not self._quiet.samples:
                self._no_pause()

    def heard(self) -> None:
        """It is in the segmenter: ask, if it has been quiet for long enough."""
        self._end_unheard()
        if self._quiet.samples < EARLY_SEC * SAMPLE_RATE_HZ or self._likely is not None or self._pause is not None:
            return
        position = self._segmenter.position
        if self._audio is None or not self._looks or self._audio.outstanding.of_others(self._session):
            return  # under load what is asked too soon goes first
        if position - self._segmenter.start >= EARLY_FROM_SEC * SAMPLE_RATE_HZ:
            self._likely = Pause(position, time.monotonic(), now_ms())
            self._take_up(self._likely)

    def _no_pause(self) -> None:
        """Somebody speaks: what seemed to become a pause is none, and is not asked about if it has not been."""
        if self._likely is not None and self._unsent is self._likely:
            self._unsent = None
            self._no_question()
        self._likely = None

    def _no_question(self) -> None:
        self._question = None
        if self._audio is not None:
            self._audio.outstanding.remove(self._session)

    def pause(self, stamped_ms: float) -> bool:
        """Take an empty frame; returns whether it marks a pause. If not, as with the second in a row, it is an end."""
        if not self._looks or not self._segmenter.pending:
            return False
        if self._pause is not None:
            self._pause = None
            return False
        likely, self._likely = self._likely, None
        pause = Pause(self._segmenter.position, time.monotonic(), stamped_ms)
        if likely is not None and likely.asked_of == self._segmenter.start:
            likely.position, likely.since, likely.stamped_ms = pause.position, pause.since, pause.stamped_ms
            pause = likely  # which may have its answer
        pause.marked = True
        self._unheard.over()
        self._pause = pause
        if pause.ending == "sentence":
            self._sentence = pause
        self._changed.set()
        self._take_up(self._pause)
        return True

    def awaits(self, event: PartialEvent) -> bool:
        """Whether `event` answers the question that is outstanding."""
        asked = self._question
        if asked is None or asked.asked_of is None:
            return False
        return (utterance_id(self._session, asked.asked_of), asked.asked_until) == (
            event.partial.utterance,
            event.asked,
        )

    def answer(self, event: PartialEvent) -> Partial | None:
        """Take the answer to a question; returns its text if there is one and the utterance does not end now.

        An answer to a question that is over changes nothing.
        """
        asked = self._question
        if asked is None or not self.awaits(event):
            return None
        self._no_question()
        if asked.asked_of != self._segmenter.start:
            return None
        asked.ending = event.ending
        if asked.marked and (event.ending == "sentence" or (asked.unheard and event.ending == "silence")):
            self._sentence = asked
        self._changed.set()
        self._take_up(self._pause)
        asked.looked_at = False
        if event.speech_end is not None:
            if self._quiet.room_is_loud and not asked.unheard:
                asked.silent_before_sec = max(0.0, (asked.position - event.speech_end) / SAMPLE_RATE_HZ)
            self._unheard.looked(asked, event.speech_end)
            self.spoken_until(event)
        self._end_unheard()
        ends = event.ending in ("sentence", "silence") and asked in (self._pause, self._sentence, self._likely)
        return None if ends or not event.partial.text else event.partial

    def looked_until(self, cut: Cut) -> int | None:
        """Up to which sample a worker was asked to look at an utterance that ends at a pause, None where none was."""
        asked = self._asked
        if asked is None or not asked.marked or (asked.asked_of, asked.position) != (cut.start, cut.end):
            return None
        return asked.asked_until

    def spoken_until(self, event: PartialEvent) -> None:
        """Take from a partial or a look where somebody last spoke: what comes after a pause that the client has not
        marked, because its gate takes something else for speech, ends the utterance as the pause would."""
        start, end = self._segmenter.start, event.speech_end
        if not self._looks or end is None or self._pause is not None or self._sentence is not None:
            return
        if utterance_id(self._session, start) != event.partial.utterance:
            return
        pause = self._unheard.after(end, event.asked)
        self._end_unheard()
        if pause is not None and self._sentence is None:
            self._take_up(pause)

    def _end_unheard(self) -> None:
        """End the utterance at a pause that the client does not mark, if it has lasted for long enough."""
        if self._sentence is None and self._pause is None:
            pause = self._unheard.ended(self._wait_sec)
            if pause is not None:
                pause.asked_of, self._sentence = self._segmenter.start, pause
                self._changed.set()

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

    async def watch(self, cutting: asyncio.Lock, dispatch: Dispatch) -> None:
        """End utterances when it is time, until cancelled."""
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

    def _take_up(self, pause: Pause | None) -> None:
        """Make a question of a pause that lasts, unless another is outstanding or its answer would come too late."""
        start, now = self._segmenter.start, time.monotonic()
        if self._audio is None or pause is None or pause.asked_of is not None or self._sentence is not None:
            return
        asked = self._question
        if asked is not None and asked.asked_of == start and now < self._question_until:
            pause.behind = asked
            return
        if pause.position <= start or now >= pause.since + pause.rest_sec(self._wait_sec):
            return
        pause.asked_of, pause.asked_until, pause.behind = start, pause.position, None
        pause.looked_at, pause.alone = True, not self._audio.outstanding.of_others(self._session)
        self._question = self._unsent = self._asked = pause
        self._question_until = now + self._audio.answer_sec
        self._audio.outstanding.add(self._session, self._audio.answer_sec)
        self._ask_now.set()

    async def _push(self, audio: SharedAudio, question: Pause) -> None:
        fields = self._options.of_task(self._language)
        start = self._segmenter.start
        try:
            became = await audio.ask(
                SentenceRequest(session=self._session, start=start, end=question.asked_until, **fields)
            )
        except (redis.RedisError, OSError) as problem:
            # It may have been pushed nevertheless, so it counts as outstanding until its time is over.
            tag = session_tag(self._session)
            logger.warning("session %s: no look at a pause: %s: %s", tag, type(problem).__name__, problem)
            self._not_looked_at(question)
            return
        if self._question is not question:
            return
        if became is Asked.AUDIO_GONE:
            self._unsent = question  # with all of it
            self._ask_now.set()
        elif became is not Asked.QUEUED:
            self._no_question()
            self._not_looked_at(question)
            if not question.marked:
                question.asked_of = None  # once more when it is

    def _not_looked_at(self, question: Pause) -> None:
        question.looked_at = False
        self._changed.set()  # there is less time

    def _rest_sec(self) -> float | None:
        """In how long an utterance ends, None where none does by itself."""
        if self._sentence is not None:
            return 0.0
        pause = self._pause
        return None if pause is None else pause.since + pause.rest_sec(self._wait_sec) - time.monotonic()

    def _is_time(self) -> bool:
        rest_sec = self._rest_sec()
        return rest_sec is not None and rest_sec <= 0

    async def _end(self, dispatch: Dispatch) -> None:
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
        self._take_up(self._pause)  # a later pause is in the next utterance now
        for cut in cuts:
            await dispatch(cut, end.stamped_ms)
