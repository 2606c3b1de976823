"""Files as the gateway begins them, and what becomes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import redis
from celery import Celery

from contract.jobs import UtteranceJob
from contract.keys import file_key, file_segments_key
from contract.queues import FILE_QUEUE, TRANSCRIBE_FILE_TASK
from contract.state.files import VIEW_FIELDS, FileJob, FileSegment, FileView, begin_call, file_path, view_of
from harness.processes import Service, celery_worker
from tests.support.fake_pipeline import FakePipeline
from tests.support.media import encode, silence, tone

VISIBILITY_SEC = 5
FILE_ID = "f" * 32
SESSION = "s" * 32


def start_worker(port: int, folder: Path, logs: Path, name: str = "file_worker", **settings: str) -> Service:
    environment = {
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(port),
        "UPLOAD_DIR": str(folder),
        "VISIBILITY_TIMEOUT_SEC": str(VISIBILITY_SEC),
        **settings,
    }
    worker = celery_worker("file_worker", FILE_QUEUE, environment, logs, name)
    worker.start()
    return worker


def begin(client: redis.Redis, app: Celery, folder: Path, pcm: bytes, file_id: str = FILE_ID, **asked: Any) -> FileJob:
    """What the gateway does with a file that has come."""
    source = encode(pcm, folder.parent / "sound.flac")
    session = SESSION[: -len(file_id[:4])] + file_id[:4]
    job = FileJob(id=file_id, session=session, content="0" * 64, file_bytes=1, **asked)
    script, keys, arguments = begin_call(job, 8, 600, 600)
    client.eval(script, len(keys), *keys, *arguments)
    source.replace(file_path(folder, file_id))
    send(app, file_id)
    return job


def asked_of(pipeline: FakePipeline, job: FileJob) -> list[UtteranceJob]:
    """The file's segments that came to speech recognition. A gateway that other tests use may send its own beside."""
    return [asked for asked, _ in pipeline.seen if asked.session in (job.session, job.again_session)]


def send(app: Celery, argument: object) -> None:
    app.send_task(TRANSCRIBE_FILE_TASK, args=[argument], queue=FILE_QUEUE, argsrepr="(file)", ignore_result=True)


def seen(client: redis.Redis, file_id: str = FILE_ID) -> FileView | None:
    """The file as the gateway sees it."""
    values: Any = client.hmget(file_key(file_id), *VIEW_FIELDS)
    return view_of(values)


def state(client: redis.Redis, file_id: str = FILE_ID) -> str:
    view = seen(client, file_id)
    return "" if view is None else view.state


def written(client: redis.Redis, file_id: str = FILE_ID) -> list[FileSegment]:
    raw: Any = client.lrange(file_segments_key(file_id), 0, -1)
    return [FileSegment.model_validate_json(one) for one in raw]


def talk(count: int) -> bytes:
    """So many segments, each of another length."""
    return b"".join(tone(0.5 + 0.01 * number) + silence(2.0) for number in range(count))
