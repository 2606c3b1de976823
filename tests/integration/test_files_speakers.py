"""Who speaks in a file, on the whole way: two people's voices, the real encoder, the official client.

Texts are stand-ins, one a stretch of sound: what is tested is who said each.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
import redis
from openai.types.audio import TranscriptionDiarized

from contract.keys import file_key, file_voices_key
from harness.human_voices import HumanClips
from harness.processes import wait_until
from harness.stack import Stack, start_stack
from tests.support.media import silence
from tests.support.uploads import job_of, sound_file

PEOPLE = ("en", "it")
TURNS = 3  # of each
LONG_SEC = 3.0  # so much voice is enough to tell somebody by


@pytest.fixture(scope="module")
def wordless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole system without models of speech and sentiment, with the encoder of voices."""
    models = {"WHISPER_MODEL": "dummy", "SENTIMENT_MODEL": "dummy", "SPEAKER_MODEL": "auto"}
    patient = {"VISIBILITY_TIMEOUT_SEC": "5", "FILE_SPEAKERS_WAIT_SEC": "90"}  # a busy machine starts a worker slowly
    with start_stack(tmp_path_factory.mktemp("voices"), **models, **patient) as running:
        yield running


@pytest.fixture
def conversation(human_clips: HumanClips) -> bytes:
    """Two people in turns, with two seconds of silence after each, so that a turn is a segment."""
    pcm = b""
    clips = {one: [clip for clip in human_clips(one, 60) if clip.sec >= LONG_SEC][:TURNS] for one in PEOPLE}
    for number in range(TURNS):
        for one in PEOPLE:
            pcm += clips[one][number].pcm + silence(2.0)
    return pcm


def test_two_people_are_told_apart(wordless: Stack, conversation: bytes, tmp_path: Path) -> None:
    with openai.OpenAI(base_url=f"{wordless.url}/v1", api_key="none", timeout=120) as client:
        raw = client.audio.transcriptions.with_raw_response.create(
            model="w", file=sound_file(conversation, tmp_path), response_format="diarized_json"
        )
    answer = raw.parse()
    assert isinstance(answer, TranscriptionDiarized)
    assert answer.to_dict()["warnings"] == []
    by_turn = [one.speaker for one in answer.segments]
    assert [label for label, before in zip(by_turn, [None, *by_turn], strict=False) if label != before] == [
        *("A", "B") * TURNS,
    ]
    with redis.Redis(port=wordless.redis_port) as broker:
        job = job_of(broker, raw.headers["X-Transcription-Id"])
        assert not broker.exists(file_voices_key(job["session"])), "no voice is kept"


def test_a_speaker_worker_that_is_killed_is_followed_by_its_answer(
    wordless: Stack, conversation: bytes, tmp_path: Path
) -> None:
    """It is held while the file is heard, and killed with the question in its queue; another one begins."""
    worker = wordless.services["speaker_worker"]
    assert worker.process is not None
    worker.process.send_signal(signal.SIGSTOP)
    with openai.OpenAI(base_url=f"{wordless.url}/v1", api_key="none", timeout=120) as client:
        sound = sound_file(conversation + silence(1.0), tmp_path)  # another content
        begun = client.audio.transcriptions.with_raw_response.create(
            model="w", file=sound, response_format="diarized_json", extra_body={"background": "true"}
        )
        file_id = begun.headers["X-Transcription-Id"]
        with redis.Redis(port=wordless.redis_port) as broker:
            wait_until(lambda: broker.llen("speaker_queue") >= 1, 60, "somebody is asked")
            worker.kill()
            worker.start()
            wait_until(lambda: broker.hget(file_key(file_id), "state") == b"done", 120, "the file is done")
            told = broker.hmget(file_key(file_id), "speakers", "no_speakers")
    assert told[0] is not None and told[1] is None, told
