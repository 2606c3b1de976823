"""A session survives lost connections, takeovers and restarts: the same speech gets the same utterances, once."""

from __future__ import annotations

import time
from collections.abc import Callable

import redis

from contract.events import StatsEvent
from contract.keys import session_key, shown_stats_key
from contract.messages import StatsBlock
from contract.queues import STT_QUEUE
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.fake_pipeline import FakePipeline
from tests.support.raw_client import RawClient

Start = Callable[..., GatewayProcess]
SECOND = bytes(32_000)


def test_a_new_session_begins_at_zero_and_knows_its_limits(gateway: GatewayProcess) -> None:
    with RawClient(gateway.ws_url) as client:
        assert client.socket.subprotocol == "wta.v1"
        greeting = client.expect("session")
    assert greeting["position"] == 0
    assert greeting["limits"]["frame_bytes"] == 65536
    assert greeting["limits"]["upload_bytes"] == 200 * 1024 * 1024
    assert len(greeting["session"]) == 32


def test_an_unknown_session_gets_a_new_one(gateway: GatewayProcess) -> None:
    with RawClient(gateway.ws_url, "A" * 32) as client:
        assert client.expect("session")["session"] != "A" * 32


def test_audio_is_asked_for_again_from_the_safe_position(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    client = RawClient(gateway.ws_url)
    session = client.expect("session")["session"]
    client.speak(SECOND)
    client.send(SECOND[:3200])
    client.vanish()
    with RawClient(gateway.ws_url, session, "after=1&from=16000") as again:
        assert again.expect("session")["position"] == 16_000
        again.send(SECOND)
        again.send(b"")
        result = again.expect("result")
        assert (result["seq"], result["start_sec"], result["text"]) == (2, 1.0, "16000 samples")
    assert [m["seq"] for m in again.messages if m["type"] == "result"] == [2]


def test_a_resumed_stream_is_cut_where_it_was_cut(
    gateway: GatewayProcess, pipeline: FakePipeline, redis_client: redis.Redis
) -> None:
    client = RawClient(gateway.ws_url)
    session = client.expect("session")["session"]
    client.vanish()
    # the state that a gateway leaves which was killed between sending the task and noting the position
    redis_client.hset(session_key(session), mapping={"cut_start": 0, "cut_end": 8000})
    with RawClient(gateway.ws_url, session, "from=0") as again:
        assert again.expect("session")["position"] == 0
        again.send(SECOND)
        again.send(b"")
        assert again.expect("accepted")["position"] == 8000
        assert again.expect("accepted")["position"] == 16_000
    wait_until(lambda: len(pipeline.seen) == 2, 10, "both arrived")


def test_what_the_length_limit_cuts_says_so_in_its_task(start_gateway: Start, pipeline: FakePipeline) -> None:
    with RawClient(start_gateway(UTTERANCE_MAX_SEC="5").ws_url) as client:
        client.expect("session")
        for _ in range(6):
            client.send(SECOND)
        client.send(b"")
        client.speak(SECOND)
    wait_until(lambda: len(pipeline.seen) == 3, 10, "all arrived")
    assert [(job.cut_at_start, job.cut_at_end) for job, _ in pipeline.seen] == [
        (False, True),
        (True, False),
        (False, False),
    ]


def test_a_reloaded_page_speaks_on_after_a_recorded_cut(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    client = RawClient(gateway.ws_url)
    session = client.expect("session")["session"]
    client.vanish()
    redis_client.hset(session_key(session), mapping={"cut_start": 0, "cut_end": 8000})
    with RawClient(gateway.ws_url, session) as again:
        assert again.expect("session")["position"] == 8000


def test_speech_that_has_ended_is_accepted_again_without_a_second_outcome(
    gateway: GatewayProcess, pipeline: FakePipeline, redis_client: redis.Redis
) -> None:
    with RawClient(gateway.ws_url) as client:
        session = client.expect("session")["session"]
        client.speak(SECOND)
    redis_client.hset(session_key(session), "position", 0)
    with RawClient(gateway.ws_url, session, "after=1&from=0") as again:
        assert again.expect("session")["position"] == 0
        again.send(SECOND)
        again.send(b"")
        assert again.expect("accepted")["position"] == 16_000
        again.send(SECOND)
        again.send(b"")
        assert again.expect("result")["seq"] == 2
    assert len(pipeline.seen) == 2


def test_a_newer_connection_takes_the_session_over(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    with RawClient(gateway.ws_url) as older:
        session = older.expect("session")["session"]
        with RawClient(gateway.ws_url, session) as newer:
            newer.expect("session")
            assert older.close_code() == 4001
            newer.send(SECOND)
            newer.send(b"")
            newer.expect("result")


def test_a_second_gateway_process_takes_over_too(start_gateway: Start, pipeline: FakePipeline) -> None:
    first, second = start_gateway(), start_gateway()
    with RawClient(first.ws_url) as older:
        session = older.expect("session")["session"]
        with RawClient(second.ws_url, session) as newer:
            newer.expect("session")
            older.send(SECOND)
            older.send(b"")
            assert older.close_code() == 4001
    assert pipeline.seen == []


def test_missed_outcomes_are_sent_after_a_reconnect_once_and_in_order(
    start_gateway: Start, pipeline: FakePipeline
) -> None:
    gateway = start_gateway(OUTSTANDING_MAX="64")
    client = RawClient(gateway.ws_url)
    session = client.expect("session")["session"]
    pipeline.pause()
    for _ in range(20):
        client.send(SECOND)
        client.send(b"")
        client.expect("accepted")
    client.vanish()
    pipeline.go_on()
    wait_until(lambda: len(pipeline.seen) == 20, 20, "all were worked on")
    with RawClient(gateway.ws_url, session, "after=7") as again:
        assert [again.expect("result")["seq"] for _ in range(13)] == list(range(8, 21))


def test_a_restarted_gateway_resumes_the_session(start_gateway: Start, pipeline: FakePipeline) -> None:
    gateway = start_gateway()
    client = RawClient(gateway.ws_url)
    session = client.expect("session")["session"]
    client.speak(SECOND)
    client.send(SECOND)
    gateway.service.kill()
    gateway.start()
    with RawClient(gateway.ws_url, session, "after=1&from=16000") as again:
        assert again.expect("session")["position"] == 16_000
        again.send(SECOND)
        again.send(b"")
        assert again.expect("result")["seq"] == 2


def test_a_stopping_gateway_tells_its_clients_to_come_back(start_gateway: Start) -> None:
    gateway = start_gateway()
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        began = time.monotonic()
        assert gateway.service.stop() in (0, -15)
        assert time.monotonic() - began < 10
        assert client.close_code() == 1012


def test_results_come_without_a_listener(start_gateway: Start, pipeline: FakePipeline) -> None:
    gateway = start_gateway(RESEND_AFTER_SEC="4.5")  # looked for after 0.5 s
    pipeline.relaying = False
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        client.send(SECOND)
        client.send(b"")
        assert client.expect("result")["text"] == "16000 samples"


def test_a_task_that_the_broker_lost_is_sent_again(
    start_gateway: Start, pipeline: FakePipeline, redis_client: redis.Redis
) -> None:
    gateway = start_gateway(RESEND_AFTER_SEC="1")
    pipeline.pause()
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        client.send(SECOND)
        client.send(b"")
        client.expect("accepted")
        wait_until(lambda: bool(redis_client.delete(STT_QUEUE)), 10, "the task was in the queue, and is lost now")
        pipeline.go_on()
        assert client.expect("result", 20)["text"] == "16000 samples"


def test_an_utterance_that_nobody_answers_ends_as_an_error(start_gateway: Start, redis_client: redis.Redis) -> None:
    gateway = start_gateway(RESEND_AFTER_SEC="1")
    with RawClient(gateway.ws_url) as client:
        session = client.expect("session")["session"]
        client.send(SECOND)
        client.send(b"")
        error = client.expect("error", 20)
    assert (error["seq"], error["code"]) == (1, "no_answer")
    assert redis_client.ttl(session_key(session)) > 0


def test_statistics_that_nobody_heard_are_told_on_the_next_connection(
    gateway: GatewayProcess, pipeline: FakePipeline, redis_client: redis.Redis
) -> None:
    with RawClient(gateway.ws_url) as client:
        session = client.expect("session")["session"]
    block = StatsBlock(utterances=7, words=21)
    kept = StatsEvent(session=session, stats_session=block, stats_service=StatsBlock(utterances=9))
    redis_client.set(shown_stats_key(session), kept.model_dump_json(), ex=60)
    with RawClient(gateway.ws_url, session) as again:
        told = again.expect("stats")
    assert (told["session"]["utterances"], told["session"]["words"], told["service"]["utterances"]) == (7, 21, 9)
    redis_client.set(shown_stats_key(session), "of another version", ex=60)
    with RawClient(gateway.ws_url, session) as third:
        third.speak(SECOND)
    assert [m for m in third.messages if m["type"] == "stats"] == []
