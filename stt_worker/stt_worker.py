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

import logging
from typing import Any

from celery import signals
from celery.worker import WorkController

from contract.queues import STT_QUEUE, TRANSCRIBE_TASK
from runtime.broker.app import make_celery
from runtime.broker.privacy import keep_messages_private
from runtime.broker.recovery import keep_consuming
from runtime.logs.setup import set_up_logging
from runtime.worker.core_share import wait_briefly
from stt_worker.process import SttProcess, refuse_other_pools
from stt_worker.settings import SttSettings

wait_briefly()  # before torch is loaded
settings = SttSettings()
celery = make_celery("stt_worker", settings, STT_QUEUE)
process = SttProcess(settings, celery)


@celery.task(name=TRANSCRIBE_TASK)  # type: ignore[untyped-decorator]
def transcribe_audio(audio: object = None, job: object = None) -> None:
    """Transcribe one utterance: `audio` is s16le mono 16 kHz bytes, `job` an UtteranceJob as a dict."""
    process.run(audio, job)


def keep_our_logging(**_: Any) -> None:
    """Being connected is enough: Celery then leaves logging as `before_work` has set it up."""


def before_work(sender: WorkController, **_: Any) -> None:
    """Load everything before the worker connects to the queue. LOG_LEVEL wins over --loglevel."""
    if sender.app is not celery:
        return
    refuse_other_pools(sender.pool_cls)
    chosen = "log_level" in settings.model_fields_set
    set_up_logging(settings.log_level if chosen else logging.getLevelName(sender.loglevel), settings.log_format)
    keep_messages_private()
    keep_consuming(celery)
    process.start()


def after_work(sender: WorkController, **_: Any) -> None:
    """Deregister, so that nobody waits for this worker's heartbeat to expire."""
    if sender.app is celery:
        process.stop()


signals.setup_logging.connect(keep_our_logging)
signals.worker_init.connect(before_work)
signals.worker_shutdown.connect(after_work)
