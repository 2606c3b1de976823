"""Files while processes are killed and while somebody speaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
import redis

from contract.keys import file_key, session_outcomes_key, workers_key
from contract.queues import STT_QUEUE
from file_worker.store import live
from harness.processes import wait_until
from harness.speech import demo_clips, words_of
from harness.stack import Stack
from runtime.worker.heartbeat import alive
from tests.support.media import silence
from tests.support.raw_client import RawClient
from tests.support.uploads import job_of, sound_file, stream, talk


@pytest.fixture
def broker(stack: Stack) -> Iterator[redis.Redis]:
    with redis.Redis(port=stack.redis_port) as made:
        yield made


@pytest.mark.parametrize("name", ["file_worker", "stt_worker", "gateway"])
def test_a_process_killed_in_the_middle_gives_one_complete_result(stack: Stack, tmp_path: Path, name: str) -> None:
    pcm, texts = talk(3)
    pcm += silence({"file_worker": 3.1, "stt_worker": 3.2, "gateway": 3.3}[name])  # another file each
    sound = sound_file(pcm, tmp_path).getvalue()
    connection, events, _ = stream(stack, sound)
    for _ in range(3):
        next(event for event in events if event["type"] == "transcript.text.segment")
    stack.services[name].kill()
    stack.services[name].start()
    if name == "gateway":
        wait_until(lambda: bool(stack.readiness()), 20, "the gateway is back")
        connection.close()
        connection, events, _ = stream(stack, sound)  # as OpenAI's client does
        texts_left = texts
    else:
        texts_left = texts[3:]
    found = list(events)
    connection.close()
    segments = [words_of(event["text"]) for event in found if event["type"] == "transcript.text.segment"]
    assert segments == [words_of(text) for text in texts_left]
    assert found[-1]["type"] == "transcript.text.done"
    assert words_of(found[-1]["text"]) == [word for text in texts for word in words_of(text)]
    stack.wait_ready()


def test_live_speech_goes_first(stack: Stack, broker: redis.Redis, tmp_path: Path) -> None:
    """After somebody has spoken no segment is sent while anything waits for speech recognition, and one at a time."""
    with RawClient(stack.ws_url) as client:
        assert client.speak(demo_clips()[0].pcm)["type"] == "result"

    def told() -> bool:
        heartbeats = cast(dict[bytes, bytes], broker.hgetall(workers_key(STT_QUEUE))).values()
        return live(alive(heartbeats))

    wait_until(told, 10, "the speech worker's heartbeat tells of the speaker")
    pcm, texts = talk(2)
    pcm += silence(4.4)
    longest, seen = 0, 0
    connection, events, file_id = stream(stack, sound_file(pcm, tmp_path).getvalue())
    job = None
    for event in events:
        if job is None and broker.exists(file_key(file_id)):
            job = job_of(broker, file_id)
        longest = max(longest, int(broker.llen(STT_QUEUE)))
        seen += event["type"] == "transcript.text.segment"
    connection.close()
    assert seen == len(texts)
    assert longest <= 1
    assert job is not None
    assert not broker.exists(session_outcomes_key(job["session"]))
