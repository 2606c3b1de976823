"""A real worker process on a real broker: killed in the middle, fed with nonsense, without its encoder."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis

from contract.events import SpeakerEvent
from contract.jobs import FileSpeakersJob, SpeakerJob
from contract.keys import file_key, speaker_events_key, speaker_tries_key, workers_key
from contract.messages import Turns
from contract.queues import SPEAKER_QUEUE
from contract.settings import ServiceSettings
from contract.state.files import FileSpeakers
from harness.human_voices import HumanClips
from harness.processes import Service, answers, celery_worker, free_port, redis_service, wait_until
from runtime.broker.app import UNHEARD_SEC, make_celery, send_file_speakers, send_speakers
from runtime.worker.exit_codes import CANNOT_START_EXIT_CODE
from runtime.worker.heartbeat import WorkerInfo, parse_worker
from tests.faults.fault_points import Moments
from tests.speaker_worker.conftest import RATE, SESSION, TEXT, job_of, voice
from tests.support.redelivery import TIMEOUT_SEC, timeout_passes
from tests.support.tasks_left import tasks_left

START_SEC, WAIT_SEC = 90.0, 60.0
FILE = "f" * 32


class World:
    """A Redis of its own, a sender, and workers that can be held."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.redis = redis_service(self.port, folder)
        self.client = redis.Redis(port=self.port)
        self.moments = Moments(folder / "moments")
        self.workers: list[Service] = []
        self.app = make_celery("sender", ServiceSettings(redis_host="127.0.0.1", redis_port=self.port))

    def open(self) -> None:
        self.redis.start()
        wait_until(lambda: answers(self.port), 15, f"Redis answers: {self.redis.tail()}")

    def worker(self, **settings: str) -> Service:
        """One that is not started."""
        environment = {
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.port),
            "SPEAKER_MODEL": "dummy",
            "VISIBILITY_TIMEOUT_SEC": str(TIMEOUT_SEC),
            "FAULT_DIR": str(self.moments.folder),
            **settings,
        }
        name = f"worker{len(self.workers)}"
        worker = celery_worker(
            "speaker_worker", SPEAKER_QUEUE, environment, self.folder, name, "tests.speaker_worker.held_speaker"
        )
        self.workers.append(worker)
        return worker

    def start(self, **settings: str) -> Service:
        """One that has signed on."""
        worker = self.worker(**settings)
        worker.start()

        def signed_on() -> bool:
            assert worker.running, worker.tail()
            assert worker.process is not None
            return any(name.endswith(f"-{worker.process.pid}") for name in self.heartbeats())

        wait_until(signed_on, START_SEC, "it signs on")
        return worker

    def heartbeats(self) -> dict[str, WorkerInfo]:
        raw = cast(dict[bytes, bytes], self.client.hgetall(workers_key(SPEAKER_QUEUE)))
        return {name.decode(): info for name, value in raw.items() if (info := parse_worker(value)) is not None}

    def send(self, pcm: bytes, start: int = 0, **fields: Any) -> None:
        send_speakers(self.app, pcm, SpeakerJob.model_validate(job_of(pcm, start, **fields)))

    def told(self) -> list[tuple[int | None, list[int | None]]]:
        """Of each `turns` message its utterance's first sample and its speakers."""
        entries = cast(list[tuple[bytes, dict[bytes, bytes]]], self.client.xrange(speaker_events_key(SESSION)))
        events = [SpeakerEvent.model_validate_json(fields[b"event"]) for _, fields in entries]
        return [
            (event.start, [turn.speaker for turn in event.speakers.turns])
            for event in events
            if isinstance(event.speakers, Turns)
        ]

    def wait_done(self) -> None:
        """Wait until no task waits or is worked on."""
        wait_until(
            lambda: not tasks_left(self.client, SPEAKER_QUEUE),
            WAIT_SEC,
            f"all is done: {self.workers[-1].tail()}",
        )

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
        self.app.close()
        self.client.close()
        self.redis.kill()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.open()
    yield made
    made.close()


@pytest.mark.parametrize("moment", ["speakers_working", "speakers_told"])
def test_a_worker_that_is_killed_in_the_middle_tells_once(world: World, moment: str) -> None:
    world.moments.arm(moment)
    first = world.start()
    world.send(voice("low"))
    world.send(voice("high"), 10 * RATE)
    wait_until(lambda: world.moments.held(moment) is not None, WAIT_SEC, f"it is held: {first.tail()}")
    assert bool(world.told()) == (moment == "speakers_told")
    first.kill()
    world.moments.release(moment)
    timeout_passes(world.client)
    second = world.start()
    world.wait_done()
    assert sorted(world.told()) in ([(0, [1]), (10 * RATE, [2])], [(0, [2]), (10 * RATE, [1])])
    assert "Traceback" not in second.log.read_text()
    assert not world.client.exists(speaker_tries_key(SESSION, 0))


