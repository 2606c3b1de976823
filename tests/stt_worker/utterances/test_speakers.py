"""Who speaks is asked once the text is on its way: where it is wanted, somebody is there to ask, and there is room."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import redis

from contract.jobs import MAX_SPANS, AnalyzeJob, SpeakerJob, UtteranceJob
from contract.keys import heard_key, workers_key
from contract.messages import Word
from contract.queues import SPEAKER_QUEUE
from runtime.metrics.registry import exposition
from stt_worker.engine.dummy import dummy_models
from stt_worker.metrics import SttMetrics
from stt_worker.sentences.heard import Heard
from stt_worker.settings import SttSettings
from stt_worker.utterances import speakers
from stt_worker.utterances.job import spans_of_stream
from stt_worker.utterances.speakers import WAITING_MAX, SpeakerQuestions, speaker_job
from stt_worker.utterances.task import Transcriber

SESSION = "s" * 32
RATE = 16_000
START = 5 * RATE


def spoken(seconds: float = 1.0, quiet_sec: float = 0.5) -> bytes:
    """Noise between two stretches of silence."""
    loud = np.random.default_rng(3).integers(-9_000, 9_000, int(seconds * RATE)).astype("<i2")
    quiet = np.zeros(int(quiet_sec * RATE), dtype="<i2")
    return np.concatenate([quiet, loud, quiet]).tobytes()


class Rig:
    """A Transcriber with the dummy model; `order` tells what went where."""

    def __init__(self, client: redis.Redis, ask_fails: bool = False, **settings: Any) -> None:
        self.client = client
        self.order: list[tuple[str, int]] = []
        self.asked: list[tuple[bytes, SpeakerJob]] = []
        self.handed_on: list[AnalyzeJob] = []
        self.metrics = SttMetrics()
        self._ask_fails = ask_fails
        models, given = dummy_models(), SttSettings(stt_redis_patience_sec=0, **settings)
        questions = SpeakerQuestions(given, client, self.metrics, self._ask)
        self.transcriber = Transcriber(
            given, client, models.check, models.engine, self._hand_on, metrics=self.metrics, questions=questions
        )

    def _hand_on(self, job: AnalyzeJob) -> None:
        self.order.append(("text", job.start))
        self.handed_on.append(job)

    def _ask(self, pcm: bytes, job: SpeakerJob) -> None:
        if self._ask_fails:
            raise redis.ConnectionError("cut")
        self.order.append(("speakers", job.start))
        self.asked.append((pcm, job))

    def questions(self) -> dict[str, float]:
        lines = exposition(self.metrics.registry).decode().splitlines()
        found = (line.removeprefix('wta_stt_speaker_questions_total{outcome="') for line in lines)
        pairs = (line.split('"} ') for line in found if '"} ' in line and line.split('"')[0] in speakers_outcomes())
        return {name: float(value) for name, value in pairs if float(value)}


def speakers_outcomes() -> set[str]:
    return {"asked", "no_worker", "queue_full", "redis"}


MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig(redis_client: redis.Redis) -> MakeRig:
    def make(worker: bool = True, **more: Any) -> Rig:
        if worker:
            sign_on(redis_client)
        return Rig(redis_client, **more)

    return make


def sign_on(client: redis.Redis, expires_in_sec: float = 60.0) -> None:
    told = {"model": "m", "demo": False, "expires": time.time() + expires_in_sec, "busy_sec": 0.0, "tasks_done": 0}
    client.hset(workers_key(SPEAKER_QUEUE), "host-1", json.dumps(told))


def header(pcm: bytes, start: int = START, **fields: Any) -> dict[str, Any]:
    job = UtteranceJob(**{"session": SESSION, "start": start, "end": start + len(pcm) // 2, "speakers": True} | fields)
    return job.model_dump(mode="json")


def test_it_is_asked_with_the_audio_and_where_somebody_speaks(make_rig: MakeRig) -> None:
    rig, pcm = make_rig(), spoken()
    rig.transcriber.handle(pcm, header(pcm, word_times=True))
    [(audio, job)] = rig.asked
    [text] = rig.handed_on
    assert audio == pcm
    assert (job.session, job.start, job.end, job.live) == (SESSION, START, START + len(pcm) // 2, True)
    assert (job.text, job.words, job.stamped_ms) == (text.text, text.words, text.stamped_ms)
    assert job.words
    [(begin, end)] = job.speech
    assert abs(begin - START - RATE // 2) < 10
    assert abs(end - START - RATE // 2 - RATE) < 10
    assert rig.order == [("text", START), ("speakers", START)]
    assert rig.questions() == {"asked": 1}


def test_of_a_file_it_is_asked_before_its_outcome_can_come(make_rig: MakeRig) -> None:
    rig, pcm = make_rig(), spoken()
    rig.transcriber.handle(pcm, header(pcm, live=False))
    assert rig.order == [("speakers", START), ("text", START)]
    assert not rig.asked[0][1].live


def test_no_text_of_a_batch_waits_for_it(make_rig: MakeRig) -> None:
    rig = make_rig()
    starts = [number * 10 * RATE for number in range(3)]
    tasks = [(pcm := spoken(0.5 + 0.1 * number), header(pcm, start)) for number, start in enumerate(starts)]
    assert rig.transcriber.handle_all(tasks) == [None] * 3
    assert rig.order == [("text", start) for start in starts] + [("speakers", start) for start in starts]
    assert [job.start for _, job in rig.asked] == starts
    assert [pcm for pcm, _ in rig.asked] == [pcm for pcm, _ in tasks]


@pytest.mark.parametrize("asks", [{"speakers": False}, {"channel": 2}])
def test_it_is_not_asked_where_nobody_wants_to_know_or_the_channel_says_it(
    make_rig: MakeRig, asks: dict[str, Any]
) -> None:
    rig, pcm = make_rig(), spoken()
    rig.transcriber.handle(pcm, header(pcm, **asks))
    assert rig.order == [("text", START)]
    assert rig.questions() == {}


def test_a_setting_turns_it_off(make_rig: MakeRig) -> None:
    rig, pcm = make_rig(speakers_enabled=False), spoken()
    rig.transcriber.handle(pcm, header(pcm))
    assert rig.order == [("text", START)]


def test_silence_has_no_speaker(make_rig: MakeRig) -> None:
    rig, pcm = make_rig(), bytes(2 * RATE)
    rig.transcriber.handle(pcm, header(pcm))
    assert rig.order == []


def test_one_that_was_killed_is_asked_for_it_will_be_back(make_rig: MakeRig) -> None:
    """It did not sign off. Its last heartbeat is forgotten by Redis a minute behind it."""
    rig, pcm = make_rig(worker=False), spoken()
    sign_on(rig.client, expires_in_sec=-1.0)
    rig.transcriber.handle(pcm, header(pcm))
    assert (len(rig.asked), rig.questions()) == (1, {"asked": 1})


def test_without_a_worker_nothing_is_sent(make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig, pcm = make_rig(worker=False), spoken()
    rig.transcriber.handle(pcm, header(pcm))
    assert (rig.asked, rig.questions()) == ([], {"no_worker": 1})
    sign_on(rig.client)
    rig.transcriber.handle(pcm, header(pcm, 2 * START))
    assert rig.asked == [], "it is not looked for with every utterance"
    monkeypatch.setattr(speakers, "LOOK_EVERY_SEC", 0.0)
    rig.transcriber.handle(pcm, header(pcm, 3 * START))
    assert [job.start for _, job in rig.asked] == [3 * START]


def test_a_full_queue_gets_no_more(make_rig: MakeRig) -> None:
    rig, pcm = make_rig(), spoken()
    rig.client.lpush(SPEAKER_QUEUE, *[b"waits"] * (WAITING_MAX - 1))
    rig.transcriber.handle(pcm, header(pcm))
    assert len(rig.asked) == 1
    rig.client.lpush(SPEAKER_QUEUE, b"waits")
    rig.transcriber.handle(pcm, header(pcm, 2 * START))
    assert (len(rig.asked), rig.questions()) == (1, {"asked": 1, "queue_full": 1})
    assert len(rig.handed_on) == 2


def test_trouble_costs_no_text(make_rig: MakeRig, caplog: pytest.LogCaptureFixture) -> None:
    rig, pcm = make_rig(ask_fails=True), spoken()
    with caplog.at_level(logging.WARNING):
        rig.transcriber.handle(pcm, header(pcm))
        rig.transcriber.handle(pcm, header(pcm, 2 * START, live=False))
    assert rig.order == [("text", START), ("text", 2 * START)]
    assert rig.questions() == {"redis": 2}
    assert SESSION not in caplog.text
    assert "ConnectionError" in caplog.text


def test_what_was_heard_ahead_knows_where_somebody_speaks(make_rig: MakeRig, redis_client: redis.Redis) -> None:
    rig, pcm = make_rig(), spoken()
    looked = UtteranceJob(session=SESSION, start=START, end=START + len(pcm) // 2)
    verdict = AnalyzeJob(**looked.model_dump(), text="Yes.", spoken_language="en", sentiment_text="Yes.")
    Heard(verdict=verdict, speech=[(START + 1_000, START + 9_000)]).keep(redis_client)
    rig.transcriber.handle(pcm, header(pcm))
    [(audio, job)] = rig.asked
    assert (audio, job.text, job.speech) == (pcm, "Yes.", [(START + 1_000, START + 9_000)])
    assert rig.handed_on[0].speakers
    assert not redis_client.exists(heard_key(SESSION, START))


def test_a_channel_goes_with_the_text(make_rig: MakeRig) -> None:
    rig, pcm = make_rig(), spoken()
    rig.transcriber.handle(pcm, header(pcm, channel=2))
    assert rig.handed_on[0].channel == 2


def test_stretches_are_bounded_by_leaving_out_the_shortest_pauses() -> None:
    assert spans_of_stream(((0, 10), (20, 30)), 100) == [(100, 110), (120, 130)]
    stretches = [(begin, begin + 512 - (100 if begin % 1024 else 0)) for begin in range(0, 512 * 2 * MAX_SPANS, 512)]
    found = spans_of_stream(tuple(stretches), 7)
    assert 1 <= len(found) <= MAX_SPANS
    assert (found[0][0], found[-1][1]) == (7, 7 + stretches[-1][1])
    assert found == sorted(found)
    kept = [(begin - 7, end - 7) for begin, end in found]
    assert all(any(first <= begin and end <= last for first, last in kept) for begin, end in stretches)


def test_the_question_holds_what_the_text_does() -> None:
    word = Word(word="Yes.", start_sec=5.0, end_sec=5.5)
    job = AnalyzeJob(
        session=SESSION, start=START, end=START + RATE, text="Yes.", spoken_language="en", words=[word], live=False
    )
    asked = speaker_job(job, [(START, START + 100)])
    assert (asked.text, asked.words, asked.live, asked.speech) == ("Yes.", [word], False, [(START, START + 100)])
