"""The speaker worker with moments at which a test can hold it: `celery -A tests.speaker_worker.held_speaker:celery`.

An utterance that lasts as long as FATAL_SAMPLES says ends the process that hears it, each time.
"""

from __future__ import annotations

import os

from speaker_worker import celery
from speaker_worker.process import SpeakerProcess
from speaker_worker.task import SpeakerTeller
from tests.faults.fault_points import reach

__all__ = ["celery"]

FATAL_SAMPLES = int(os.environ.get("FATAL_SAMPLES", "-1"))
real_voices = SpeakerTeller._voices
real_run = SpeakerProcess.run


def voices(self, encoder, audio, job):  # type: ignore[no-untyped-def]
    """`speakers_working`: in the middle of an utterance, of which nothing was told."""
    reach("speakers_working")
    if job.samples == FATAL_SAMPLES:
        os._exit(139)
    return real_voices(self, encoder, audio, job)


def run(self, audio, job):  # type: ignore[no-untyped-def]
    """`speakers_told`: its speakers are told, the task is not acknowledged."""
    real_run(self, audio, job)
    reach("speakers_told")


SpeakerTeller._voices = voices  # type: ignore[method-assign]
SpeakerProcess.run = run  # type: ignore[method-assign]