def test_a_poisoned_task_is_given_up_and_the_next_is_told(world: World) -> None:
    poison = voice("low", 2.0)
    world.send(poison)
    ended = 0
    for _ in range(3):
        worker = world.worker(FATAL_SAMPLES=str(len(poison) // 2))
        worker.start()
        wait_until(lambda worker=worker: not worker.running, START_SEC, worker.tail())  # type: ignore[misc]
        ended += 1
        timeout_passes(world.client)
    world.send(voice("high"), 10 * RATE)
    last = world.start(FATAL_SAMPLES=str(len(poison) // 2))
    world.wait_done()
    assert (ended, world.told()) == (3, [(10 * RATE, [1])])
    assert "outcome=given_up" in last.log.read_text()


def test_it_serves_stands_back_and_signs_off_and_keeps_speech_private(world: World) -> None:
    worker = world.start(LOG_LEVEL="DEBUG")
    assert worker.process is not None
    assert os.getpriority(os.PRIO_PROCESS, worker.process.pid) >= 10
    [info] = world.heartbeats().values()
    assert (info.model, info.demo) == ("dummy", True)
    world.send(voice("low"))
    world.client.hset(file_key(FILE), mapping={"state": "working"})
    world.client.expire(file_key(FILE), 100)
    world.send(voice("low"), session="g" * 32, live=False)
    send_file_speakers(world.app, FileSpeakersJob(session="g" * 32, file=FILE, again_session="h" * 32))
    wait_until(lambda: bool(world.client.hexists(file_key(FILE), "speakers")), WAIT_SEC, worker.tail())
    raw = cast(bytes, world.client.hget(file_key(FILE), "speakers"))
    assert [turn.speaker for turn in FileSpeakers.model_validate_json(raw).turns] == [1]
    assert world.told() == [(0, [1])]
    world.wait_done()
    assert worker.stop(signal.SIGTERM) == 0
    assert world.heartbeats() == {}
    log = worker.log.read_text()
    assert TEXT not in log
    assert SESSION not in log
    assert FILE not in log
    assert "speakers utterance=" in log


def test_audio_does_not_wait_for_ever_for_a_worker(world: World) -> None:
    world.send(voice("low"))
    assert 0 < world.client.ttl(SPEAKER_QUEUE) <= UNHEARD_SEC


def test_an_encoder_that_is_named_must_be_there(world: World) -> None:
    worker = world.worker(SPEAKER_MODEL=str(world.folder / "none.onnx"))
    worker.start()
    wait_until(lambda: not worker.running, START_SEC, "it ends")
    assert worker.process is not None
    assert worker.process.returncode == CANNOT_START_EXIT_CODE
    assert "no voice encoder" in worker.log.read_text()


def test_one_that_is_off_is_there_and_tells_nothing(world: World) -> None:
    worker = world.start(SPEAKERS_ENABLED="false")
    [info] = world.heartbeats().values()
    assert info.model == ""
    world.send(voice("low"))
    world.wait_done()
    assert world.told() == []
    assert "SPEAKERS_ENABLED is off" in worker.log.read_text()


def test_human_voices_are_told_apart(world: World, human_clips: HumanClips) -> None:
    """Resemblyzer's own weights, two people who take turns, 12 times."""
    worker = world.start(SPEAKER_MODEL="auto")
    [info] = world.heartbeats().values()
    assert info.model.startswith("resemblyzer")
    said = [clip for pair in zip(human_clips("it", 6), human_clips("en", 6), strict=True) for clip in pair]
    at, starts = 0, []
    for clip in said:
        world.send(clip.pcm, at, text=clip.text)
        starts.append(at)
        at += len(clip.pcm) // 2 + RATE
    world.wait_done()
    latest = dict(world.told())
    assert set(latest) == set(starts), worker.tail()
    found = [latest[start] for start in starts]
    italian, english = found[::2], found[1::2]
    who = [{speaker for turns in of_one for speaker in turns} for of_one in (italian, english)]
    assert [len(one - {None}) for one in who] == [1, 1], found
    assert who[0] - {None} != who[1] - {None}, found
    assert sum(turns == [None] for turns in found) <= 2, found


def test_importing_it_loads_no_torch() -> None:
    import subprocess

    program = "import sys, speaker_worker; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
