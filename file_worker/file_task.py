"""One uploaded file from its bytes to its last segment's outcome.

Its segments are utterances of a secret session, so everything that holds for what is spoken live holds for them: the
same queue, retries, outcome script and statistics. They are sent a few at a time and only while nothing else waits, and
written down in order. A worker that begins a file again cuts it in the same places and sends what has not ended.
"""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from file_decoder import NotDecodableError, SoundFile, TooLongError
from file_metrics import FileMetrics
from file_redis import FileStore
from file_segments import Lengths, Segment, SegmentCutter, segments_of
from file_settings import FileSettings

from contract.envelopes import SESSION_PATTERN, OutcomeEvent, UtteranceJob
from contract.file_jobs import FileJob, FileSegment, file_path
from contract.messages import UtteranceOutcome
from contract.names import session_tag
from contract.outcomes import failed
from contract.patience import RedisTroubleError

logger = logging.getLogger(__name__)

WAIT_MS = 200  # for an outcome, before everything is looked at again
IDLE_SEC = 0.1  # while there is nothing to wait for but room in the queue
LOOK_SEC = 1.0  # between two looks whether the file is still wanted


class StoppingError(Exception):
    """The worker is told to stop: the file goes back to the queue."""


@dataclass(slots=True)
class Sent:
    """A segment without a written-down outcome."""

    job: UtteranceJob
    segment: Segment
    sent: float = field(default_factory=time.monotonic)
    resends: int = 0
    outcome: UtteranceOutcome | None = None


