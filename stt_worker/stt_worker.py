"""The speech worker: takes utterances from `stt_queue`, transcribes them, sends the text to `analyzer_queue`.

    celery -A stt_worker:celery worker -Q stt_queue --loglevel=info --concurrency=1 --pool=solo \\
        --without-gossip --without-mingle --without-heartbeat

(The last three turn off messages between workers that nothing here uses.) One process is one model; start more
processes to transcribe more at once. This module only wires; the package's docstring names the others.

To try another model set WHISPER_MODEL. To drop more or less, see the thresholds in settings. For a faster engine write
a second class beside engine.whisper_engine and load it in engine.models. WHISPER_MODEL=dummy needs no model at all.

Importing it loads no model and no torch: senders and tests may.
"""

from __future__ import annotations

from contract.queues import STT_QUEUE, TRANSCRIBE_TASK
from runtime.broker.app import make_celery
from runtime.worker.core_share import wait_briefly
from stt_worker.process import SttProcess
from stt_worker.settings import SttSettings

wait_briefly()  # before torch is loaded
settings = SttSettings()
celery = make_celery("stt_worker", settings, STT_QUEUE)
process = SttProcess(settings, celery)
process.connect()


@celery.task(name=TRANSCRIBE_TASK)  # type: ignore[untyped-decorator]
def transcribe_audio(audio: object = None, job: object = None) -> None:
    """Transcribe one utterance: `audio` is s16le mono 16 kHz bytes, `job` an UtteranceJob as a dict."""
    process.run(audio, job)
