"""The work on one file: its segments are sent a few at a time, and written down in order.

They are utterances of a secret session, or where its channels are a speaker each, of a session for each channel. Those
that were heard in another language than the file's are sent once more, as utterances of another session: an utterance
ends once (file_worker.language).
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from contract.events import OutcomeEvent
from contract.jobs import RESENDS_MAX, UtteranceJob
from contract.messages import UtteranceOutcome
from contract.state.files import FileJob, FileSegment, file_path
from contract.state.outcome import failed
from file_worker.lanes import Lanes, segments_of
from file_worker.language import FileLanguage
from file_worker.media.channels import ONE_SOUND, look
from file_worker.media.decoder import SoundFile
from file_worker.metrics import FileMetrics
from file_worker.segments import Lengths, Segment
from file_worker.sent import Sent
from file_worker.settings import FileSettings
from file_worker.speakers import find_speakers
from file_worker.store import NO_PLACE, FileStore

logger = logging.getLogger(__name__)

WAIT_MS = 200  # for an outcome, before everything is looked at again
IDLE_SEC = 0.1  # while there is nothing to wait for but room in the queue
RESEND_AFTER_SEC = 45.0  # a segment without outcome: longer than a worker's death takes to be noticed
LOOK_SEC = 1.0  # between two looks whether the file is still wanted


class StoppingError(Exception):
    """The worker is told to stop: the file goes back to the queue."""


class FileRun:
    """The work on one file by one worker."""

    def __init__(
        self,
        settings: FileSettings,
        store: FileStore,
        job: FileJob,
        holder: str,
        going_on: Callable[[], object],
        stopping: Callable[[], bool],
        metrics: FileMetrics,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._store = store
        self._job = job
        self._holder = holder
        self._going_on = going_on
        self._stopping = stopping
        self._language = FileLanguage(job.language, settings.file_language_sec)
        self._sent: deque[Sent] = deque()
        # Of an earlier worker's segments, not written down yet: by session and first sample.
        self._early: dict[tuple[str, int], UtteranceOutcome] = {}
        self._read_until: dict[str, str] = {}  # of each session's outcomes, the last that was read
        self._exhausted = False
        self._written = 0
        self._resume_after = NO_PLACE
        self._held_back: bool | None = None
        self._looked = 0.0

    def run(self) -> bool:
        """Work until the file is done; False when it is no longer this worker's."""
        self._written, self._resume_after = self._store.finished(self._job.id)
        self._language.known(self._store.language(self._job.id))
        sound = SoundFile(file_path(self._settings.upload_dir, self._job.id), self._settings.upload_max_sec)
        try:
            self._store.tell(self._job.id, total=sound.total_samples)
            own_db = self._own_db(sound)
            lanes = Lanes(len(own_db), Lengths())
            self._read_until = dict.fromkeys(self._sessions(len(own_db)), "0-0")
            self._catch_up()
            done = self._send_all(segments_of(sound.channel_blocks(own_db), lanes))
            if done:
                done = find_speakers(
                    self._settings, self._store, self._job, lanes.position, self._is_going_on, self._metrics
                )
            if done:
                code = "damaged" if sound.warning else ""
                if sound.damage:
                    self._store.tell(self._job.id, **sound.damage)
                self._store.end(self._job, "done", 0, code, sound.warning, lanes.position)
            return done
        finally:
            sound.close()

    def _own_db(self, sound: SoundFile) -> tuple[float, ...]:
        """The level of the speaker of each channel, where they are to be heard apart and are a speaker each."""
        if not self._job.speakers or sound.channels == 1:
            return ONE_SOUND
        found = self._store.channels(self._job.id)
        if found is None:
            with closing(SoundFile(file_path(self._settings.upload_dir, self._job.id), math.inf)) as looked_at:
                found = look(looked_at, self._is_going_on)
            self._store.tell(self._job.id, channels=",".join(map(str, found)))
        return found

    def _sessions(self, channels: int) -> list[str]:
        return [session for channel in range(1, channels + 1) or (None,) for session in self._job.sessions_of(channel)]

    def _send_all(self, segments: Iterator[Segment | None]) -> bool:
        """Work through the file; False when it is not to be done (by us) any more."""
        in_hand: Segment | None = None
        while True:
            if not self._is_going_on():
                return False
            if in_hand is None and not self._exhausted:
                try:
                    in_hand = next(segments)
                except StopIteration:
                    self._exhausted = True
                if in_hand is not None and in_hand.place <= self._resume_after:
                    in_hand = None
                if in_hand is None:
                    continue
            if in_hand is not None:
                if self._send(in_hand):
                    in_hand = None
                    continue
            elif not self._sent:
                return True
            self._receive()
            if not self._write_down():
                return False
            self._send_again()

    def _send(self, segment: Segment) -> bool:
        """Send a segment if it may be sent now; one that an earlier worker brought to its end is not sent."""
        if not self._language.decided:  # what has ended may tell how to ask
            self._note(self._store.outcomes(self._read_until))
            self._find_language()
        session, _ = self._job.sessions_of(segment.channel)
        outcome = self._early.pop((session, segment.start), None)
        language, assumed = self._language.asked(segment.end - segment.start)
        if outcome is not None:  # nothing tells how it was asked
            language, assumed = self._job.language, False
        utterance = UtteranceJob(
            session=session,
            start=segment.start,
            end=segment.end,
            language=language,
            language_assumed=assumed,
            hints=self._job.hints,
            word_times=self._job.word_times or self._job.speakers,
            speakers=self._job.speakers,
            live=False,
            cut_at_start=segment.cut_at_start,
            cut_at_end=segment.cut_at_end,
            channel=segment.channel,
        )
        may = outcome is not None or self._store.may_send(session, segment.start, self._language.decided)
        held_back = not may and not self._waits()
        if held_back != self._held_back:
            self._held_back = held_back
            self._store.tell(self._job.id, holds_back=int(held_back))
        if not may:
            return False
        if outcome is None:
            self._store.send(utterance, segment)
        sent = Sent(utterance, segment, outcome=outcome)
        self._sent.append(sent)
        if outcome is not None:
            self._language.heard(sent.samples, outcome)
        return True

    def _catch_up(self) -> None:
        """What has ended since an earlier worker last wrote down a segment."""
        while events := self._store.outcomes(self._read_until):
            self._note(events)

    def _receive(self) -> None:
        if self._waits():
            self._note(self._store.outcomes(self._read_until, WAIT_MS))
        else:
            time.sleep(IDLE_SEC)

    def _waits(self) -> bool:
        """Whether a segment is out."""
        return any(one.outcome is None for one in self._sent)

    def _note(self, events: list[OutcomeEvent]) -> None:
        for event in events:
            place = (event.session, event.start)
            found = next((one for one in self._sent if (one.job.session, one.segment.start) == place), None)
            if found is not None and found.outcome is None:
                found.outcome = event.numbered()
                self._language.heard(found.samples, found.outcome)
                if self._language.decided and not self._is_doubted(found):
                    found.segment = replace(found.segment, pcm=b"")
            elif found is None and event.start >= self._resume_after[0]:
                self._early[place] = event.numbered()

    def _find_language(self) -> None:
        """Decide on the file's language once possible, and send segments in another language again."""
        if not self._language.decided:
            ended = sum(one.outcome is not None for one in self._sent)
            self._language.decide(ended, self._exhausted and ended == len(self._sent))
            if self._language.found is not None:
                self._store.tell(self._job.id, language=self._language.found)
        for one in self._sent:
            if self._is_doubted(one):
                self._hear_again(one)

    def _is_doubted(self, one: Sent) -> bool:
        """Whether a segment's outcome is not kept: it is heard again, in the file's language."""
        if one.first is not None or one.outcome is None or one.job.language is not None:
            return False
        return self._language.again(one.samples, one.outcome)

    def _hear_again(self, one: Sent) -> None:
        """Send a segment again when it may be, as an utterance of another session: an utterance ends once."""
        _, session = self._job.sessions_of(one.segment.channel)
        outcome = self._early.pop((session, one.segment.start), None)
        if outcome is None and not self._store.may_send(session, one.segment.start, True):
            return
        language, assumed = self._language.asked(one.samples)
        asked: dict[str, Any] = {
            "session": session,
            "language": language,
            "language_assumed": assumed,
            "timings_ms": {},
            "repetition": True,
        }
        one.first, one.job, one.outcome = one.outcome, one.job.model_copy(update=asked), outcome
        one.sent, one.resends = time.monotonic(), 0
        if outcome is None:
            self._store.send(one.job, one.segment)

    def _write_down(self) -> bool:
        """Write down what has ended, in order; False when the file is not ours any more."""
        self._find_language()
        while self._sent:
            one = self._sent[0]
            if one.kept is None or one.outcome is None or self._language.holds(one.outcome) or self._is_doubted(one):
                break
            self._sent.popleft()
            segment = FileSegment(
                start=one.segment.start, end=one.segment.end, outcome=one.kept, channel=one.segment.channel
            )
            if not self._store.append(self._job.id, self._holder, self._written, segment):
                return False
            self._written += 1
            self._metrics.written_down(one.samples, one.kept)
        return True

    def _send_again(self) -> None:
        """Send again what has no outcome: a full Redis can lose a message. Sending twice is harmless."""
        for one in self._sent:
            late_sec = time.monotonic() - one.sent
            if one.outcome is not None or late_sec < RESEND_AFTER_SEC * (one.resends + 1):
                continue
            if self._store.speech_waits():
                return  # it may be among what waits
            if self._store.has_ended(one.job.session, one.segment.start):
                self._receive()
                if one.outcome is None:
                    one.outcome = failed(one.job, "outcome_lost", "The outcome of this segment was lost.")
            elif one.resends >= RESENDS_MAX:
                logger.error("%s given up after %d sends", one.job.utterance, one.resends + 1)
                one.outcome = failed(one.job, "no_answer", "Speech recognition gave no answer for this segment.")
            else:
                one.resends += 1
                self._metrics.resends.inc()
                logger.warning("%s has no outcome: sent again (%d)", one.job.utterance, one.resends)
                self._store.send(one.job, one.segment)

    def _is_going_on(self) -> bool:
        """Whether the file is still to be done by this worker. Raises StoppingError."""
        self._going_on()
        if self._stopping():
            raise StoppingError
        return self._wanted()

    def _wanted(self) -> bool:
        if time.monotonic() - self._looked < LOOK_SEC:
            return True
        self._looked = time.monotonic()
        return self._store.is_ours(self._job.id, self._holder)
