"""The speech worker with moments at which a test can hold it: `celery -A tests.faults.faulty_stt:celery ...`.

An utterance that lasts as long as FATAL_SAMPLES says ends the process that hears it, each time, and so does a partial
whose audio does.
"""

from __future__ import annotations

import os

from stt_worker import celery
from stt_worker.partials.worker import PartialWorker
from stt_worker.process import SttProcess
from stt_worker.utterances.task import Transcriber
from tests.faults.fault_points import deafen, reach

__all__ = ["celery"]

FATAL_SAMPLES = int(os.environ.get("FATAL_SAMPLES", "-1"))
real_recognise = Transcriber._recognise
real_hear = PartialWorker.hear
real_run = SttProcess.run


def recognise(self, recordings):  # type: ignore[no-untyped-def]
    """`stt_working`: in the middle of a transcription."""
    if recordings:
        reach("stt_working")
    if any(recording.job.samples == FATAL_SAMPLES for recording in recordings):
        os._exit(139)
    return real_recognise(self, recordings)


def hear(self, pcm, request):  # type: ignore[no-untyped-def]
    """In the middle of a partial."""
    if len(pcm) == 2 * FATAL_SAMPLES:
        os._exit(139)
    return real_hear(self, pcm, request)


def run(self, audio, header):  # type: ignore[no-untyped-def]
    """`stt_handed_on`: the text is with the analyzer, the task is not acknowledged."""
    real_run(self, audio, header)
    reach("stt_handed_on")


Transcriber._recognise = recognise  # type: ignore[method-assign]
PartialWorker.hear = hear  # type: ignore[method-assign]
SttProcess.run = run  # type: ignore[method-assign]
deafen()
