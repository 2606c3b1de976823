"""Several utterances at once: each ends as it would alone, and none suffers from its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
import whisper as openai_whisper
from numpy.typing import NDArray

from contract.jobs import AnalyzeJob, UtteranceJob
from contract.keys import tries_key
from harness.speech import demo_clips
from runtime.redis_retry import RedisUnavailableError
from stt_worker.engine.protocol import NO_DRAFT, Draft, SpeechEngine, Transcript, Utterance
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DRAFTS_MAX, ENCODED_MAX, DraftCache
from stt_worker.utterances.speech_check import SpeechCheck
from stt_worker.utterances.task import Transcriber
from tests.stt_worker.conftest import Say, as_floats

SESSIONS = [letter * 32 for letter in "abcdefgh"]


class CountingEngine:
    """Says how long the audio is. Raises on audio longer than `breaks_above` samples, alone and among others."""

    name = "counting"
    demo = False
    can_translate = True

    def __init__(self) -> None:
        self.at_once: list[int] = []
        self.drafts: list[tuple[int, ...]] = []
        self.breaks_above = 10**9

    def warm_up(self) -> None: ...

    def recover(self) -> None: ...

    def transcribe(
        self, utterance: Utterance, draft: Sequence[int] = (), interrupt: Callable[[], None] | None = None
    ) -> Transcript:
        self.at_once.append(1)
        self.drafts.append(tuple(draft))
        return self._heard(utterance.audio)

    def transcribe_all(self, utterances: Sequence[Utterance]) -> list[Transcript]:
        self.at_once.append(len(utterances))
        return [self._heard(one.audio) for one in utterances]

    def partial(self, utterance: Utterance, interrupt: Callable[[], None], before: Draft = NO_DRAFT) -> Transcript:
        raise AssertionError("a final is no partial")

    def _heard(self, audio: NDArray[np.float32]) -> Transcript:
        if len(audio) > self.breaks_above:
            raise RuntimeError("poison")
        return Transcript(f"{len(audio)} samples", "en", -0.2, 0.01)


class Worker:
    """A Transcriber with a counting engine."""

    def __init__(self, client: redis.Redis, check: SpeechCheck, hand_on: Any = None) -> None:
        self.engine = CountingEngine()
        self.handed_on: list[AnalyzeJob] = []
        self.drafts = DraftCache()
        engine: SpeechEngine = self.engine
        settings = SttSettings(stt_redis_patience_sec=0)
        self.transcriber = Transcriber(settings, client, check, engine, hand_on or self.handed_on.append, self.drafts)


@pytest.fixture(scope="module")
def check() -> SpeechCheck:
    return SpeechCheck(SttSettings())


@pytest.fixture
def worker(redis_client: redis.Redis, check: SpeechCheck) -> Worker:
    return Worker(redis_client, check)


@pytest.fixture(scope="module")
def speech(say: Say) -> bytes:
    return say("I love this movie.")


def task(pcm: bytes, session: str, live: bool = True) -> tuple[object, object]:
    return pcm, UtteranceJob(session=session, start=0, end=len(pcm) // 2, live=live).model_dump(mode="json")


def test_they_go_through_the_model_together_and_each_is_its_own(worker: Worker, speech: bytes) -> None:
    tasks = [task(speech + bytes(3200 * n), session) for n, session in enumerate(SESSIONS)]
    assert worker.transcriber.handle_all(tasks) == [None] * 8
    assert worker.engine.at_once == [8]
    assert [job.session for job in worker.handed_on] == SESSIONS
    assert all(job.timings_ms.keys() == {"queue", "speech_check", "speech"} for job in worker.handed_on)


def test_what_is_no_speech_or_no_task_leaves_the_others_alone(worker: Worker, speech: bytes) -> None:
    silence = bytes(32_000)
    odd = (speech[:-2], task(speech, SESSIONS[2])[1])
    tasks = [task(silence, SESSIONS[0]), task(speech, SESSIONS[1]), odd, (b"", {"no": "header"})]
    assert worker.transcriber.handle_all(tasks) == [None] * 4
    assert [job.session for job in worker.handed_on] == [SESSIONS[1]]
    assert worker.engine.at_once == [1]


def test_one_that_breaks_the_model_leaves_its_neighbours_alone(
    worker: Worker, speech: bytes, redis_client: redis.Redis
) -> None:
    long = speech * 3
    worker.engine.breaks_above = len(speech)
    tasks = [task(speech, SESSIONS[0]), task(long, SESSIONS[1]), task(speech, SESSIONS[2])]
    assert worker.transcriber.handle_all(tasks) == [None] * 3
    assert [job.session for job in worker.handed_on] == [SESSIONS[0], SESSIONS[2]]
    assert worker.engine.at_once == [3, 1, 1, 1, 1]
    assert worker.transcriber.failures_in_a_row == 0, "one after it did not fail"


def test_one_that_may_have_ended_a_worker_is_done_alone(
    worker: Worker, speech: bytes, redis_client: redis.Redis
) -> None:
    redis_client.set(tries_key(SESSIONS[1], 0), 1)
    tasks = [task(speech, session) for session in SESSIONS[:3]]
    assert worker.transcriber.handle_all(tasks) == [None] * 3
    assert worker.engine.at_once == [2, 1]
    assert sorted(job.session for job in worker.handed_on) == SESSIONS[:3]


def test_what_is_spoken_live_goes_before_parts_of_files(
    redis_client: redis.Redis, check: SpeechCheck, speech: bytes
) -> None:
    heard: list[str] = []
    worker = Worker(redis_client, check)
    worker.transcriber._heard_live = lambda: heard.append("live")
    of_files = [task(speech, session, live=False) for session in SESSIONS[:2]]
    assert worker.transcriber.handle_all(of_files) == [None] * 2
    assert (worker.engine.at_once, heard) == ([2], [])
    tasks = [task(speech, session, live=session == SESSIONS[4]) for session in SESSIONS[2:5]]
    assert worker.transcriber.handle_all(tasks) == [None] * 3
    assert worker.engine.at_once == [2, 1, 2]
    assert [job.session for job in worker.handed_on[2:]] == [SESSIONS[4], *SESSIONS[2:4]]
    assert heard == ["live"]


def test_each_is_told_by_itself_that_it_must_be_done_again(
    redis_client: redis.Redis, check: SpeechCheck, speech: bytes
) -> None:
    handed_on: list[str] = []

    def hand_on(job: AnalyzeJob) -> None:
        if job.session == SESSIONS[1]:
            raise redis.ConnectionError("gone")
        handed_on.append(job.session)

    worker = Worker(redis_client, check, hand_on)
    troubles = worker.transcriber.handle_all([task(speech, session) for session in SESSIONS[:3]])
    assert [type(trouble) for trouble in troubles] == [type(None), RedisUnavailableError, type(None)]
    assert handed_on == [SESSIONS[0], SESSIONS[2]]


def test_a_final_begins_with_what_its_partials_have_found(worker: Worker, speech: bytes) -> None:
    worker.drafts.keep(SESSIONS[0], 0, (1, 2, 3))
    worker.transcriber.handle(*task(speech, SESSIONS[0]))
    worker.transcriber.handle(*task(speech, SESSIONS[1]))
    assert worker.engine.drafts == [(1, 2, 3), ()]
    assert worker.drafts.of(SESSIONS[0], 0) == (), "used once"


def test_drafts_are_bounded() -> None:
    drafts = DraftCache()
    for start in range(DRAFTS_MAX + 5):
        drafts.keep(SESSIONS[0], start, (start,))
    assert drafts.of(SESSIONS[0], 4) == ()
    assert drafts.of(SESSIONS[0], 5) == (5,)
    assert drafts.of(SESSIONS[0], DRAFTS_MAX + 4) == (DRAFTS_MAX + 4,)


def test_what_was_made_of_the_sound_is_of_audio_that_begins_there() -> None:
    drafts = DraftCache()
    drafts.keep_encoded(SESSIONS[0], 0, 320, "sound")
    assert drafts.encoded(SESSIONS[0], 0, 320) == "sound"
    assert drafts.encoded(SESSIONS[0], 0, 0) is None
    assert drafts.encoded(SESSIONS[1], 0, 320) is None
    drafts.take(SESSIONS[0], 0)
    assert drafts.encoded(SESSIONS[0], 0, 320) is None, "the utterance has ended"


def test_what_was_made_of_the_sound_is_bounded() -> None:
    drafts = DraftCache()
    for start in range(ENCODED_MAX + 3):
        drafts.keep_encoded(SESSIONS[0], start, 0, start)
    kept = [start for start in range(ENCODED_MAX + 3) if drafts.encoded(SESSIONS[0], start, 0) is not None]
    assert kept == list(range(3, ENCODED_MAX + 3))


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_demo_model_hears_the_same_together_as_alone(precision: Any) -> None:
    settings = SttSettings(whisper_precision=precision)
    model = openai_whisper.load_model(str(settings.demo_speech_model), device="cpu")
    engine = WhisperEngine(model, "demo", True, settings)
    clips = demo_clips()
    utterances = [Utterance(as_floats(clip.pcm), None) for clip in clips]
    together = engine.transcribe_all(utterances)
    assert [heard.text for heard in together] == [clip.text for clip in clips]
    assert [engine.transcribe(Utterance(one.audio, None)).text for one in utterances] == [clip.text for clip in clips]


def test_languages_differ_in_one_batch(multilingual_checkpoint: Path) -> None:
    settings = SttSettings(whisper_precision="fp32", logprob_threshold=-10.0, compression_ratio_threshold=100.0)
    model = openai_whisper.load_model(str(multilingual_checkpoint), device="cpu")
    engine = WhisperEngine(model, "random", False, settings)
    audio = (np.random.default_rng(5).standard_normal(16_000) * 0.1).astype(np.float32)
    together = engine.transcribe_all([Utterance(audio, "ko"), Utterance(audio, "en"), Utterance(audio, "ko")])
    assert [heard.language for heard in together] == ["ko", "en", "ko"]
    assert together[0].text == together[2].text == engine.transcribe(Utterance(audio, "ko")).text
    assert together[1].text == engine.transcribe(Utterance(audio, "en")).text
