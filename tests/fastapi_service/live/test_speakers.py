"""Who speaks reaches the session's connection in order, once, also after a reconnect: real gateway, real Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from contract.keys import speaker_events_key, speakers_key
from contract.messages import Speaker
from contract.queues import RESULT_MESSAGES
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.fake_pipeline import FakePipeline
from tests.support.raw_client import RawClient
from tests.support.told_speakers import Teller, turn

SECOND = bytes(32_000)
ASKING = "speakers=1"


@pytest.fixture
def client(gateway: GatewayProcess, pipeline: FakePipeline) -> Iterator[RawClient]:
    """One that asks who speaks."""
    with RawClient(gateway.ws_url, None, ASKING) as opened:
        yield opened


def told(client: RawClient) -> list[dict[str, Any]]:
    return [message for message in client.messages if message["type"] in ("turns", "speakers")]


def teller(client: RawClient, redis_client: redis.Redis) -> Teller:
    return Teller(redis_client, client.expect("session")["session"])


def test_the_task_asks_who_speaks_where_the_client_does(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    for query in (ASKING, "", "speakers=0"):
        with RawClient(gateway.ws_url, None, query) as client:
            client.speak(SECOND)
    assert [job.speakers for job, _ in pipeline.seen] == [True, False, False]


def test_turns_and_speakers_come_with_their_revision(client: RawClient, redis_client: redis.Redis) -> None:
    who = teller(client, redis_client)
    result = client.speak(SECOND)
    assert (result["speaker"], result["turns"]) == (None, [])
    who.speakers(Speaker(speaker=1))
    who.turns(0, turn(1, 0.0, 0.4, 0, 6), turn(None, 0.4, 1.0, 6, 13))
    assert client.expect("speakers")["rev"] == 1
    message = client.expect("turns")
    assert (message["rev"], message["utterance"]) == (2, result["utterance"])
    assert [one["speaker"] for one in message["turns"]] == [1, None]


def test_who_did_not_ask_is_not_told(
    gateway: GatewayProcess, pipeline: FakePipeline, redis_client: redis.Redis
) -> None:
    with RawClient(gateway.ws_url) as client:
        who = teller(client, redis_client)
        client.speak(SECOND)
        who.turns(0, turn(1, 0.0, 1.0, 0, 13))
        session = who.session
    with RawClient(gateway.ws_url, session, "after=0") as again:
        assert again.expect("result")["turns"] == []
        again.speak(SECOND)
        assert not told(client) and not told(again)


def test_a_service_that_is_not_to_tell_does_not(
    start_gateway: Callable[..., GatewayProcess], pipeline: FakePipeline, redis_client: redis.Redis
) -> None:
    with RawClient(start_gateway(SPEAKERS_ENABLED="false").ws_url, None, ASKING) as client:
        who = teller(client, redis_client)
        who.turns(0, turn(1, 0.0, 1.0, 0, 13))
        client.speak(SECOND)
        assert not told(client)
    assert not pipeline.seen[0][0].speakers


def test_another_sessions_speakers_are_its_own(
    gateway: GatewayProcess, client: RawClient, redis_client: redis.Redis
) -> None:
    who = teller(client, redis_client)
    with RawClient(gateway.ws_url, None, ASKING) as other:
        teller(other, redis_client).speakers(Speaker(speaker=1))
        assert other.expect("speakers")["rev"] == 1
    who.turns(0, turn(1, 0.0, 1.0, 0, 13))
    assert client.expect("turns")["rev"] == 1
    assert len(told(client)) == 1


def test_a_revision_that_tells_nothing_holds_nothing_up(client: RawClient, redis_client: redis.Redis) -> None:
    who = teller(client, redis_client)
    who.speakers(Speaker(speaker=1))
    assert client.expect("speakers")["rev"] == 1
    who.state_alone()
    who.turns(0, turn(1, 0.0, 1.0, 0, 13))
    assert client.expect("turns")["rev"] == 3


def test_what_no_relay_heard_is_read_from_the_stream_in_order(client: RawClient, redis_client: redis.Redis) -> None:
    who = teller(client, redis_client)
    client.speak(SECOND)
    for start in range(10):
        who.turns(start, turn(1, 0.0, 1.0, 0, 13))
    heard = [client.expect("turns")["rev"] for _ in range(10)]
    # As after a lost subscription: entries that were never published, and then one that was.
    for rev in (11, 12):
        event = who_event(who, rev)
        redis_client.xadd(speaker_events_key(who.session), {"event": event}, id=f"{rev}-0")
    redis_client.hset(speakers_key(who.session), "rev", 12)
    who.turns(99, turn(2, 0.0, 1.0, 0, 13))
    heard += [client.expect("turns")["rev"] for _ in range(3)]
    assert heard == list(range(1, 14))


def who_event(who: Teller, rev: int) -> str:
    return (
        f'{{"rev":{rev},"session":"{who.session}","start":{rev},'
        f'"speakers":{{"type":"turns","utterance":"u","turns":[]}}}}'
    )


def test_a_client_that_comes_back_gets_what_it_missed_and_no_more(
    gateway: GatewayProcess, client: RawClient, redis_client: redis.Redis
) -> None:
    who = teller(client, redis_client)
    client.speak(SECOND)
    who.speakers(Speaker(speaker=1))
    client.expect("speakers")
    client.vanish()
    who.turns(0, turn(1, 0.0, 1.0, 0, 13))
    who.speakers(Speaker(speaker=1, name="Anna"))
    with RawClient(gateway.ws_url, who.session, f"{ASKING}&after=1&speakers_after=1") as again:
        assert [again.expect("turns")["rev"], again.expect("speakers")["rev"]] == [2, 3]
        who.turns(0, turn(2, 0.0, 1.0, 0, 13))
        again.expect("turns")
        assert [message["rev"] for message in told(again)] == [2, 3, 4]


def test_a_result_that_is_sent_again_has_its_speaker(
    gateway: GatewayProcess, client: RawClient, redis_client: redis.Redis
) -> None:
    who = teller(client, redis_client)
    for _ in range(3):
        client.speak(SECOND)
    client.vanish()
    who.turns(0, turn(None, 0.0, 1.0, 0, 13))
    who.turns(16_000, turn(1, 1.0, 1.7, 0, 6), turn(2, 1.7, 2.0, 6, 13))
    who.turns(0, turn(3, 0.0, 1.0, 0, 13))
    who.turns(48_000, turn(1, 3.0, 4.0, 0, 13))  # before its result
    who.speakers(Speaker(speaker=1), Speaker(speaker=2), Speaker(speaker=3))
    with RawClient(gateway.ws_url, who.session, f"{ASKING}&after=0") as again:
        results = [again.expect("result") for _ in range(3)]
        assert [result["speaker"] for result in results] == [3, 1, None]
        assert [[one["speaker"] for one in result["turns"]] for result in results] == [[3], [1, 2], []]
        again.expect("speakers")
        assert [message["rev"] for message in told(again)] == [4, 5]  # what the results have is not told twice
        who.turns(32_000, turn(1, 2.0, 3.0, 0, 13))
        assert again.expect("turns")["rev"] == 6


def test_a_redis_that_counts_anew_is_followed(
    gateway: GatewayProcess, client: RawClient, redis_client: redis.Redis
) -> None:
    who = teller(client, redis_client)
    client.vanish()
    with RawClient(gateway.ws_url, who.session, f"{ASKING}&speakers_after=500") as again:
        again.speak(SECOND)
        who.turns(0, turn(1, 0.0, 1.0, 0, 13))
        assert again.expect("turns")["rev"] == 1


@pytest.mark.parametrize("query", ["speakers=2", "speakers=yes", "speakers=1&speakers_after=-1", "speakers_after=x"])
def test_a_wish_that_cannot_be_is_refused(gateway: GatewayProcess, query: str) -> None:
    with RawClient(gateway.ws_url, None, query) as client:
        error = client.expect("error")
        assert error["code"] == "bad_query"
        assert query.rpartition("&")[2].partition("=")[0] in error["message"]


def test_nonsense_on_the_channel_ends_nothing(client: RawClient, redis_client: redis.Redis) -> None:
    who = teller(client, redis_client)
    for bad in (
        '{"speakers": {"type": "turns"}}',
        '{"speakers": 1}',
        who_event(who, 1).replace('"turns":[]', '"turns":1'),
    ):
        redis_client.publish(RESULT_MESSAGES, bad)
    who.speakers(Speaker(speaker=1))
    assert client.expect("speakers")["rev"] == 1


def test_the_session_takes_its_speakers_with_it(
    start_gateway: Callable[..., GatewayProcess], pipeline: FakePipeline, redis_client: redis.Redis
) -> None:
    gateway = start_gateway(SESSIONS_MAX="10")
    with RawClient(gateway.ws_url, None, ASKING) as client:
        who = teller(client, redis_client)
        who.speakers(Speaker(speaker=1))
        client.expect("speakers")
    for _ in range(10):
        with RawClient(gateway.ws_url) as other:
            other.expect("session")
    wait_until(
        lambda: not redis_client.exists(speakers_key(who.session), speaker_events_key(who.session)), 10, "both are gone"
    )
