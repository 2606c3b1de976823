"""What the gateway's /metrics says of connections, utterances, refusals, queues, workers and Redis."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from contract.events import OutcomeEvent
from contract.jobs import AnalyzeJob, UtteranceJob, now_ms
from contract.messages import Dropped
from contract.queues import (
    ANALYZE_TASK,
    ANALYZER_QUEUE,
    FILE_QUEUE,
    RESULT_MESSAGES,
    SPEAKER_QUEUE,
    STT_QUEUE,
    TRANSCRIBE_TASK,
)
from contract.settings import ServiceSettings
from fastapi_service.live.counters import CLOSE_CODES
from harness.gateway import GatewayProcess
from harness.processes import free_port, start_redis, wait_until
from runtime.broker.app import make_celery
from runtime.metrics.registry import OTHER, STAGES
from runtime.worker.heartbeat import Heartbeat
from tests.support.fake_pipeline import FakePipeline
from tests.support.http_requests import log_in, request
from tests.support.metrics import scrape
from tests.support.raw_client import RawClient

Start = Callable[..., GatewayProcess]
SECOND = bytes(32_000)
TOKEN = "first-token-0123456789"


def test_connections_audio_and_utterances_are_counted(start_gateway: Start, pipeline: FakePipeline) -> None:
    gateway = start_gateway()
    assert scrape(gateway.url).value("wta_gateway_connections") == 0
    with RawClient(gateway.ws_url) as client:
        assert client.speak(SECOND)["type"] == "result"
        found = scrape(gateway.url)
        assert found.value("wta_gateway_connections") == 1
        assert found.value("wta_gateway_connections_opened_total") == 1
        assert found.value("wta_gateway_frames_total") == 11
        assert found.value("wta_gateway_received_bytes_total") == 32_000
        assert found.value("wta_gateway_accepted_total") == 1
        assert found.value("wta_gateway_accepted_audio_seconds_total") == 1.0
        assert found.value("wta_gateway_utterances_total", outcome="result", reason="") == 1
        assert found.value("wta_gateway_stage_seconds_count", stage="dispatch") == 1
        assert found.value("wta_gateway_wait_seconds_count") == 1
        assert found.value("wta_gateway_pending") == 0
        assert found.value("wta_redis_up") == 1
        client.send("text")
        assert client.close_code() == 1003
    wait_until(lambda: scrape(gateway.url).value("wta_gateway_connections") == 0, 10, "the connection is gone")
    assert scrape(gateway.url).value("wta_gateway_connections_closed_total", code="1003") == 1
    assert scrape(gateway.url).labels("wta_gateway_connections_closed_total", "code") <= set(CLOSE_CODES)


def test_who_is_told_busy_is_counted(start_gateway: Start) -> None:
    gateway = start_gateway(CONNECTIONS_MAX="1", ACCESS_TOKEN=TOKEN, LOGIN_FAILURES_PER_MIN="1")
    inside = {"Cookie": log_in(gateway.url, TOKEN).cookie}
    assert scrape(gateway.url, inside).value("wta_gateway_busy_total", code="connections_full") == 0
    with RawClient(gateway.ws_url, token=TOKEN) as first:
        first.expect("session")
        with RawClient(gateway.ws_url, token=TOKEN) as second:
            assert second.expect("busy")["code"] == "connections_full"
    for _ in range(2):
        with RawClient(gateway.ws_url, token="wrong-token-0123456789") as guessing:
            guessing.close_code()
    found = scrape(gateway.url, inside)
    assert found.value("wta_gateway_busy_total", code="connections_full") == 1
    assert found.value("wta_gateway_busy_total", code="too_many_attempts") == 1
    assert found.value("wta_gateway_busy_total", code="behind") == 0


def test_the_numbers_are_behind_the_token(start_gateway: Start) -> None:
    gateway = start_gateway(ACCESS_TOKEN=TOKEN)
    refused = request(gateway.url, "/metrics")
    assert refused.status == 401
    assert "wta_" not in refused.text
    assert scrape(gateway.url, {"Authorization": f"Bearer {TOKEN}"}).value("wta_redis_up") == 1


def send(redis_port: int, task: str, queue: str, *arguments: object) -> None:
    app = make_celery("test", ServiceSettings(redis_host="127.0.0.1", redis_port=redis_port))
    app.send_task(task, args=list(arguments), queue=queue, ignore_result=True)
    app.close()


def test_queues_and_workers_are_told(gateway: GatewayProcess, redis_port: int, redis_client: redis.Redis) -> None:
    job = UtteranceJob(session="s" * 32, start=0, end=16_000, stamped_ms=now_ms() - 60_000)
    send(redis_port, TRANSCRIBE_TASK, STT_QUEUE, SECOND, job.model_dump(mode="json"))
    later = job.model_copy(update={"stamped_ms": now_ms()})
    send(redis_port, TRANSCRIBE_TASK, STT_QUEUE, SECOND, later.model_dump(mode="json"))
    analyze = AnalyzeJob(**job.model_dump(exclude={"stamped_ms"}), text="secret", spoken_language="en")
    send(redis_port, ANALYZE_TASK, ANALYZER_QUEUE, analyze.model_dump(mode="json"))
    heartbeats = [Heartbeat(redis_client, STT_QUEUE, f"w{n}", "base", False, 60.0) for n in range(2)]
    for heartbeat in heartbeats:
        heartbeat.start()
    wait_until(lambda: scrape(gateway.url).value("wta_queue_tasks", queue=STT_QUEUE) == 2, 5, "a new look")
    found = scrape(gateway.url)
    assert 59 < found.value("wta_queue_oldest_seconds", queue=STT_QUEUE) < 90, "the oldest, not the newest"
    assert found.value("wta_queue_tasks", queue=ANALYZER_QUEUE) == 1
    assert found.value("wta_queue_oldest_seconds", queue=ANALYZER_QUEUE) < 30
    assert found.value("wta_workers", queue=STT_QUEUE) == 2
    assert found.value("wta_workers", queue=ANALYZER_QUEUE) == 0
    assert found.value("wta_workers_busy", queue=STT_QUEUE) == 0
    assert found.value("wta_model_loaded", queue=STT_QUEUE, model="base", demo="false") == 2
    assert "secret" not in request(gateway.url, "/metrics").text
    for heartbeat in heartbeats:
        heartbeat.stop()
    redis_client.delete(STT_QUEUE, ANALYZER_QUEUE)
    redis_client.lpush(STT_QUEUE, "no message of ours")
    wait_until(lambda: scrape(gateway.url).value("wta_queue_tasks", queue=STT_QUEUE) == 1, 5, "a new look")
    assert scrape(gateway.url).labels("wta_queue_oldest_seconds", "queue") == {
        ANALYZER_QUEUE,
        FILE_QUEUE,
        SPEAKER_QUEUE,
    }


def test_hostile_outcomes_make_no_series_without_end(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    for number in range(300):
        odd = Dropped(utterance="u", reason=f"odd_{number}", timings_ms={f"stage_{number}": 5.0})
        event = OutcomeEvent(session="s" * 32, seq=1, start=0, message=odd)
        redis_client.publish(RESULT_MESSAGES, event.model_dump_json())
    wait_until(
        lambda: scrape(gateway.url).value("wta_gateway_utterances_total", outcome="dropped", reason=OTHER) > 200,
        10,
        "all are counted",
    )
    found = scrape(gateway.url)
    assert len(found.labels("wta_gateway_utterances_total", "reason")) < 60
    assert len(found.labels("wta_gateway_stage_seconds_count", "stage")) <= len(STAGES) + 16 + 1


def test_a_lost_redis_is_told_and_queues_are_not_shown_as_empty(start_gateway: Start, tmp_path: Path) -> None:
    port = free_port()
    folder = tmp_path / "lost"
    folder.mkdir()
    with start_redis(port, folder) as server:
        gateway = start_gateway(REDIS_PORT=str(port))
        assert scrape(gateway.url).value("wta_redis_up") == 1
        server.kill()
        wait_until(lambda: scrape(gateway.url).value("wta_redis_up") == 0, 20, "the loss is told")
        assert scrape(gateway.url).labels("wta_queue_tasks", "queue") == set()
        server.start()
        wait_until(lambda: scrape(gateway.url).value("wta_redis_up") == 1, 20, "it is back")


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_it_is_read_alone(gateway: GatewayProcess, method: str) -> None:
    assert request(gateway.url, "/metrics", method).status == 405
