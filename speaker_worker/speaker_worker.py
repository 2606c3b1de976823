"""speaker_worker: who speaks each utterance, a moment after its text, and who speaks in a file.

Run it as `celery -A speaker_worker:celery worker -Q speaker_queue --loglevel=info --concurrency=1 --pool=solo`.
Nobody waits for it: where it is not there, texts have no speakers. This module only wires; it loads no model until a
worker starts.
"""

from __future__ import annotations

from celery import Task

from contract.queues import SPEAKER_QUEUE, TELL_FILE_SPEAKERS_TASK, TELL_SPEAKERS_TASK
from runtime.broker.app import make_celery
from runtime.worker.core_share import wait_briefly
from speaker_worker.process import SpeakerProcess
from speaker_worker.settings import SpeakerSettings

wait_briefly()  # before torch is loaded
settings = SpeakerSettings()
celery = make_celery("speaker_worker", settings, SPEAKER_QUEUE)
process = SpeakerProcess(settings, celery)
process.connect()


@celery.task(name=TELL_SPEAKERS_TASK)  # type: ignore[untyped-decorator]
def tell_speakers(audio: object = None, job: object = None) -> None:
    """Tell who speaks one utterance: `audio` is s16le mono 16 kHz bytes, `job` a SpeakerJob as a dict."""
    process.run(audio, job)


@celery.task(name=TELL_FILE_SPEAKERS_TASK, bind=True)  # type: ignore[untyped-decorator]
def tell_file_speakers(self: Task, job: object = None) -> None:
    """Tell who speaks in a file whose segments have all been heard: `job` is a FileSpeakersJob as a dict."""
    process.run_file(job, str(self.request.properties.get("delivery_tag", "")))
