"""Who speaks in a file, once the voices of all its segments are there."""

from __future__ import annotations

from typing import Any, cast

import pytest
import redis

from contract.jobs import TRIES_MAX, FileSpeakersJob
from contract.keys import file_key, file_speakers_tries_key, file_voices_key
from contract.state.files import FileSpeakers
from speaker_worker import file_voices
from speaker_worker.file_voices import FAILED_WORDS
from tests.speaker_worker.conftest import RATE, SESSION, MakeRig, Rig, job_of, voice

FILE, AGAIN = "f" * 32, f"{SESSION}-again"
JOB = FileSpeakersJob(session=SESSION, file=FILE, again_session=AGAIN).model_dump(mode="json")
TTL_SEC = 1_000


@pytest.fixture
def file(redis_client: redis.Redis) -> str:
    """A file that is in work."""
    redis_client.hset(file_key(FILE), mapping={"state": "working", "total": 1})
    redis_client.expire(file_key(FILE), TTL_SEC)
    return FILE


def hear(rig: Rig, *segments: tuple[int, str], session: str = SESSION) -> None:
    """Segments of 4 s, each with where it begins in seconds."""
    for start_sec, name in segments:
        pcm = voice(name, 4.0)
        rig.teller.handle(pcm, job_of(pcm, start_sec * RATE, session=session, live=False))


def found(client: redis.Redis) -> list[tuple[int, int]] | None:
    """The speaker of each turn, and in which second it begins."""
    raw = cast(bytes | None, client.hget(file_key(FILE), "speakers"))
    if raw is None:
        return None
    return [(turn.speaker, round(turn.start / RATE)) for turn in FileSpeakers.model_validate_json(raw).turns]


def lacking(client: redis.Redis) -> str | None:
    """Why it is not told who speaks."""
    raw = cast(bytes | None, client.hget(file_key(FILE), "no_speakers"))
    return None if raw is None else raw.decode()


def test_speakers_are_numbered_as_they_appear(rig: Rig, file: str) -> None:
    hear(rig, (15, "low"), (0, "high"), (5, "low"), (10, "high"))
    rig.teller.handle_file(JOB)
    assert found(rig.client) == [(1, 0), (2, 5), (1, 10), (2, 15)]
    assert lacking(rig.client) is None
    assert set(rig.client.keys()) == {file_key(FILE).encode()}, "no voice is kept, and no try"
    assert 0 < rig.client.ttl(file_key(FILE)) <= TTL_SEC
    assert rig.outcomes("files") == {"told": 1}


def test_a_segment_that_was_heard_again_counts_as_that(rig: Rig, file: str) -> None:
    hear(rig, (0, "high"), (5, "high"))
    hear(rig, (5, "low"), session=AGAIN)
    rig.teller.handle_file(JOB)
    assert found(rig.client) == [(1, 0), (2, 5)]
    assert not rig.client.exists(file_voices_key(SESSION), file_voices_key(AGAIN))


def test_a_segment_that_comes_again_is_kept_once(rig: Rig, file: str) -> None:
    hear(rig, (0, "low"), (0, "low"))
    assert rig.client.hlen(file_voices_key(SESSION)) == 1


def test_a_task_that_comes_again_changes_nothing(rig: Rig, file: str) -> None:
    hear(rig, (0, "high"), (5, "low"))
    rig.teller.handle_file(JOB)
    told = rig.client.hgetall(file_key(FILE))
    hear(rig, (20, "middle"))
    rig.teller.handle_file(JOB)
    assert rig.client.hgetall(file_key(FILE)) == told
    assert rig.outcomes("files") == {"told": 1, "repeated": 1}
    assert not rig.client.exists(file_voices_key(SESSION))


def test_a_file_that_is_gone_does_not_come_back(rig: Rig) -> None:
    hear(rig, (0, "high"))
    rig.teller.handle_file(JOB)
    assert rig.client.keys() == []
    assert rig.outcomes("files") == {"gone": 1}


def test_a_file_without_voices_has_no_turns(rig: Rig, file: str) -> None:
    rig.teller.handle_file(JOB)
    assert found(rig.client) == []


def test_voices_of_another_version_are_left_out(rig: Rig, file: str, caplog: pytest.LogCaptureFixture) -> None:
    hear(rig, (0, "high"), (5, "low"))
    rig.client.hset(file_voices_key(SESSION), mapping={"80000": b"of another version", "no number": b""})
    rig.teller.handle_file(JOB)
    assert found(rig.client) == [(1, 0)]
    assert "unusable" in caplog.text
    assert SESSION not in caplog.text


def test_a_worker_that_is_off_says_so_at_once(make_rig: MakeRig, file: str) -> None:
    rig = make_rig(off=True)
    rig.teller.handle_file(JOB)
    assert (found(rig.client), lacking(rig.client)) == (None, FAILED_WORDS)
    assert rig.outcomes("files") == {"off": 1}


def test_a_file_that_ends_its_workers_is_given_up(rig: Rig, file: str) -> None:
    hear(rig, (0, "high"))
    rig.client.set(file_speakers_tries_key(FILE), TRIES_MAX)
    rig.teller.handle_file(JOB)
    assert found(rig.client) is None
    assert rig.outcomes("files") == {"given_up": 1}
    assert lacking(rig.client) == FAILED_WORDS
    assert not rig.client.exists(file_voices_key(SESSION))


def test_a_file_that_is_told_lacks_nothing_however_often_it_comes(rig: Rig, file: str) -> None:
    hear(rig, (0, "high"))
    rig.teller.handle_file(JOB)
    rig.client.set(file_speakers_tries_key(FILE), TRIES_MAX)
    rig.teller.handle_file(JOB)
    assert found(rig.client) == [(1, 0)]
    assert lacking(rig.client) is None


def test_a_file_that_is_gone_does_not_come_back_for_a_failure(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise MemoryError

    hear(rig, (0, "high"))
    monkeypatch.setattr(file_voices, "file_turns", broken)
    rig.teller.handle_file(JOB)
    assert rig.client.keys() == []


def test_what_the_engine_raises_leaves_the_file_without_speakers(
    rig: Rig, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise MemoryError

    hear(rig, (0, "high"))
    monkeypatch.setattr(file_voices, "file_turns", broken)
    rig.teller.handle_file(JOB)
    assert (found(rig.client), rig.outcomes("files")) == (None, {"failed": 1})
    assert lacking(rig.client) == FAILED_WORDS
    assert 0 < rig.client.ttl(file_key(FILE)) <= TTL_SEC
    assert not rig.client.exists(file_voices_key(SESSION))


@pytest.mark.parametrize("raw", [None, "a file", {"file": FILE}, {**JOB, "session": "short"}])
def test_what_is_no_task_is_discarded(rig: Rig, raw: object) -> None:
    rig.teller.handle_file(raw)
    assert rig.outcomes("files") == {"invalid": 1}
