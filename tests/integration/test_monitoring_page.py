"""docs/monitoring.md names every metric that the services expose, with type and labels, and none that is not there."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.processes import wait_until
from harness.speech import demo_clips, noise
from harness.stack import Stack
from tests.conftest import TOKENS
from tests.support.metrics import Scrape, documented, exposed, scrape
from tests.support.raw_client import RawClient

SERVICES = ("fastapi_service", "stt_worker", "analyzer_worker", "file_worker", "speaker_worker", "listener_service")
TOKEN = TOKENS.split(", ", maxsplit=1)[0]


@dataclass(frozen=True)
class Used:
    """A running system, and what it showed before it was used."""

    stack: Stack
    before: dict[str, Scrape]

    def now(self, service: str) -> Scrape:
        return look(self.stack, service)

    def grown(self, service: str, name: str, **labels: str) -> float:
        """By how much a sample, that is there now, has grown."""
        return self.now(service).value(name, **labels) - self.before[service].count(name, **labels)


def look(stack: Stack, service: str) -> Scrape:
    return scrape(stack.metrics_url(service), {"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture(scope="module")
def used(guarded_stack: Stack) -> Used:
    """The whole system, after two results, one utterance that was dropped, and a connection that broke the protocol."""
    used = Used(guarded_stack, {service: look(guarded_stack, service) for service in SERVICES})
    with RawClient(guarded_stack.ws_url, token=TOKEN) as client:
        for clip in demo_clips()[:2]:
            assert client.speak(clip.pcm)["type"] == "result"
        assert client.speak(noise(1.0, 0.0))["type"] == "dropped"
        client.send("a close code to count")
        assert client.close_code() == 1003
    counted = {"outcome": "dropped", "reason": "no_speech"}
    before = used.before["listener_service"].count("wta_listener_utterances_total", **counted)

    def dropped() -> float:
        return used.now("listener_service").count("wta_listener_utterances_total", **counted) - before

    wait_until(lambda: dropped() == 1, 10, "all is counted")
    return used


@pytest.mark.parametrize("service", SERVICES)
def test_the_table_of_metrics_is_what_is_exposed(used: Used, service: str) -> None:
    found = exposed(used.now(service))
    assert found == documented(service) | documented("Every service")


def test_the_workers_count_what_they_do(used: Used) -> None:
    def stt(name: str, **labels: str) -> float:
        return used.grown("stt_worker", name, **labels)

    def analyzer(name: str, **labels: str) -> float:
        return used.grown("analyzer_worker", name, **labels)

    seconds = [len(clip.pcm) / 32_000 for clip in demo_clips()[:2]]
    assert stt("wta_stt_utterances_total", outcome="transcribed", reason="") == 2
    assert stt("wta_stt_utterances_total", outcome="dropped", reason="no_speech") == 1
    assert stt("wta_stt_audio_seconds_total") == pytest.approx(sum(seconds) + 1.0, abs=0.01)
    assert stt("wta_stt_work_seconds_total") > 0
    assert stt("wta_stt_stage_seconds_count", stage="speech") == 2
    assert stt("wta_stt_stage_seconds_count", stage="speech_check") == 3
    assert stt("wta_stt_real_time_factor_count") == 2
    assert stt("wta_stt_batch_size_sum") == 3
    now = used.now("stt_worker")
    assert now.value("wta_stt_model_info", model="demo", demo="true") == 1
    assert now.value("wta_stt_begun_again_total") == 0
    assert now.value("process_resident_memory_bytes") > 50_000_000
    assert analyzer("wta_analyzer_utterances_total", outcome="result", reason="") == 2
    assert analyzer("wta_analyzer_stage_seconds_count", stage="sentiment") == 2
    assert analyzer("wta_analyzer_batch_size_sum") == 2
    assert used.now("analyzer_worker").labels("wta_analyzer_model_info", "demo") == {"true"}


def test_the_listener_and_the_gateway_agree(used: Used) -> None:
    for labels in ({"outcome": "result", "reason": ""}, {"outcome": "dropped", "reason": "no_speech"}):
        counted = used.grown("listener_service", "wta_listener_utterances_total", **labels)
        assert counted == used.grown("fastapi_service", "wta_gateway_utterances_total", **labels) > 0
    assert used.grown("listener_service", "wta_listener_words_total") > 4
    assert used.grown("listener_service", "wta_listener_wait_seconds_count") == 2
    gateway = used.now("fastapi_service")
    assert gateway.value("wta_workers", queue="stt_queue") == 1
    assert gateway.value("wta_workers", queue="listener") == 1
    assert gateway.value("wta_model_loaded", queue="stt_queue", model="demo", demo="true") == 1


def test_no_metric_tells_what_was_said_or_whose_it_was(used: Used) -> None:
    text = "".join(str(used.now(service).metrics) for service in SERVICES)
    for clip in demo_clips()[:2]:
        assert clip.text not in text
    assert "session" not in {label for s in SERVICES for _, ls in exposed(used.now(s)).values() for label in ls}
