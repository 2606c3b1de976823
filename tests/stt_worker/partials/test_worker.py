"""Requests for partials at the worker: what is answered, dropped, given up and survived."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis

from contract.keys import PARTIALS, done_key
from contract.partials import REQUESTS_MAX
from contract.queues import STT_QUEUE
from harness.processes import free_port, start_redis, wait_until
from runtime.redis_retry import worker_redis
from stt_worker.engine.protocol import Transcript
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import SpeechCheck
from tests.stt_worker.conftest import Say
from tests.stt_worker.partials.partial_bench import SESSION, START, TEXT, WAIT_SEC, Bench

MakeBench = Callable[..., Bench]


@pytest.fixture(scope="module")
def check() -> SpeechCheck:
    return SpeechCheck(SttSettings())


@pytest.fixture
def make_bench(redis_client: redis.Redis, check: SpeechCheck) -> Iterator[MakeBench]:
    made: list[Bench] = []

    def make(**settings: Any) -> Bench:
        made.append(Bench(redis_client, SttSettings(**settings), check))
        return made[-1]

    yield make
    for bench in made:
        bench.worker.stop()
        bench.published.close()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench()


@pytest.fixture(scope="module")
def speech(say: Say) -> bytes:
    return say("I love this movie.")


def test_what_was_said_so_far_is_published(bench: Bench, speech: bytes) -> None:
    bench.ask(speech, language="de")
    assert bench.serve() == TEXT
    assert [language for _, language in bench.engine.calls] == ["de"]
    assert bench.client.exists(PARTIALS) == 0
    assert not bench.worker.take_one(1)


def test_all_the_audio_that_is_there_by_now_is_heard(make_bench: MakeBench, speech: bytes) -> None:
    bench = make_bench(vad_trim=False, stt_language="ko")
    bench.ask(speech + b"\0")
    bench.serve()
    assert bench.engine.calls == [(len(speech) // 2, "ko")]


def test_no_more_audio_is_heard_than_the_model_takes(make_bench: MakeBench, speech: bytes) -> None:
    bench = make_bench(vad_trim=False)
    bench.ask(speech * 30)
    bench.serve()
    assert bench.engine.calls == [(480_000, None)]


def test_a_late_request_is_dropped_unprocessed(bench: Bench, speech: bytes) -> None:
    bench.ask(speech, begin_in_ms=-1)
    assert bench.serve() == ""
    assert bench.engine.calls == []


def test_with_a_backlog_it_is_dropped_unprocessed(bench: Bench, speech: bytes) -> None:
    bench.client.lpush(STT_QUEUE, "a final")
    bench.ask(speech)
    assert bench.serve() == ""
    assert bench.engine.calls == []
    assert bench.client.llen(STT_QUEUE) == 1


def test_an_utterance_that_was_cut_or_has_ended_has_no_partial(bench: Bench, speech: bytes) -> None:
    bench.ask(None)
    assert bench.serve() == ""
    bench.client.set(done_key(SESSION, START), 1)
    bench.ask(speech)
    assert bench.serve() == ""
    assert bench.engine.calls == []


@pytest.mark.parametrize("pcm", [b"", b"\0", bytes(48_000)])
def test_silence_has_no_partial(bench: Bench, pcm: bytes) -> None:
    bench.ask(pcm)
    assert bench.serve() == ""
    assert bench.engine.calls == []


def test_a_doubtful_text_is_not_shown(bench: Bench, speech: bytes) -> None:
    bench.engine.heard = replace(bench.engine.heard, avg_logprob=-2.0)
    bench.ask(speech)
    assert bench.serve() == ""
    bench.engine.heard = Transcript("Thank you. " * 6, "en", -0.2, 0.01)
    bench.ask(speech)
    assert bench.serve() == "Thank you.", "loops are cut as in a final"


@pytest.mark.parametrize("failure", [RuntimeError("model broke"), MemoryError("no memory")])
def test_a_model_that_fails_is_put_right(bench: Bench, speech: bytes, failure: Exception) -> None:
    bench.engine.failures = [failure]
    bench.ask(speech)
    assert bench.serve() == ""
    assert bench.engine.recovered == 1
    bench.ask(speech)
    assert bench.serve() == TEXT


@pytest.mark.parametrize(
    "junk", [b"", b"[]", b"\xff", b'{"session": "sneaky-session-0123456789", "start": 9, "end": 5}']
)
def test_an_unusable_request_is_logged_and_dropped(
    bench: Bench, speech: bytes, junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    bench.client.lpush(PARTIALS, junk)
    assert bench.worker.take_one(1)
    assert "unusable request" in caplog.text
    assert "sneaky" not in caplog.text
    bench.ask(speech)
    assert bench.serve() == TEXT


def test_neither_text_nor_session_is_logged(bench: Bench, speech: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        bench.engine.failures = [RuntimeError("model broke")]
        for _ in range(2):
            bench.ask(speech)
            bench.serve()
    assert "a partial of" in caplog.text
    assert "secret" not in caplog.text
    assert SESSION not in caplog.text


def test_one_that_takes_too_long_is_given_up(bench: Bench, speech: bytes, caplog: pytest.LogCaptureFixture) -> None:
    bench.engine.endless = True
    bench.ask(speech, answer_in_ms=800)
    with caplog.at_level(logging.DEBUG):
        assert bench.serve() == ""
    assert "it took too long" in caplog.text
    assert bench.engine.recovered == 0


def test_a_final_in_hand_leaves_the_request_to_others(bench: Bench, speech: bytes) -> None:
    bench.client.lpush(PARTIALS, *[b"newer"] * (REQUESTS_MAX - 1))
    bench.ask(speech)
    bench.client.lmove(PARTIALS, PARTIALS, "LEFT", "RIGHT")  # the oldest is the one that can be answered
    with bench.turns.final():
        assert bench.worker.take_one(1)
        assert bench.client.llen(PARTIALS) == REQUESTS_MAX
        assert bench.client.ttl(PARTIALS) > 0
    assert bench.serve() == TEXT


def test_a_final_gets_the_models_from_a_partial_that_never_ends(
    bench: Bench, speech: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bench.engine.endless = True
    bench.worker.start()
    for final in range(1, 4):
        bench.ask(speech, answer_in_ms=60_000)
        assert bench.engine.busy.wait(WAIT_SEC)
        with bench.turns.final():  # would wait for ever for the partial's end
            assert bench.answer().partial.text == "", "what it had is not shown"
            bench.ask(speech)
            assert len(bench.engine.calls) == final, "none begins while the final is worked on"
            bench.client.delete(PARTIALS)
            bench.engine.busy.clear()
    assert caplog.text.count("a final is waiting") == 3, "that is what ended them"
    bench.engine.endless = False
    bench.ask(speech)
    assert bench.answer().partial.text == TEXT


def test_a_stop_ends_the_partial_under_way(bench: Bench, speech: bytes) -> None:
    bench.engine.endless = True
    bench.worker.start()
    bench.ask(speech)
    assert bench.engine.busy.wait(WAIT_SEC)
    bench.worker.stop()
    assert not bench.worker._thread.is_alive()


def test_it_goes_on_after_redis_was_lost(
    check: SpeechCheck, speech: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    settings = SttSettings(redis_host="127.0.0.1", redis_port=port)
    with start_redis(port, tmp_path) as server:
        bench = Bench(worker_redis(settings), settings, check)
        bench.worker.start()
        bench.ask(speech)
        assert bench.answer().partial.text == TEXT
        server.kill()
        wait_until(lambda: "no partials for" in caplog.text, WAIT_SEC, "the loss is told")
        server.start()
        bench.published.close()
        with redis.Redis(port=port) as client:
            wait_until(lambda: _answers(client), WAIT_SEC, "Redis is back")
            again = Bench(client, settings, check)  # its worker is not started: the first one answers
            again.ask(speech)
            assert again.answer().partial.text == TEXT
            again.published.close()
        bench.worker.stop()
        assert again.engine.calls == []


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
