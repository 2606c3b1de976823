"""The file worker with a file whose channels are a speaker each: each is heard in a session of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import redis
from celery import Celery

from contract.jobs import UtteranceJob
from contract.keys import file_key, session_outcomes_key
from contract.state.files import FileJob, begin_call, file_path
from harness.processes import Service, wait_until
from tests.file_worker.running import FILE_ID, SESSION, send, state, written
from tests.support.conversation import as_pcm, microphones, voices
from tests.support.fake_pipeline import FakePipeline
from tests.support.media import channels_wav

TURNS = [
    (0, "long_happy"),
    (1, "meeting_monday"),
    (0, "food_terrible"),
    (1, "not_like_movie"),
    (0, "not_bad"),
    (1, "love_movie"),
]
PAUSE_SEC = 1.0


def begin_file(client: redis.Redis, app: Celery, folder: Path, samples: np.ndarray, **asked: object) -> FileJob:
    job = FileJob.model_validate(
        {"id": FILE_ID, "session": SESSION, "content": "0" * 64, "file_bytes": 1, "speakers": True, **asked}
    )
    script, keys, arguments = begin_call(job, 8, 600, 600)
    client.eval(script, len(keys), *keys, *arguments)
    channels_wav(samples, folder.parent / "sound.wav").replace(file_path(folder, FILE_ID))
    send(app, FILE_ID)
    return job


def asked_of(pipeline: FakePipeline, job: FileJob) -> list[UtteranceJob]:
    return [asked for asked, _ in pipeline.seen if asked.session in job.all_sessions]


def conversation() -> np.ndarray:
    return as_pcm(microphones(voices(TURNS, 2, PAUSE_SEC)))


def test_each_channel_is_heard_by_itself_and_nothing_is_left(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
) -> None:
    speech_workers(2)
    make_worker()
    job = begin_file(redis_client, app, folder, conversation())
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    found = written(redis_client)
    assert [one.channel for one in found] == [1, 2, 1, 2, 1, 2]
    assert [one.place for one in found] == sorted(one.place for one in found)
    assert [one.outcome.type for one in found] == ["result"] * 6
    asked = asked_of(pipeline, job)
    assert {(one.channel, one.session) for one in asked} == {(1, job.session), (2, job.sessions_of(2)[0])}
    assert all(one.speakers for one in asked)
    assert redis_client.hget(file_key(FILE_ID), "total") == str(conversation().shape[1]).encode()
    wait_until(lambda: not os.listdir(folder), 10, "its bytes are deleted, a moment later")
    assert not any(redis_client.exists(session_outcomes_key(session)) for session in job.all_sessions)


def test_without_being_asked_who_speaks_all_channels_are_one(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
) -> None:
    speech_workers(2)
    make_worker()
    job = begin_file(redis_client, app, folder, conversation(), speakers=False)
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    assert {one.channel for one in written(redis_client)} == {None}
    assert {(one.session, one.channel) for one in asked_of(pipeline, job)} == {(job.session, None)}


def test_another_worker_goes_on_where_a_killed_one_was(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
) -> None:
    """Both begin a segment at the same sample, so that only the session tells these apart."""
    spoken = voices([(0, "long_happy"), (0, "food_terrible"), (0, "not_bad"), (0, "long_happy")], 1, 2.0)
    other = np.roll(voices([(0, "meeting_monday"), (0, "not_like_movie")] * 3, 1, 2.0), 5_000)
    count = min(spoken.shape[1], other.shape[1])
    samples = as_pcm(microphones(np.concatenate((spoken[:, :count], other[:, :count])), None))
    speech_workers(1)
    first = make_worker("first")
    pipeline.most = 3
    job = begin_file(redis_client, app, folder, samples, language="en")
    wait_until(lambda: len(written(redis_client)) == 3, 30, "three are written down")
    known = redis_client.hget(file_key(FILE_ID), "channels")
    first.kill()
    before = written(redis_client)
    pipeline.most = None
    make_worker("second")
    wait_until(lambda: state(redis_client) == "done", 40, "the file is done")
    found = written(redis_client)
    assert found[:3] == before
    assert [one.place for one in found] == sorted({one.place for one in found})
    assert {one.channel for one in found} == {1, 2}
    assert redis_client.hget(file_key(FILE_ID), "channels") == known
    ids = [one.utterance for one in asked_of(pipeline, job)]
    assert {one.outcome.utterance for one in found} == set(ids)
    assert len(found) <= len(ids) <= len(found) + 3, "only what was out is sent once more"


def test_the_language_is_one_for_all_channels_and_a_doubted_segment_is_heard_again_in_its_own(
    redis_client: redis.Redis,
    app: Celery,
    folder: Path,
    make_worker: Callable[..., Service],
    speech_workers: Callable[[int], None],
    pipeline: FakePipeline,
) -> None:
    pipeline.languages = [("en", 0.9), ("nl", 0.5), ("en", 0.9), ("en", 0.9), ("en", 0.9), ("en", 0.9)]
    speech_workers(1)
    make_worker(FILE_LANGUAGE_SEC="100")
    job = begin_file(redis_client, app, folder, conversation())
    wait_until(lambda: state(redis_client) == "done", 30, "the file is done")
    again = [one for one in asked_of(pipeline, job) if one.repetition]
    assert [(one.channel, one.session, one.language) for one in again] == [(2, job.sessions_of(2)[1], "en")]
    found = written(redis_client)
    assert [one.channel for one in found] == [1, 2, 1, 2, 1, 2]
    assert found[1].outcome.utterance == again[0].utterance