class FileTranscriber:
    """Does files, one at a time. `going_on` is called again and again; `stopping` says when to give a file back."""

    def __init__(
        self,
        settings: FileSettings,
        store: FileStore,
        going_on: Callable[[], object],
        stopping: Callable[[], bool],
        metrics: FileMetrics | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._going_on = going_on
        self._stopping = stopping
        self._metrics = metrics or FileMetrics()

    def handle(self, file_id: object, holder: str) -> None:
        """Bring one file to its end, unless it has ended or is another worker's.

        Raises RedisTroubleError or StoppingError: the task must come back.
        """
        if not isinstance(file_id, str) or not re.fullmatch(SESSION_PATTERN, file_id):
            logger.error("a task that names no file was dropped")
            return
        path = file_path(self._settings.upload_dir, file_id)
        job = self._store.job(file_id)
        if job is None or job.id != file_id:
            path.unlink(missing_ok=True)
            logger.info("a file has ended before: skipped")
            return
        name = session_tag(file_id)
        tries = self._store.take(file_id, holder)
        if tries <= 0:
            logger.info("file %s: %s", name, "another worker is on it" if tries else "has ended")
            return
        began, ending = time.monotonic(), "failed"
        try:
            if tries > self._settings.file_max_tries:
                words = f"The work on this file broke off {self._settings.file_max_tries} times, and it was given up."
                self._store.end(job, "failed", 500, "gave_up", words)
            else:
                run = _FileRun(self._settings, self._store, job, holder, self._going_on, self._stopping, self._metrics)
                ending = "done" if run.run() else "dropped"
        except NotDecodableError as problem:
            self._store.end(job, "failed", 415, "not_decodable", str(problem))
        except TooLongError as problem:
            self._store.end(job, "failed", 413, "too_long", str(problem))
        except OSError as problem:
            logger.error("file %s cannot be read: %s", name, type(problem).__name__)
            self._store.end(job, "failed", 500, "file_lost", "The uploaded file could not be read. Send it again.")
        except (RedisTroubleError, StoppingError):
            ending = "given_back"
            self._store.give_back(file_id)
            raise
        finally:
            self._metrics.ended(ending, time.monotonic() - began)
        if self._store.job(file_id) is None:
            path.unlink(missing_ok=True)
        logger.info("file %s: over after %.1f s", name, time.monotonic() - began)


class _FileRun:
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
        self._cutter = SegmentCutter(
            Lengths(
                settings.file_segment_sec,
                settings.file_segment_min_sec,
                settings.file_pause_sec,
                settings.file_long_pause_sec,
            )
        )
        self._sent: deque[Sent] = deque()
        self._early: dict[int, UtteranceOutcome] = {}  # of an earlier worker's segments, not written down yet
        self._last_outcome = "0-0"
        self._written = 0
        self._resume_at = 0
        self._held_back: bool | None = None
        self._looked = 0.0

    def run(self) -> bool:
        """Until the file is done, or (False) not ours any more."""
        self._written, self._resume_at = self._store.finished(self._job.id)
        sound = SoundFile(file_path(self._settings.upload_dir, self._job.id), self._settings.upload_max_sec)
        try:
            self._store.tell(self._job.id, total=sound.total_samples)
            self._catch_up()
            done = self._send_all(segments_of(sound.blocks(), self._cutter))
            if done:
                code = "damaged" if sound.warning else ""
                self._store.end(self._job, "done", 0, code, sound.warning, self._cutter.position)
            return done
        finally:
            sound.close()

    def _send_all(self, segments: Iterator[Segment | None]) -> bool:
        """Work through the file; False when it is not to be done (by us) any more."""
        in_hand: Segment | None = None
        exhausted = False
        while True:
            self._going_on()
            if self._stopping():
                raise StoppingError
            if not self._wanted():
                return False
            if in_hand is None and not exhausted:
                try:
                    in_hand = next(segments)
                except StopIteration:
                    exhausted = True
                if in_hand is not None and in_hand.end <= self._resume_at:
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
        utterance = UtteranceJob(
            session=self._job.session,
            start=segment.start,
            end=segment.end,
            language=self._job.language,
            hints=self._job.hints,
            word_times=self._job.word_times,
        )
        outcome = self._early.pop(segment.start, None)
        may = outcome is not None or self._store.may_send(self._job.session, segment.start)
        held_back = not may and not self._sent
        if held_back != self._held_back:
            self._held_back = held_back
            self._store.tell(self._job.id, holds_back=int(held_back))
        if not may:
            return False
        if outcome is None:
            self._store.send(utterance, segment)
        self._sent.append(Sent(utterance, segment, outcome=outcome))
        return True

    def _catch_up(self) -> None:
        """What has ended since an earlier worker last wrote down a segment."""
        while events := self._store.outcomes(self._job.session, self._last_outcome):
            self._note(events)

    def _receive(self) -> None:
        if self._sent and self._sent[0].outcome is None:
            self._note(self._store.outcomes(self._job.session, self._last_outcome, WAIT_MS))
        elif not self._sent:
            time.sleep(IDLE_SEC)

    def _note(self, events: list[tuple[str, OutcomeEvent]]) -> None:
        for entry, event in events:
            self._last_outcome = entry
            found = next((one for one in self._sent if one.segment.start == event.start), None)
            if found is not None:
                found.outcome = event.numbered()
                found.segment = replace(found.segment, pcm=b"")
            elif event.start >= self._resume_at:
                self._early[event.start] = event.numbered()

    def _write_down(self) -> bool:
        """Write down what has ended, in order; False when the file is not ours any more."""
        while self._sent and self._sent[0].outcome is not None:
            one = self._sent.popleft()
            assert one.outcome is not None
            segment = FileSegment(start=one.segment.start, end=one.segment.end, outcome=one.outcome)
            if not self._store.append(self._job.id, self._holder, self._written, segment):
                return False
            self._written += 1
            self._metrics.written_down(one.segment.end - one.segment.start, one.outcome)
        return True

    def _send_again(self) -> None:
        """kombu can lose a message; the same utterance sent twice is done once."""
        for one in self._sent:
            late_sec = time.monotonic() - one.sent
            if one.outcome is not None or late_sec < self._settings.file_resend_after_sec * (one.resends + 1):
                continue
            if self._store.speech_waits():
                return  # it may be among what waits
            if self._store.has_ended(self._job.session, one.segment.start):
                self._receive()
                if one.outcome is None:
                    one.outcome = failed(one.job, "outcome_lost", "The outcome of this segment was lost.")
            elif one.resends >= self._settings.file_resend_max:
                logger.error("%s given up after %d sends", one.job.utterance, one.resends + 1)
                one.outcome = failed(one.job, "no_answer", "Speech recognition gave no answer for this segment.")
            else:
                one.resends += 1
                self._metrics.resends.inc()
                logger.warning("%s has no outcome: sent again (%d)", one.job.utterance, one.resends)
                self._store.send(one.job, one.segment)

    def _wanted(self) -> bool:
        if time.monotonic() - self._looked < LOOK_SEC:
            return True
        self._looked = time.monotonic()
        return self._store.is_ours(self._job.id, self._holder)
