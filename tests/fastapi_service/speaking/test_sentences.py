"""Pauses seen from outside: what is in Redis for the workers, where utterances end, and that no sample is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
import redis
from pydantic import ValidationError

from contract.keys import SENTENCES, partial_audio_key
from contract.queues import STT_QUEUE
from contract.speech.partials import AUDIO_TTL_SEC, REQUESTS_TTL_SEC
from contract.speech.sentences import REQUESTS_MAX
from fastapi_service.settings import GatewaySettings
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support import partial_requests
from tests.support.fake_pipeline import FakePipeline
from tests.support.metrics import scrape
from tests.support.raw_client import RawClient
from tests.support.sentence_requests import answer, take, waiting

Start = Callable[..., GatewayProcess]
FRAME_BYTES = 3200  # 100 ms
SPEECH = np.random.default_rng(11).normal(0, 3000, 16_000 * 14).astype("<i2").tobytes()


class Speaker(RawClient):
    """A client that says SPEECH from sample `said` on, and marks pauses."""

    def __init__(self, gateway: GatewayProcess, session: str | None = None, query: str = "sentences=1") -> None:
        super().__init__(gateway.ws_url, session, query)
        self.greeting = self.expect("session")
        self.session: str = self.greeting["session"]
        self.said: int = self.greeting["position"]

    def say(self, seconds: float) -> None:
        """Say this much more."""
        for _ in range(round(seconds * 10)):
            self.send(SPEECH[2 * self.said : 2 * self.said + FRAME_BYTES])
            self.said += FRAME_BYTES // 2

    def pause(self) -> None:
        """Send an empty frame."""
        self.send(b"")

    def end(self) -> None:
        """End the utterance."""
        self.pause()
        self.pause()

    def accepted(self) -> tuple[int, int]:
        """Start and end of the next utterance that is accepted."""
        message = self.expect("accepted")
        return message["start"], message["position"]


def test_a_pause_is_asked_about(gateway: GatewayProcess, redis_client: redis.Redis, pipeline: FakePipeline) -> None:
    with Speaker(gateway, query="sentences=1&language=de&hints=Ada&words=1") as client:
        assert client.greeting["limits"]["sentence_wait_sec"] == 1.2
        client.say(0.5)
        client.pause()
        wait_until(lambda: bool(waiting(redis_client)), 10, "it is asked")
        assert 0 < redis_client.ttl(SENTENCES) <= REQUESTS_TTL_SEC
        asked = take(redis_client)
        assert (asked.session, asked.start, asked.end) == (client.session, 0, 8_000)
        assert (asked.language, asked.language_assumed, asked.hints, asked.word_times) == ("de", False, "Ada", True)
        assert asked.answer_by_ms - asked.begin_by_ms == 8500
        assert client.accepted() == (0, 8_000), "nobody has answered"


def test_the_audio_is_shared_with_partials(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    with Speaker(gateway) as client:
        key = partial_audio_key(client.session, 0)
        client.say(1)
        partial_requests.take(redis_client)
        assert redis_client.get(key) == SPEECH[:32_000]
        redis_client.setrange(key, 0, b"marked")
        client.say(0.5)
        client.pause()
        client.say(0.5)  # so that it is not cut
        assert take(redis_client).end == 24_000
        assert cast(bytes, redis_client.get(key)).startswith(b"marked" + SPEECH[6:48_000])
        assert 0 < redis_client.ttl(key) <= AUDIO_TTL_SEC


def test_a_sentence_ends_at_its_pause_and_the_rest_is_the_next_utterance(
    start_gateway: Start, redis_client: redis.Redis, pipeline: FakePipeline
) -> None:
    gateway = start_gateway()
    with Speaker(gateway) as client:
        client.say(1)
        client.pause()
        client.say(1)
        asked = take(redis_client)
        answer(redis_client, asked, "sentence", "I love it.")
        assert client.accepted() == (0, 16_000)
        assert redis_client.exists(partial_audio_key(client.session, 0)) == 0
        client.say(0.5)
        client.end()
        assert client.accepted() == (16_000, 40_000)
        wait_until(lambda: len(pipeline.seen) == 2, 10, "both arrived")
    assert b"".join(pcm for _, pcm in pipeline.seen) == SPEECH[:80_000]
    assert (asked.language, asked.hints) == (pipeline.seen[0][0].language, pipeline.seen[0][0].hints)
    found = scrape(gateway.url)
    assert found.value("wta_gateway_cuts_total", reason="sentence") == 1
    assert found.value("wta_gateway_cuts_total", reason="idle") == 0


def test_an_open_sentence_goes_on_and_its_text_is_shown(
    gateway: GatewayProcess, redis_client: redis.Redis, pipeline: FakePipeline
) -> None:
    with Speaker(gateway) as client:
        client.say(1)
        client.pause()
        client.say(0.1)
        answer(redis_client, take(redis_client), "open", "I love")
        assert client.expect("partial")["text"] == "I love"
        client.say(0.9)
        client.end()
        assert client.accepted() == (0, 32_000)
        assert client.expect("result")["text"] == "32000 samples"


def test_half_a_second_ends_it_when_nobody_answers(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    with Speaker(gateway) as client:
        client.say(0.5)
        client.pause()
        result = client.expect("result")
    assert result["text"] == "8000 samples"
    assert result["timings_ms"]["endpoint"] >= 290


@pytest.mark.parametrize(("key", "entries"), [(STT_QUEUE, 1), (SENTENCES, REQUESTS_MAX)])
def test_nobody_is_asked_where_there_is_no_time_to_look(
    gateway: GatewayProcess, redis_client: redis.Redis, key: str, entries: int
) -> None:
    redis_client.lpush(key, *["of somebody"] * entries)
    with Speaker(gateway) as client:
        client.say(0.5)
        client.pause()
        assert client.accepted() == (0, 8_000)
        assert redis_client.exists(partial_audio_key(client.session, 0)) == 0
        assert redis_client.llen(SENTENCES) == (entries if key == SENTENCES else 0)


def test_nothing_is_lost_when_the_connection_is_while_a_pause_is_waited_for(
    start_gateway: Start, redis_client: redis.Redis, pipeline: FakePipeline
) -> None:
    gateway = start_gateway(SENTENCE_WAIT_SEC="5", IDLE_CUT_SEC="20")
    client = Speaker(gateway)
    client.say(1)
    client.pause()
    asked = take(redis_client)
    client.vanish()
    answer(redis_client, asked, "open")
    with Speaker(gateway, client.session, "sentences=1&from=0") as again:
        assert again.said in (0, 16_000), "it was cut, or it was not: that depends on who was faster"
        position = again.said
        if position == 0:
            again.say(1)
            again.pause()
        again.say(1)
        again.end()
        while position < 32_000:
            start, end = again.accepted()
            assert start == position
            position = end
        wait_until(lambda: sum(len(pcm) for _, pcm in pipeline.seen) == 64_000, 10, "all has arrived")
    assert b"".join(pcm for _, pcm in sorted(pipeline.seen, key=lambda seen: seen[0].start)) == SPEECH[:64_000]


def test_a_killed_gateway_loses_no_open_utterance(
    start_gateway: Start, redis_client: redis.Redis, pipeline: FakePipeline
) -> None:
    gateway = start_gateway()
    client = Speaker(gateway)
    client.say(1)
    client.pause()
    client.say(1)
    take(redis_client)
    gateway.service.kill()
    gateway.start()
    with Speaker(gateway, client.session, "sentences=1&from=0") as again:
        assert again.said == 0
        again.say(1)
        again.pause()
        again.say(1)
        answer(redis_client, take(redis_client), "sentence")
        assert again.accepted() == (0, 16_000)
        again.end()
        assert again.accepted() == (16_000, 32_000)
        wait_until(lambda: len(pipeline.seen) == 2, 10, "both arrived")


@pytest.mark.parametrize("query", ["", "sentences=0"])
def test_a_client_that_marks_no_pauses(gateway: GatewayProcess, redis_client: redis.Redis, query: str) -> None:
    with Speaker(gateway, query=query) as client:
        client.say(0.5)
        client.pause()
        client.say(0.5)
        client.pause()
        assert [client.accepted(), client.accepted()] == [(0, 8_000), (8_000, 16_000)]
        assert redis_client.exists(SENTENCES) == 0


@pytest.mark.parametrize("settings", [{"SENTENCE_WAIT_SEC": "0"}, {"PARTIALS_ENABLED": "false"}])
def test_a_service_that_looks_for_no_sentences(
    start_gateway: Start, redis_client: redis.Redis, settings: dict[str, str]
) -> None:
    with Speaker(start_gateway(**settings)) as client:
        assert client.greeting["limits"]["sentence_wait_sec"] == 0
        client.say(0.5)
        client.pause()
        client.say(0.5)
        client.pause()
        assert [client.accepted(), client.accepted()] == [(0, 8_000), (8_000, 16_000)]
        assert redis_client.exists(SENTENCES) == 0


def test_a_wait_that_is_no_shorter_than_the_idle_cut_is_refused_in_words() -> None:
    for wait_sec in (1.0, 1.5):
        with pytest.raises(ValidationError, match=r"SENTENCE_WAIT_SEC \(1(\.5)?\) must be shorter than IDLE_CUT_SEC"):
            GatewaySettings(sentence_wait_sec=wait_sec, idle_cut_sec=1.0)
    assert GatewaySettings(sentence_wait_sec=0, idle_cut_sec=0.2).sentence_wait_sec == 0
    assert GatewaySettings(partials_enabled=False, idle_cut_sec=0.2).sentence_wait_sec == 0
