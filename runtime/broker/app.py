"""One Celery configuration for all: late acknowledgement, redelivery in seconds, msgpack, no result backend."""

from __future__ import annotations

from typing import Any

from celery import Celery
from kombu.entity import Queue

from contract.jobs import AnalyzeJob, FileSpeakersJob, SpeakerJob, UtteranceJob
from contract.queues import (
    ANALYZE_TASK,
    ANALYZER_QUEUE,
    SPEAKER_QUEUE,
    STT_QUEUE,
    TELL_FILE_SPEAKERS_TASK,
    TELL_SPEAKERS_TASK,
    TRANSCRIBE_TASK,
)
from contract.settings import ServiceSettings

SERIALIZER = "msgpack"  # audio stays bytes; in kombu's JSON it would be base64 inside base64
UNHEARD_SEC = 600.0  # speech whose text is known waits so long for a worker that tells who speaks, then it is gone
SEND_RETRIES = {"max_retries": 2, "interval_start": 0.1, "interval_max": 0.5}


def make_celery(name: str, settings: ServiceSettings, queue: str | None = None) -> Celery:
    """The Celery app called `name`; a worker's consumes `queue` alone, a sender's has none."""
    address = settings.redis_address()
    app = Celery(name, broker=address.url, set_as_current=False)
    app.conf.update(
        broker_use_ssl=address.tls or None,  # kombu by itself believes any certificate
        task_serializer=SERIALIZER,
        accept_content=[SERIALIZER],
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure_or_timeout=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=transport_options(settings),
        broker_pool_limit=4,
        enable_utc=True,
    )
    if queue is not None:
        app.conf.task_queues = [declared(queue)]
        app.conf.task_default_queue = queue
        app.conf.worker_consumer = "runtime.broker.malformed:TolerantConsumer"  # by name: senders need no worker's code
    return app


def declared(queue: str) -> Queue:
    """The queue as senders and workers declare it. That of the speakers ends when nothing is sent for a while, for
    it may be that no worker takes from it: audio must not stay there."""
    return Queue(queue, expires=UNHEARD_SEC if queue == SPEAKER_QUEUE else None)


def send_utterance(app: Celery, pcm: bytes, job: UtteranceJob, **policy: Any) -> None:
    """Queue an utterance, s16le `pcm`, for speech recognition. `policy`: of retries, as `send_task` takes it.

    Raises one of REDIS_ERRORS.
    """
    app.send_task(
        TRANSCRIBE_TASK,
        args=[pcm, job.model_dump(mode="json")],
        queue=STT_QUEUE,
        argsrepr="(audio, job)",  # the default would copy the arguments into a header
        kwargsrepr="{}",
        ignore_result=True,
        **policy,
    )


def send_text(app: Celery, job: AnalyzeJob) -> None:
    """Queue a transcribed utterance for the analyzer. Raises one of REDIS_ERRORS."""
    app.send_task(
        ANALYZE_TASK,
        args=[job.model_dump(mode="json")],
        queue=ANALYZER_QUEUE,
        argsrepr="(job)",  # the default would copy the transcript into a header
        kwargsrepr="{}",
        ignore_result=True,
        retry=False,
    )


def send_speakers(app: Celery, pcm: bytes, job: SpeakerJob) -> None:
    """Ask who speaks an utterance, s16le `pcm`. Raises one of REDIS_ERRORS."""
    app.send_task(
        TELL_SPEAKERS_TASK,
        args=[pcm, job.model_dump(mode="json")],
        queue=declared(SPEAKER_QUEUE),
        argsrepr="(audio, job)",
        kwargsrepr="{}",
        ignore_result=True,
        retry=False,
    )


def send_file_speakers(app: Celery, job: FileSpeakersJob) -> None:
    """Ask who speaks in a file whose segments have all been heard. Raises one of REDIS_ERRORS."""
    app.send_task(
        TELL_FILE_SPEAKERS_TASK,
        args=[job.model_dump(mode="json")],
        queue=declared(SPEAKER_QUEUE),
        argsrepr="(job)",
        kwargsrepr="{}",
        ignore_result=True,
        retry=False,
    )


def transport_options(settings: ServiceSettings) -> dict[str, Any]:
    """Options of kombu's Redis transport.

    kombu looks for lost tasks every `unacked_restore_interval` seconds times `unacked_restore_throttle`
    (10 x 10 by default, so minutes); with 1 and 1 a killed worker's task is back within the visibility timeout.
    The mutex of that search expires soon, in case its holder is the worker that dies.
    """
    return {
        "visibility_timeout": settings.visibility_timeout_sec,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 10,
        "socket_timeout": 15,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 5,
    }
