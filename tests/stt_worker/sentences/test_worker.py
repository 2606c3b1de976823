"""Looks at sentences at the worker: what is answered and kept, what a final does with it, what goes before what."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import redis

from contract.events import PartialEvent
from contract.jobs import AnalyzeJob, UtteranceJob
from contract.keys import SENTENCES, heard_key, partial_audio_key
from contract.queues import RESULT_MESSAGES, STT_QUEUE
from contract.speech.sentences import SentenceRequest
from harness.processes import wait_until
from stt_worker.engine.protocol import NO_DRAFT, Draft, SpeechEngine, Transcript, Utterance
from stt_worker.partials.model_lock import PriorityModelLock, WorkAbortedError
from stt_worker.sentences.looks import Looks
from stt_worker.sentences.worker import SentenceWorker
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.recognition import Recognition
from stt_worker.utterances.speech_check import SpeechCheck
from stt_worker.utterances.task import Transcriber
from tests.stt_worker.conftest import Say

SESSION = "s" * 32
START = 16_000
WAIT_SEC = 20.0


class Engine:
    """Says `heard`; while `held` is not set it goes on until it is interrupted."""

    name = "fake"
    demo = False
    can_translate = True

    def __init__(self) -> None:
        self.heard = Transcript("I am done.", "en", -0.2, 0.01, sentence_end=0.9)
        self.calls = 0
        self.busy = threading.Event()
        self.held = threading.Event()
        self.held.set()

    def warm_up(self) -> None: ...

    def transcribe(
        self, utterance: Utterance, draft: Sequence[int] = (), interrupt: Callable[[], None] | None = None
    ) -> Transcript:
        self.calls += 1
        self.busy.set()
        deadline = time.monotonic() + WAIT_SEC
        while not self.held.is_set():
            assert time.monotonic() < deadline, "nobody interrupts"
            if interrupt is not None:
                interrupt()
            self.held.wait(0.01)
        return self.heard

    def transcribe_all(self, utterances: Sequence[Utterance]) -> list[Transcript]:
        return [self.transcribe(one) for one in utterances]

    def partial(self, utterance: Utterance, interrupt: Callable[[], None], before: Draft = NO_DRAFT) -> Transcript:
        raise AssertionError("a look is no partial")

    def recover(self) -> None: ...


class Rig:
    """A SentenceWorker and a Transcriber of the same process, and what they publish."""

    def __init__(self, client: redis.Redis, check: SpeechCheck) -> None:
        settings = SttSettings(stt_redis_patience_sec=0)
        self.client = client
        self.engine = Engine()
        engine: SpeechEngine = self.engine
        self.turns, looks = PriorityModelLock(), Looks()
        recognition = Recognition(settings, check, engine, DraftCache())
        self.worker = SentenceWorker(client, self.turns, engine, recognition, lambda: None, looks=looks)
        self.handed_on: list[AnalyzeJob] = []
        self.transcriber = Transcriber(
            settings, client, check, engine, self.handed_on.append, models=self.turns.final, looks=looks
        )
        self.published = client.pubsub(ignore_subscribe_messages=True)
        self.published.subscribe(RESULT_MESSAGES)
        self.published.get_message(timeout=5)

    def ask(self, pcm: bytes, samples: int | None = None, begin_in_ms: int = 20_000) -> SentenceRequest:
        """Put down audio and the question whether a sentence ends with its first `samples`, or all of it."""
        sec, us = self.client.time()
        now_ms = sec * 1000 + us / 1000
        end = START + (len(pcm) // 2 if samples is None else samples)
        request = SentenceRequest(
            session=SESSION, start=START, end=end, begin_by_ms=now_ms + begin_in_ms, answer_by_ms=now_ms + 600_000
        )
        self.client.set(partial_audio_key(SESSION, START), pcm)
        self.client.lpush(SENTENCES, request.model_dump_json())
        return request

    def answer(self) -> PartialEvent:
        message = self.published.get_message(timeout=WAIT_SEC)
        assert message is not None, "no answer"
        return PartialEvent.model_validate_json(message["data"])

    def serve(self) -> PartialEvent:
        assert self.worker.take_one(1)
        return self.answer()

    def final(self, pcm: bytes, **fields: bool) -> None:
        """The task of an utterance that is `pcm`."""
        job = UtteranceJob(session=SESSION, start=START, end=START + len(pcm) // 2, **fields)
        self.transcriber.handle(pcm, job.model_dump(mode="json"))


@pytest.fixture(scope="module")
def check() -> SpeechCheck:
    return SpeechCheck(SttSettings())


@pytest.fixture
def rig(redis_client: redis.Redis, check: SpeechCheck) -> Iterator[Rig]:
    made = Rig(redis_client, check)
    yield made
    made.engine.held.set()
    made.worker.stop()
    made.published.close()


@pytest.fixture(scope="module")
def speech(say: Say) -> bytes:
    return say("I love this movie.")


def test_a_sentence_that_has_ended_is_heard_once(rig: Rig, speech: bytes) -> None:
    request = rig.ask(speech)
    event = rig.serve()
    assert (event.asked, event.partial.text, event.ending) == (request.end, "I am done.", "sentence")
    rig.final(speech, cut_at_start=True)
    (job,) = rig.handed_on
    assert (job.text, job.start, job.end) == ("I am done.", START, request.end)
    assert (job.cut_at_start, job.cut_at_end) == (True, False), "the look did not know"
    assert {"queue", "speech"} <= set(job.timings_ms)
    assert rig.engine.calls == 1, "the final is what the look has found"
    assert rig.client.exists(heard_key(SESSION, START)) == 0


def test_where_more_was_said_all_is_heard_again(rig: Rig, speech: bytes) -> None:
    rig.ask(speech + bytes(3200), samples=len(speech) // 2)
    rig.engine.heard = replace(rig.engine.heard, text="And so", sentence_end=0.01)
    assert rig.serve().ending == "open"
    rig.engine.heard = replace(rig.engine.heard, text="And so it goes.")
    rig.final(speech + bytes(3200))
    assert [job.text for job in rig.handed_on] == ["And so it goes."]
    assert rig.engine.calls == 2


def test_silence_ends_an_utterance(rig: Rig) -> None:
    rig.ask(bytes(48_000))
    event = rig.serve()
    assert (event.partial.text, event.ending) == ("", "silence")
    assert rig.engine.calls == 0


@pytest.mark.parametrize(("hinders", "fields"), [("late", {"begin_in_ms": -1}), ("short", {"samples": 10**6})])
def test_what_cannot_be_looked_at_has_no_ending(rig: Rig, speech: bytes, hinders: str, fields: dict[str, Any]) -> None:
    rig.ask(speech, **fields)
    event = rig.serve()
    assert (event.partial.text, event.ending) == ("", None), hinders


def test_with_a_backlog_nobody_looks(rig: Rig, speech: bytes) -> None:
    rig.client.lpush(STT_QUEUE, "a final")
    rig.ask(speech)
    assert rig.serve().ending is None
    assert rig.engine.calls == 0


def test_a_final_waits_for_the_look_at_its_own_audio(rig: Rig, speech: bytes) -> None:
    rig.engine.held.clear()
    rig.worker.start()
    rig.ask(speech)
    assert rig.engine.busy.wait(WAIT_SEC)
    final = threading.Thread(target=rig.final, args=(speech,))
    final.start()
    rig.engine.held.set()
    final.join(WAIT_SEC)
    assert [job.text for job in rig.handed_on] == ["I am done."]
    assert rig.engine.calls == 1
    assert rig.answer().ending == "sentence"


def test_the_final_of_another_ends_a_look(rig: Rig, speech: bytes) -> None:
    rig.engine.held.clear()
    rig.worker.start()
    rig.ask(speech)
    assert rig.engine.busy.wait(WAIT_SEC)
    with rig.turns.final():
        assert rig.answer().ending is None
    assert rig.client.exists(heard_key(SESSION, START)) == 0


def test_a_look_ends_a_partial_and_waits_for_no_more_than_its_step() -> None:
    turns = PriorityModelLock()
    in_partial, seen = threading.Event(), threading.Event()
    endings: list[Exception] = []

    def partial() -> None:
        try:
            with turns.partial(WAIT_SEC):
                in_partial.set()
                while not seen.wait(0.01):
                    turns.interrupt()
        except WorkAbortedError as aborted:
            endings.append(aborted)

    thread = threading.Thread(target=partial)
    thread.start()
    assert in_partial.wait(WAIT_SEC)
    with turns.sentence(WAIT_SEC):
        turns.interrupt()
        assert not turns.wait_until_idle(0)
        with pytest.raises(WorkAbortedError), turns.partial(1):
            raise AssertionError("a partial has begun")
    thread.join(WAIT_SEC)
    seen.set()
    assert [str(one) for one in endings] == ["a sentence is waiting"]
    wait_until(lambda: turns.wait_until_idle(0), WAIT_SEC, "all is free again")
    with turns.final(), pytest.raises(WorkAbortedError), turns.sentence(1):
        raise AssertionError("a look has begun")
