"""Requests for partials at the worker: what is answered, dropped, given up and survived."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis

from contract.audio import SAMPLE_RATE_HZ
from contract.keys import PARTIALS, done_key
from contract.queues import STT_QUEUE
from contract.speech.partials import REQUESTS_MAX
from harness.processes import free_port, start_redis, wait_until
from runtime.redis_client import worker_redis
from stt_worker.engine.protocol import Transcript, WordTime
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import SpeechCheck
from tests.stt_worker.conftest import Say
from tests.stt_worker.partials.partial_rig import SESSION, START, TEXT, WAIT_SEC, Rig

MakeRig = Callable[..., Rig]


@pytest.fixture(scope="module")
def check() -> SpeechCheck:
    return SpeechCheck(SttSettings())


@pytest.fixture
def make_rig(redis_client: redis.Redis, check: SpeechCheck) -> Iterator[MakeRig]:
    made: list[Rig] = []

    def make(**settings: Any) -> Rig:
        made.append(Rig(redis_client, SttSettings(**settings), check))
        return made[-1]

    yield make
    for rig in made:
        rig.worker.stop()
        rig.published.close()


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    return make_rig()


@pytest.fixture(scope="module")
def speech(say: Say) -> bytes:
    return say("I love this movie.")


def test_what_was_said_so_far_is_published(rig: Rig, speech: bytes) -> None:
    rig.ask(speech, language="de")
    assert rig.serve() == TEXT
    assert [language for _, language in rig.engine.calls] == ["de"]
    assert rig.client.exists(PARTIALS) == 0
    assert not rig.worker.take_one(1)


def test_all_the_audio_that_is_there_by_now_is_heard(make_rig: MakeRig, speech: bytes) -> None:
    rig = make_rig(vad_trim=False, stt_language="ko")
    rig.ask(speech + b"\0")
    rig.serve()
    assert rig.engine.calls == [(len(speech) // 2, "ko")]


def test_the_next_one_goes_on_from_what_is_known_of_its_sound(rig: Rig, speech: bytes) -> None:
    """Of audio that begins at the same sample: what comes before a speaker is cut off."""
    rig.engine.heard = replace(rig.engine.heard, encoded="its sound")
    for pcm in (speech, speech + speech, bytes(SAMPLE_RATE_HZ) + speech):
        rig.ask(pcm)
        rig.serve()
    assert rig.engine.before == [None, "its sound", None]


def test_where_somebody_last_spoke_is_told(rig: Rig, speech: bytes) -> None:
    noise = np.random.default_rng(4).normal(0, 300, 16_000).astype("<i2").tobytes()  # a second
    rig.ask(speech + noise)
    found = rig.serve_event().speech_end
    spoken = START + len(speech) // 2
    assert found is not None
    assert spoken - 16_000 < found <= spoken


def test_where_a_sentence_ends_inside_is_told_where_that_is_asked(make_rig: MakeRig, speech: bytes) -> None:
    rig = make_rig(vad_trim=False)
    text, quiet = "I went home. And then we ate", bytes(6400)
    words = tuple(WordTime(word, 0.1 * at, 0.1 * at + 0.1) for at, word in enumerate(text.split()))
    rig.engine.heard = Transcript(text, "en", -0.2, 0.01, words=words)
    pcm = speech[:9600] + quiet + speech[9600:]  # the third word ends at 0.3 s
    rig.ask(pcm, find_end=True)
    found = rig.serve_event().sentence_end
    assert found is not None
    assert text[: found.chars] == "I went home."
    assert START + 4800 <= found.position <= START + 4800 + 3200
    rig.engine.heard = replace(rig.engine.heard, words=())
    rig.ask(pcm)
    assert rig.serve_event().sentence_end is None
    assert rig.engine.timed == [True, False]


def test_no_more_audio_is_heard_than_the_model_takes(make_rig: MakeRig, speech: bytes) -> None:
    rig = make_rig(vad_trim=False)
    rig.ask(speech * 30)
    rig.serve()
    assert rig.engine.calls == [(480_000, None)]


def test_a_late_request_is_dropped_unprocessed(rig: Rig, speech: bytes) -> None:
    rig.ask(speech, begin_in_ms=-1)
    assert rig.serve() == ""
    assert rig.engine.calls == []


def test_with_a_backlog_it_is_dropped_unprocessed(rig: Rig, speech: bytes) -> None:
    rig.client.lpush(STT_QUEUE, "a final")
    rig.ask(speech)
    assert rig.serve() == ""
    assert rig.engine.calls == []
    assert rig.client.llen(STT_QUEUE) == 1


def test_an_utterance_that_was_cut_or_has_ended_has_no_partial(rig: Rig, speech: bytes) -> None:
    rig.ask(None)
    assert rig.serve() == ""
    rig.client.set(done_key(SESSION, START), 1)
    rig.ask(speech)
    assert rig.serve() == ""
    assert rig.engine.calls == []


@pytest.mark.parametrize("pcm", [b"", b"\0", bytes(48_000)])
def test_silence_has_no_partial(rig: Rig, pcm: bytes) -> None:
    rig.ask(pcm)
    assert rig.serve() == ""
    assert rig.engine.calls == []


def test_a_doubtful_text_is_not_shown(rig: Rig, speech: bytes) -> None:
    rig.engine.heard = replace(rig.engine.heard, avg_logprob=-2.0)
    rig.ask(speech)
    assert rig.serve() == ""
    rig.engine.heard = Transcript("Thank you. " * 6, "en", -0.2, 0.01)
    rig.ask(speech)
    assert rig.serve() == "Thank you.", "loops are cut as in a final"


@pytest.mark.parametrize("failure", [RuntimeError("model broke"), MemoryError("no memory")])
def test_a_model_that_fails_is_put_right(rig: Rig, speech: bytes, failure: Exception) -> None:
    rig.engine.failures = [failure]
    rig.ask(speech)
    assert rig.serve() == ""
    assert rig.engine.recovered == 1
    rig.ask(speech)
    assert rig.serve() == TEXT


@pytest.mark.parametrize(
    "junk", [b"", b"[]", b"\xff", b'{"session": "sneaky-session-0123456789", "start": 9, "end": 5}']
)
def test_an_unusable_request_is_logged_and_dropped(
    rig: Rig, speech: bytes, junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    rig.client.lpush(PARTIALS, junk)
    assert rig.worker.take_one(1)
    assert "unusable request" in caplog.text
    assert "sneaky" not in caplog.text
    rig.ask(speech)
    assert rig.serve() == TEXT


def test_neither_text_nor_session_is_logged(rig: Rig, speech: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        rig.engine.failures = [RuntimeError("model broke")]
        for _ in range(2):
            rig.ask(speech)
            rig.serve()
    assert "a partial of" in caplog.text
    assert "secret" not in caplog.text
    assert SESSION not in caplog.text


def test_one_that_takes_too_long_is_given_up(rig: Rig, speech: bytes, caplog: pytest.LogCaptureFixture) -> None:
    rig.engine.endless = True
    rig.ask(speech, answer_in_ms=800)
    with caplog.at_level(logging.DEBUG):
        assert rig.serve() == ""
    assert "it took too long" in caplog.text
    assert rig.engine.recovered == 0


def test_a_final_in_hand_leaves_the_request_to_others(rig: Rig, speech: bytes) -> None:
    rig.client.lpush(PARTIALS, *[b"newer"] * (REQUESTS_MAX - 1))
    rig.ask(speech)
    rig.client.lmove(PARTIALS, PARTIALS, "LEFT", "RIGHT")  # the oldest is the one that can be answered
    with rig.turns.final():
        assert rig.worker.take_one(1)
        assert rig.client.llen(PARTIALS) == REQUESTS_MAX
        assert rig.client.ttl(PARTIALS) > 0
    assert rig.serve() == TEXT


def test_a_final_gets_the_models_from_a_partial_that_never_ends(
    rig: Rig, speech: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rig.engine.endless = True
    rig.worker.start()
    for final in range(1, 4):
        rig.ask(speech, answer_in_ms=60_000)
        assert rig.engine.busy.wait(WAIT_SEC)
        with rig.turns.final():  # would wait for ever for the partial's end
            assert rig.answer().partial.text == "", "what it had is not shown"
            rig.ask(speech)
            assert len(rig.engine.calls) == final, "none begins while the final is worked on"
            rig.client.delete(PARTIALS)
            rig.engine.busy.clear()
    assert caplog.text.count("a final is waiting") == 3, "that is what ended them"
    rig.engine.endless = False
    rig.ask(speech)
    assert rig.answer().partial.text == TEXT


def test_a_stop_ends_the_partial_under_way(rig: Rig, speech: bytes) -> None:
    rig.engine.endless = True
    rig.worker.start()
    rig.ask(speech)
    assert rig.engine.busy.wait(WAIT_SEC)
    rig.worker.stop()
    assert not rig.worker._thread.is_alive()


def test_it_goes_on_after_redis_was_lost(
    check: SpeechCheck, speech: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    settings = SttSettings(redis_host="127.0.0.1", redis_port=port)
    with start_redis(port, tmp_path) as server:
        rig = Rig(worker_redis(settings), settings, check)
        rig.worker.start()
        rig.ask(speech)
        assert rig.answer().partial.text == TEXT
        server.kill()
        wait_until(lambda: "no partials for" in caplog.text, WAIT_SEC, "the loss is told")
        server.start()
        rig.published.close()
        with redis.Redis(port=port) as client:
            wait_until(lambda: _answers(client), WAIT_SEC, "Redis is back")
            again = Rig(client, settings, check)  # its worker is not started: the first one answers
            again.ask(speech)
            assert again.answer().partial.text == TEXT
            again.published.close()
        rig.worker.stop()
        assert again.engine.calls == []


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
