"""An utterance that kills whoever works on it ends as an error to its user, is kept for a look, and is left alone."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from contract.audio import BYTES_PER_SAMPLE
from contract.events import PartialEvent
from contract.ids import session_tag
from contract.keys import DEAD_LETTERS_STREAM
from contract.messages import Error
from contract.queues import RESULT_MESSAGES
from harness.processes import ROOT, wait_until
from harness.speech import demo_clips
from tests.faults.campaign import wait_for
from tests.faults.fault_system import FaultSystem, running_world
from tests.faults.worker_rig import DONE_SEC, SESSION, WORKING, WorkerRig, beside_each_other
from tests.support.dummy_speech import dummy_text
from tests.support.partial_requests import put
from tests.support.redelivery import timeout_passes
from tests.support.speakers import AfterOne, Speaker

END_SEC = 240.0
DEADLY = 139  # the exit status of the workers that test_given_up kills
FATAL_SAMPLES, FATAL_TEXT = 12_345, "deadly"
FATAL_TO_SPEECH, FATAL_TO_ANALYZER, HARMLESS = "not_bad.wav", "meeting_monday.wav", "love_movie.wav"


def test_an_utterance_that_kills_its_worker_three_times_is_an_error(tmp_path: Path) -> None:
    clips = {clip.path.name: clip for clip in demo_clips()}
    fatal_samples = len(clips[FATAL_TO_SPEECH].pcm) // BYTES_PER_SAMPLE
    fatal_text = dummy_text(clips[FATAL_TO_ANALYZER].pcm)
    settings = {"VISIBILITY_TIMEOUT_SEC": "5", "FATAL_SAMPLES": str(fatal_samples), "FATAL_WORD": fatal_text}
    with running_world(tmp_path, **settings) as world:
        names = (FATAL_TO_SPEECH, FATAL_TO_ANALYZER)
        speakers = [Speaker(world.ws_url, [clips[name]], 1) for name in names]
        deaths = asyncio.run(until_given_up(world, speakers))
        ends = [speaker.outcomes for speaker in speakers]
        assert [[one.code for one in end if isinstance(one, Error)] for end in ends] == [
            ["gave_up"],
            ["analyzer_failed"],
        ]
        # A partial of all of it may have killed one more: what only looks is no try.
        assert (deaths["stt"] in (3, 4), deaths["analyzer"]) == (True, 3)
        records = look(world)
        assert [(one["code"], one["session"]) for one in records] == [
            (code, session_tag(speaker.session))
            for code, speaker in zip(("gave_up", "analyzer_failed"), speakers, strict=True)
        ]
        kept = json.dumps(records) + str(world.client.xrange(DEAD_LETTERS_STREAM))
        for secret in (fatal_text, fatal_text.split()[-2], *(speaker.session for speaker in speakers)):
            assert secret not in kept
        assert all(len(json.dumps(record)) < 1_000 for record in records), "no room for audio"
        assert world.keys_without_ttl() == []
        after = Speaker(world.ws_url, [clips[HARMLESS]], 2)
        assert asyncio.run(after.talk(AfterOne(after), END_SEC)), "and the service goes on"
        assert [outcome.type for outcome in after.outcomes] == ["result"]


def test_its_neighbours_in_the_queue_are_not_given_up_with_it(tmp_path: Path) -> None:
    """A worker takes several at once; all of them come back when one of them has killed it."""
    beside_each_other(["stt_0", "analyzer"], lambda worker: neighbours_go_on(worker, tmp_path / worker))


def neighbours_go_on(worker: str, folder: Path) -> None:
    settings = {"VISIBILITY_TIMEOUT_SEC": "5", "FATAL_SAMPLES": str(FATAL_SAMPLES), "FATAL_WORD": FATAL_TEXT}
    with running_world(folder, "redis", worker, **settings) as world:
        rig = WorkerRig(world, worker)
        world.hold_at(WORKING[worker], DONE_SEC, rig.send)
        fatal = rig.send(samples=FATAL_SAMPLES, text=FATAL_TEXT)
        for _ in range(3):
            rig.send()
        world.moments.release(WORKING[worker])

        def ended() -> bool:
            if world.keep_running():
                timeout_passes(world.client)
            return set(rig.sent) <= set(rig.ended())

        wait_until(ended, END_SEC, f"all have ended: {world.logs()}")
        errors = {start for start, message in rig.messages().items() if isinstance(message, Error)}
        assert errors == {fatal}
        rig.close()


def test_partials_of_a_deadly_utterance_end_one_worker_and_its_final_three(tmp_path: Path) -> None:
    """A partial is worked on too; whoever speaks on must not end one worker after the other with it."""
    settings = {"VISIBILITY_TIMEOUT_SEC": "5", "FATAL_SAMPLES": str(FATAL_SAMPLES)}
    harmless = next(clip for clip in demo_clips() if clip.path.name == HARMLESS)
    with running_world(tmp_path, "redis", "stt_0", **settings) as world, world.client.pubsub() as bus:
        rig = WorkerRig(world, "stt_0")
        bus.subscribe(RESULT_MESSAGES)
        wait_until(lambda: bus.get_message(timeout=0.1) is not None, 5, "subscribed")

        def ask(start: int, pcm: bytes) -> str | None:
            """The answer to a request for a partial; None when it ended the worker."""
            put(world.client, SESSION, start, pcm)
            while world.services["stt_0"].running:
                message = bus.get_message(timeout=0.1)
                if message is not None:
                    return PartialEvent.model_validate_json(message["data"]).partial.text
            return None

        fatal = bytes(BYTES_PER_SAMPLE * FATAL_SAMPLES)
        assert ask(0, fatal) is None
        assert world.keep_running() == {"stt_0": DEADLY}
        world.wait_up("stt_0")
        assert [ask(0, fatal) for _ in range(3)] == ["", "", ""], "it is asked for while somebody speaks on"
        assert ask(FATAL_SAMPLES, harmless.pcm) == dummy_text(harmless.pcm), "another has its partial"
        assert rig.send(samples=FATAL_SAMPLES) == 0
        deaths: list[int] = []

        def ended() -> bool:
            if died := world.keep_running():
                timeout_passes(world.client)
            deaths.extend(died.values())
            return 0 in rig.ended()

        wait_until(ended, END_SEC, f"its final has an end: {world.logs()}")
        assert deaths == [DEADLY] * 3
        end = rig.messages()[0]
        assert isinstance(end, Error) and end.code == "gave_up"
        assert ask(FATAL_SAMPLES, harmless.pcm)
        rig.close()


async def until_given_up(world: FaultSystem, speakers: list[Speaker]) -> Counter[str]:
    """Have all of them speak one clip, restart what dies of it; how many died, by kind."""
    deaths: Counter[str] = Counter()

    async def supervise() -> None:
        while True:
            for name, status in world.keep_running().items():
                assert status == DEADLY, f"{name}: {status}\n{world.logs()}"
                deaths[name.partition("_")[0]] += 1
            await asyncio.sleep(0.1)

    supervisor = asyncio.create_task(supervise())
    try:
        complete = await asyncio.gather(*(speaker.talk(AfterOne(speaker), END_SEC) for speaker in speakers))
        assert all(complete), world.logs()
        await wait_for(lambda: not world.work_left(), 40, f"nothing is tried again: {world.work_left()}")
        await wait_for(lambda: all(map(world.is_up, world.services)), 60, "the last one is up again")
    finally:
        supervisor.cancel()
        await asyncio.gather(supervisor, return_exceptions=True)
    return deaths


def look(world: FaultSystem) -> list[dict[str, object]]:
    """What `make dead-letters` shows, oldest first."""
    environment = {**os.environ, "REDIS_PORT": str(world.redis_port), "REDIS_HOST": "127.0.0.1"}
    command = [sys.executable, "-m", "runtime.dead_letters"]
    shown = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True, timeout=30)
    records = [json.loads(line) for line in shown.stdout.splitlines()]
    return sorted(records, key=lambda one: str(one["code"]), reverse=True)
