"""One utterance through the worker, on a real Redis, with a model that says what a test wants."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import redis

from contract.events import OutcomeEvent
from contract.jobs import TRIES_MAX, AnalyzeJob, UtteranceJob
from contract.keys import OUTCOMES_STREAM, done_key, session_outcomes_key, tries_key
from contract.messages import Dropped, Error
from runtime.redis_client import worker_redis
from runtime.redis_retry import RedisUnavailableError
from runtime.wav import read_wav
from stt_worker.engine.protocol import NO_DRAFT, Draft, SpeechEngine, Transcript, Utterance, VoiceActivity
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import SpeechCheck
from stt_worker.utterances.task import Transcriber
from tests.stt_worker.conftest import Say

SESSION = "s" * 32
TEXT = "a secret sentence"


class FakeEngine:
    """Says `heard`, after as many exceptions as `failures` holds."""

    name = "fake"
    demo = False
    can_translate = True

    def __init__(self) -> None:
        self.heard = Transcript(TEXT, "en", -0.2, 0.01)
        self.failures: list[Exception] = []
        self.calls: list[tuple[int, str | None]] = []
        self.recovered = 0

    def warm_up(self) -> None: ...

    def transcribe(
        self, utterance: Utterance, draft: Sequence[int] = (), interrupt: Callable[[], None] | None = None
    ) -> Transcript:
        audio = utterance.audio
        assert audio.dtype == np.float32
        assert np.abs(utterance.audio).max() <= 1
        self.calls.append((len(utterance.audio), utterance.language))
        if self.failures:
            raise self.failures.pop(0)
        return self.heard

    def transcribe_all(self, utterances: Sequence[Utterance]) -> list[Transcript]:
        return [self.transcribe(one) for one in utterances]

    def partial(self, utterance: Utterance, interrupt: Callable[[], None], before: Draft = NO_DRAFT) -> Transcript:
        raise AssertionError("a final is no partial")

    def recover(self) -> None:
        self.recovered += 1


class Rig:
    """A Transcriber and all that it talks to."""

    def __init__(self, client: redis.Redis, settings: SttSettings, check: VoiceActivity) -> None:
        self.client = client
        self.settings = settings
        self.engine = FakeEngine()
        self.handed_on: list[AnalyzeJob] = []
        engine: SpeechEngine = self.engine
        self.transcriber = Transcriber(settings, client, check, engine, self.handed_on.append)

    def events(self, stream: str = OUTCOMES_STREAM) -> list[OutcomeEvent]:
        entries = cast(list[tuple[bytes, dict[bytes, bytes]]], self.client.xrange(stream))
        return [OutcomeEvent.model_validate_json(fields[b"event"]) for _, fields in entries]

    def only_outcome(self) -> Dropped | Error:
        [event] = self.events()
        assert self.events(session_outcomes_key(SESSION)) == [event]
        assert isinstance(event.message, Dropped | Error)
        return event.message


MakeRig = Callable[..., Rig]


@pytest.fixture(scope="module")
def check() -> SpeechCheck:
    return SpeechCheck(SttSettings())


@pytest.fixture
def make_rig(redis_client: redis.Redis, check: SpeechCheck) -> MakeRig:
    def make(**settings: Any) -> Rig:
        return Rig(redis_client, SttSettings(stt_redis_patience_sec=0, **settings), check)

    return make


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    return make_rig()


@pytest.fixture(scope="module")
def speech(say: Say) -> bytes:
    return say("I love this movie.")


def header(pcm: bytes, start: int = 16_000, **fields: Any) -> dict[str, Any]:
    job = UtteranceJob(session=SESSION, start=start, end=start + len(pcm) // 2, timings_ms={"endpoint": 1.0})
    return job.model_dump(mode="json") | fields


def test_speech_goes_on_to_the_analyzer(rig: Rig, speech: bytes) -> None:
    rig.transcriber.handle(speech, header(speech))
    [job] = rig.handed_on
    assert (job.text, job.spoken_language, job.sentiment_text) == (TEXT, "en", TEXT)
    assert (job.translation, job.sentiment_reason) == (None, None)
    assert (job.session, job.start, job.samples) == (SESSION, 16_000, len(speech) // 2)
    assert list(job.timings_ms) == ["endpoint", "queue", "speech_check", "speech"]
    assert all(value >= 0 for value in job.timings_ms.values())
    assert rig.events() == []
    assert rig.client.keys("wta:*") == [], "the analyzer ends it; no try is left"


def test_language_hint_wins_over_the_setting(make_rig: MakeRig, speech: bytes) -> None:
    rig = make_rig(stt_language="ko")
    rig.transcriber.handle(speech, header(speech, language="ja"))
    rig.transcriber.handle(speech, header(speech))
    assert [language for _, language in rig.engine.calls] == ["ja", "ko"]


def test_translation_is_what_is_judged(rig: Rig, speech: bytes) -> None:
    rig.engine.heard = replace(rig.engine.heard, text="정말 좋아요", language="ko", translation="I love it.")
    rig.transcriber.handle(speech, header(speech))
    [job] = rig.handed_on
    assert (job.text, job.spoken_language) == ("정말 좋아요", "ko")
    assert job.translation == job.sentiment_text == "I love it."


def test_no_translation_is_explained(rig: Rig, speech: bytes) -> None:
    rig.engine.heard = replace(rig.engine.heard, language="ko", no_translation="turbo cannot translate Korean.")
    rig.transcriber.handle(speech, header(speech))
    [job] = rig.handed_on
    assert (job.translation, job.sentiment_text) == (None, None)
    assert job.sentiment_reason == "turbo cannot translate Korean."


def test_loops_are_cut_before_the_analyzer(rig: Rig, speech: bytes) -> None:
    rig.engine.heard = replace(rig.engine.heard, text="Thank you. " * 6)
    rig.transcriber.handle(speech, header(speech))
    assert rig.handed_on[0].text == rig.handed_on[0].sentiment_text == "Thank you."


@pytest.mark.parametrize("level", [0.0, 0.002, 0.2])
def test_silence_and_noise_never_reach_the_model(rig: Rig, level: float) -> None:
    noise = np.random.default_rng(1).standard_normal(32_000) * level
    pcm = (np.clip(noise, -1, 1) * 32767).astype("<i2").tobytes()
    rig.transcriber.handle(pcm, header(pcm))
    outcome = rig.only_outcome()
    assert isinstance(outcome, Dropped)
    assert outcome.reason == "no_speech"
    assert "is below 0.50" in outcome.detail
    assert list(outcome.timings_ms) == ["endpoint", "queue", "speech_check"]
    assert rig.engine.calls == []
    assert rig.handed_on == []


def test_doubtful_transcript_of_clear_speech_is_shown_as_doubtful(rig: Rig, speech: bytes) -> None:
    rig.engine.heard = replace(rig.engine.heard, avg_logprob=-2.0, temperature=0.4, gaps=((0.5, 1.0),))
    rig.transcriber.handle(speech, header(speech))
    (job,) = rig.handed_on
    assert (job.text, job.doubtful_reason) == (TEXT, "low_confidence")
    assert (job.avg_logprob, job.no_speech_prob, job.temperature) == (-2.0, 0.01, 0.4)
    (gap,) = job.gaps
    assert gap.end_sec - gap.start_sec == pytest.approx(0.5)
    assert 1.5 <= gap.start_sec < 1.6, "in seconds of the stream"
    assert gap.reason == "no_words"


def test_doubtful_transcript_of_unclear_speech_is_dropped(
    rig: Rig, speech: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("stt_worker.engine.cover.CLEAR_SPEECH_SEC", 5.0)
    rig.engine.heard = replace(rig.engine.heard, avg_logprob=-2.0)
    with caplog.at_level(logging.INFO):
        rig.transcriber.handle(speech, header(speech))
    outcome = rig.only_outcome()
    assert isinstance(outcome, Dropped)
    assert (outcome.reason, outcome.detail) == ("low_confidence", "mean log-probability -2.00 is below -1.00")
    assert (outcome.start_sec, outcome.duration_sec) == (1.0, round(len(speech) / 32_000, 3))
    assert outcome.detail in caplog.text


@pytest.mark.parametrize("cut", [-2, -1, 2, None])
def test_audio_that_breaks_its_header_is_an_error(rig: Rig, speech: bytes, cut: int | None) -> None:
    audio = b"" if cut is None else speech + b"\0" * cut if cut > 0 else speech[:cut]
    rig.transcriber.handle(audio, header(speech))
    outcome = rig.only_outcome()
    assert isinstance(outcome, Error)
    assert outcome.code == "bad_audio"
    assert outcome.message == f"The audio has {len(audio)} bytes, its header promises {len(speech)}."


@pytest.mark.parametrize("audio", ["text", None, 5, [1, 2], {"a": 1}])
def test_audio_that_is_no_bytes_is_an_error(rig: Rig, speech: bytes, audio: object) -> None:
    rig.transcriber.handle(audio, header(speech))
    outcome = rig.only_outcome()
    assert isinstance(outcome, Error)
    assert outcome.code == "bad_audio"


def test_too_long_is_an_error(rig: Rig) -> None:
    audio = bytes(31 * 32_000)
    rig.transcriber.handle(audio, header(audio))
    outcome = rig.only_outcome()
    assert isinstance(outcome, Error)
    assert outcome.code == "too_long"
    assert "is 31.0 s long; at most 30 s" in outcome.message


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "job",
        {},
        {"session": SESSION, "start": 5, "end": 5},
        {"session": "sneaky\nsession-0123456789", "start": 0, "end": 5},
        {"session": SESSION, "start": -1, "end": 5},
        {"v": 2, "session": SESSION, "start": 0, "end": 5},
        {"session": SESSION, "start": 0, "end": 5, "timings_ms": {str(n): 1.0 for n in range(100)}},
        {"session": SESSION, "start": 0, "end": 5, "language": "English"},
    ],
)
def test_unusable_header_is_logged_and_dropped(rig: Rig, bad: Any, caplog: pytest.LogCaptureFixture) -> None:
    rig.transcriber.handle(b"\0\0", bad)
    assert "unusable header" in caplog.text
    assert SESSION not in caplog.text
    assert "sneaky" not in caplog.text
    assert rig.client.keys("*") == []


def test_ended_utterance_is_skipped(rig: Rig, speech: bytes) -> None:
    rig.client.set(done_key(SESSION, 16_000), "1")
    rig.transcriber.handle(speech, header(speech))
    assert rig.engine.calls == []
    assert rig.events() == []


def test_given_up_after_too_many_tries(rig: Rig, speech: bytes) -> None:
    rig.client.set(tries_key(SESSION, 16_000), TRIES_MAX - 1)
    rig.transcriber.handle(speech, header(speech))
    assert len(rig.handed_on) == 1, "the last try is still made"
    rig.client.set(tries_key(SESSION, 16_000), TRIES_MAX)
    rig.transcriber.handle(speech, header(speech))
    outcome = rig.only_outcome()
    assert isinstance(outcome, Error)
    assert outcome.code == "gave_up"
    assert "3 times" in outcome.message
    assert len(rig.engine.calls) == 1


def test_a_try_is_counted_while_the_model_works(rig: Rig, speech: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[bytes | None, int]] = []

    def look(*_: object) -> Transcript:
        key = tries_key(SESSION, 16_000)
        seen.append((cast(bytes | None, rig.client.get(key)), rig.client.ttl(key)))
        return rig.engine.heard

    monkeypatch.setattr(rig.engine, "transcribe", look)
    rig.transcriber.handle(speech, header(speech))
    [(count, ttl)] = seen
    assert count == b"1"
    assert 0 < ttl <= rig.settings.session_ttl_sec


@pytest.mark.parametrize("failure", [RuntimeError("model broke"), MemoryError("no memory"), ValueError("bad shape")])
def test_one_failure_of_the_model_is_tried_again(rig: Rig, speech: bytes, failure: Exception) -> None:
    rig.engine.failures = [failure]
    rig.transcriber.handle(speech, header(speech))
    assert len(rig.handed_on) == 1
    assert rig.engine.recovered == 1
    assert rig.transcriber.failures_in_a_row == 0


def test_a_model_that_fails_again_is_an_error(rig: Rig, speech: bytes) -> None:
    rig.engine.failures = [MemoryError("no memory"), RuntimeError("still none")]
    rig.transcriber.handle(speech, header(speech))
    outcome = rig.only_outcome()
    assert isinstance(outcome, Error)
    assert outcome.code == "speech_failed"
    assert rig.transcriber.failures_in_a_row == 1
    rig.transcriber.handle(speech, header(speech, start=99, end=99 + len(speech) // 2))
    assert rig.transcriber.failures_in_a_row == 0
    assert len(rig.handed_on) == 1


def test_twice_the_same_is_one_outcome(rig: Rig) -> None:
    pcm = bytes(32_000)
    rig.transcriber.handle(pcm, header(pcm))
    rig.transcriber.handle(pcm, header(pcm))
    assert len(rig.events()) == 1


def test_neither_text_nor_audio_nor_session_is_logged(
    rig: Rig, speech: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        rig.engine.failures = [RuntimeError("model broke")]
        rig.transcriber.handle(speech, header(speech))
        rig.engine.heard = replace(rig.engine.heard, avg_logprob=-2.0)
        rig.transcriber.handle(speech, header(speech, start=0, end=len(speech) // 2))
    job = UtteranceJob.model_validate(header(speech))
    assert job.utterance in caplog.text
    for secret in (TEXT, "secret", SESSION, repr(speech[:16])):
        assert secret not in caplog.text


def test_redis_trouble_ends_nothing(check: SpeechCheck, speech: bytes, unused_port: int) -> None:
    settings = SttSettings(redis_port=unused_port, stt_redis_patience_sec=0.3)
    rig = Rig(worker_redis(settings), settings, check)
    with pytest.raises(RedisUnavailableError, match="ConnectionError"):
        rig.transcriber.handle(speech, header(speech))
    assert rig.engine.calls == [], "not transcribed for nothing"


def test_redis_trouble_is_waited_out(rig: Rig, speech: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    patient = Rig(rig.client, SttSettings(stt_redis_patience_sec=20), rig.transcriber._recognition._check)
    trouble = [
        redis.ConnectionError("gone"),
        redis.TimeoutError("slow"),
        redis.ResponseError("OOM command not allowed"),
    ]

    def hand_on(job: AnalyzeJob) -> None:
        if trouble:
            raise trouble.pop(0)
        patient.handed_on.append(job)

    monkeypatch.setattr(patient.transcriber, "_hand_on", hand_on)
    patient.transcriber.handle(speech, header(speech))
    assert len(patient.handed_on) == 1
    assert len(patient.engine.calls) == 1, "transcribed once"


def test_work_longer_than_the_visibility_timeout_is_warned_of(
    rig: Rig, speech: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = iter([0.0, 31.0])
    monkeypatch.setattr("stt_worker.utterances.task.time", SimpleNamespace(monotonic=lambda: next(clock)))
    rig.transcriber.handle(speech, header(speech))
    assert "longer than VISIBILITY_TIMEOUT_SEC=30" in caplog.text


def test_debugging_audio_is_off_by_default_and_bounded(
    rig: Rig,
    make_rig: MakeRig,
    speech: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("stt_worker.utterances.debug_audio.MAX_FILES", 2)
    rig.transcriber.handle(speech, header(speech))
    assert list(tmp_path.rglob("*.wav")) == []
    folder = tmp_path / "wavs"
    keeping = make_rig(debug_wav_dir=folder)
    assert "KEPT ON DISK" in caplog.text
    for start in (1, 2, 3):
        keeping.transcriber.handle(speech, header(speech, start=start, end=start + len(speech) // 2))
    names = sorted(path.name for path in folder.iterdir())
    tag = UtteranceJob.model_validate(header(speech)).utterance.rsplit("-", 1)[0]
    assert names == [f"{tag}-2.wav", f"{tag}-3.wav"]
    assert read_wav(folder / names[0])[:64] == speech[:64]
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_debugging_audio_that_cannot_be_written_harms_nothing(
    make_rig: MakeRig, speech: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    rig = make_rig(debug_wav_dir=blocked / "folder")
    rig.transcriber.handle(speech, header(speech))
    assert len(rig.handed_on) == 1
    assert "debugging audio not written" in caplog.text


def test_outcome_is_what_the_page_gets(rig: Rig) -> None:
    pcm = bytes(3200)
    rig.transcriber.handle(pcm, header(pcm))
    raw = cast(list[tuple[bytes, dict[bytes, bytes]]], rig.client.xrange(OUTCOMES_STREAM))[0][1][b"event"]
    event = json.loads(raw)
    assert event["seq"] == 1
    assert event["message"]["type"] == "dropped"
