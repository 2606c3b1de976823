"""Partials seen from the gateway: one at a time, none with a backlog or when off, to their own session alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import redis

from contract.ids import utterance_id
from contract.keys import PARTIALS, partial_audio_key, session_key
from contract.queues import RESULT_MESSAGES, STT_QUEUE
from contract.speech.partials import AUDIO_TTL_SEC, REQUESTS_MAX, REQUESTS_TTL_SEC, PartialRequest
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.fake_pipeline import FakePipeline
from tests.support.partial_requests import answer, take, waiting
from tests.support.raw_client import RawClient

Start = Callable[..., GatewayProcess]
FRAME_BYTES = 3200  # 100 ms
SPEECH = np.random.default_rng(8).normal(0, 3000, 16_000 * 14).astype("<i2").tobytes()


class Speaker(RawClient):
    """A client in the middle of one utterance, which is SPEECH from its beginning on."""

    def __init__(self, gateway: GatewayProcess, query: str = "") -> None:
        super().__init__(gateway.ws_url, query=query)
        self.session: str = self.expect("session")["session"]
        self.said = 0

    def say(self, seconds: float) -> None:
        """Say this much more."""
        for _ in range(round(seconds * 10)):
            self.send(SPEECH[self.said : self.said + FRAME_BYTES])
            self.said += FRAME_BYTES

    def end(self) -> None:
        """End the utterance."""
        self.send(b"")

    @property
    def audio_key(self) -> str:
        return partial_audio_key(self.session, 0)

    def texts(self) -> list[str]:
        """The partials that came so far."""
        return [message["text"] for message in self.messages if message["type"] == "partial"]


def wait_for_requests(client: redis.Redis, count: int) -> list[PartialRequest]:
    wait_until(lambda: len(waiting(client)) >= count, 10, f"{count} requests for partials")
    found = waiting(client)
    assert len(found) == count
    return found


def test_what_is_being_spoken_is_asked_about_and_the_answer_shown(
    gateway: GatewayProcess, redis_client: redis.Redis
) -> None:
    with Speaker(gateway, "language=de") as client:
        client.say(1)
        [request] = wait_for_requests(redis_client, 1)
        assert (request.session, request.start, request.end, request.language) == (client.session, 0, 16_000, "de")
        assert request.answer_by_ms - request.begin_by_ms == 8500
        assert redis_client.get(client.audio_key) == SPEECH[:32_000]
        assert 0 < redis_client.ttl(PARTIALS) <= REQUESTS_TTL_SEC
        assert 0 < redis_client.ttl(client.audio_key) <= AUDIO_TTL_SEC
        answer(redis_client, take(redis_client), "Ich liebe")
        assert client.expect("partial") == {
            "type": "partial",
            "utterance": utterance_id(client.session, 0),
            "text": "Ich liebe",
            "settled": 0,
            "channel": None,
        }


def test_only_the_new_audio_is_sent_each_time(start_gateway: Start, redis_client: redis.Redis) -> None:
    with Speaker(start_gateway(PARTIAL_EVERY_SEC="1")) as client:
        client.say(1)
        answer(redis_client, take(redis_client), "one")
        client.expect("partial")
        redis_client.setrange(client.audio_key, 0, b"marked")
        client.say(1)
        assert take(redis_client).end == 32_000
        assert redis_client.get(client.audio_key) == b"marked" + SPEECH[6:64_000]


def test_audio_that_redis_has_lost_is_sent_again(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    with Speaker(gateway) as client:
        client.say(1)
        answer(redis_client, take(redis_client), "one")
        client.expect("partial")
        redis_client.delete(client.audio_key)
        wait_until(lambda: _says_until_asked(client, redis_client), 10, "it is asked for again")
        assert redis_client.get(client.audio_key) == SPEECH[: waiting(redis_client)[0].end * 2]


def _says_until_asked(client: Speaker, redis_client: redis.Redis) -> bool:
    client.say(0.1)
    return bool(waiting(redis_client))


def test_at_most_one_is_outstanding_in_a_session(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    with Speaker(gateway) as one, Speaker(gateway) as other:
        one.say(5)
        wait_for_requests(redis_client, 1)
        other.say(2)  # its request comes after whatever the first session's five seconds could have brought
        first, second = wait_for_requests(redis_client, 2)
        assert (first.session, second.session) == (one.session, other.session)
        redis_client.delete(PARTIALS)
        answer(redis_client, first.model_copy(update={"end": first.end + 1}), "an answer to something else")
        answer(redis_client, second, "answered")
        other.expect("partial")
        one.say(1)
        other.say(1)
        assert wait_for_requests(redis_client, 1)[0].session == other.session
        answer(redis_client, first, "")
        answer(redis_client, take(redis_client), "again")
        other.expect("partial")
        one.say(1)
        assert wait_for_requests(redis_client, 1)[0].session == one.session, "an empty answer is an answer too"


def test_one_that_nobody_answers_is_given_up_in_time(start_gateway: Start, redis_client: redis.Redis) -> None:
    gateway = start_gateway(PARTIAL_ANSWER_SEC="2")
    with Speaker(gateway) as client:
        client.say(1)
        first = take(redis_client)
        assert first.answer_by_ms - first.begin_by_ms == 500
        wait_until(lambda: _says_until_asked(client, redis_client), 10, "another is asked for")
        assert take(redis_client).end >= 32_000


def test_none_is_asked_for_while_utterances_wait(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    redis_client.lpush(STT_QUEUE, "an utterance of somebody")
    with Speaker(gateway) as client, Speaker(gateway) as other:
        client.say(3)
        other.say(3)
        client.end()
        client.expect("accepted")
        assert redis_client.exists(PARTIALS, client.audio_key) == 0
        redis_client.delete(STT_QUEUE)
        other.say(1.5)
        [request] = wait_for_requests(redis_client, 1)
        assert request.end > 48_000
        assert redis_client.get(other.audio_key) == SPEECH[: request.end * 2]


def test_none_is_asked_for_while_many_are_asked_for(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    redis_client.lpush(PARTIALS, *[b"{}"] * REQUESTS_MAX)
    with Speaker(gateway) as client:
        client.say(3)
        client.end()
        client.expect("accepted")
        assert redis_client.llen(PARTIALS) == REQUESTS_MAX
        assert redis_client.exists(client.audio_key) == 0


def test_a_service_without_partials(start_gateway: Start, redis_client: redis.Redis, pipeline: FakePipeline) -> None:
    gateway = start_gateway(PARTIALS_ENABLED="false")
    with Speaker(gateway, "partials=1") as client:
        client.say(4)
        client.end()
        client.expect("result")
    assert redis_client.exists(PARTIALS) == 0


def test_a_client_without_partials(gateway: GatewayProcess, redis_client: redis.Redis, pipeline: FakePipeline) -> None:
    with Speaker(gateway, "partials=0") as without, Speaker(gateway, "partials=1") as with_them:
        without.say(4)
        without.end()
        without.expect("result")
        with_them.say(1)
        assert wait_for_requests(redis_client, 1)[0].session == with_them.session


@pytest.mark.parametrize("query", ["partials=", "partials=2", "partials=yes"])
def test_a_senseless_option_is_refused_in_words(gateway: GatewayProcess, query: str) -> None:
    with RawClient(gateway.ws_url, query=query) as client:
        assert "partials" in client.expect("error")["message"]
        assert client.close_code() == 1008


def test_the_end_deletes_the_audio_and_no_partial_comes_after_it(
    gateway: GatewayProcess, redis_client: redis.Redis, pipeline: FakePipeline
) -> None:
    with Speaker(gateway) as client:
        client.say(1)
        request = take(redis_client)
        client.end()
        client.expect("accepted")
        assert redis_client.exists(client.audio_key) == 0
        answer(redis_client, request, "too late")
        client.say(1)
        wait_until(lambda: _says_until_asked(client, redis_client), 10, "the late answer has made room for a request")
        following = take(redis_client)
        assert following.start == 16_000
        assert redis_client.get(partial_audio_key(client.session, 16_000)) == SPEECH[32_000 : following.end * 2]
        answer(redis_client, following, "in time")
        client.expect("partial")
        assert client.texts() == ["in time"]


def test_only_its_own_session_gets_a_partial(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    with Speaker(gateway) as one, Speaker(gateway) as other:
        one.say(1)
        ones = take(redis_client)
        other.say(1)
        others = take(redis_client)
        foreign = others.answer("of another's utterance").model_copy(update={"session": one.session})
        redis_client.publish(RESULT_MESSAGES, foreign.model_dump_json())
        too_long: dict[str, Any] = ones.answer("").model_dump()
        too_long["partial"]["text"] = "x" * 8001
        redis_client.publish(RESULT_MESSAGES, json.dumps(too_long))
        answer(redis_client, ones, "one's")
        answer(redis_client, others, "the other's")
        one.expect("partial")
        other.expect("partial")
        assert (one.texts(), other.texts()) == (["one's"], ["the other's"])


def test_speech_that_comes_again_is_not_asked_about(
    gateway: GatewayProcess, redis_client: redis.Redis, pipeline: FakePipeline
) -> None:
    with Speaker(gateway) as client:
        session = client.session
    redis_client.hset(session_key(session), mapping={"cut_start": 0, "cut_end": 64_000})
    with RawClient(gateway.ws_url, session, "from=0") as again:
        assert again.expect("session")["position"] == 0
        again.send(SPEECH[:64_000])
        again.send(SPEECH[64_000:128_000])
        again.expect("result")
        again.send(SPEECH[128_000:160_000])
        assert [request.start for request in wait_for_requests(redis_client, 1)] == [64_000]


def test_a_connection_that_was_taken_over_asks_no_more(start_gateway: Start, redis_client: redis.Redis) -> None:
    first, second = start_gateway(), start_gateway()
    with Speaker(first) as older, RawClient(second.ws_url, older.session) as newer:
        newer.expect("session")
        older.say(3)
        older.end()
        assert older.close_code() == 4001
        assert redis_client.exists(PARTIALS, older.audio_key) == 0


def test_a_full_redis_harms_only_the_partial(
    start_gateway: Start, redis_client: redis.Redis, pipeline: FakePipeline
) -> None:
    gateway = start_gateway()
    with RawClient(gateway.ws_url) as early:
        early.speak(SPEECH[:3200])  # so that everything is connected
    with Speaker(gateway) as client:
        redis_client.config_set("maxmemory", 1)
        try:
            client.say(2)
            wait_until(lambda: "no partial: " in gateway.service.tail(), 10, "it is told in the log")
        finally:
            redis_client.config_set("maxmemory", 0)
        client.end()
        assert client.expect("result")["text"] == "32000 samples"
