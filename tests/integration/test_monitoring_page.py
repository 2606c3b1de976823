"""docs/monitoring.md names every metric that the services expose, with type and labels, and none that is not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.processes import wait_until
from harness.speech import demo_clips, noise
from harness.stack import Stack, start_stack
from tests.support.metrics import documented, exposed, scrape
from tests.support.raw_client import RawClient

SERVICES = ("fastapi_service", "stt_worker", "analyzer_worker", "file_worker", "listener_service")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole system, after two results, one utterance that was dropped, and a connection that broke the protocol."""
    with start_stack(tmp_path_factory.mktemp("measured")) as stack:
        with RawClient(stack.ws_url) as client:
            for clip in demo_clips()[:2]:
                assert client.speak(clip.pcm)["type"] == "result"
            assert client.speak(noise(1.0, 0.0))["type"] == "dropped"
            client.send("a close code to count")
            assert client.close_code() == 1003
        listener = stack.metrics_url("listener_service")
        counted = {"outcome": "dropped", "reason": "no_speech"}
        wait_until(
            lambda: scrape(listener).value("wta_listener_utterances_total", **counted) == 1, 10, "all is counted"
        )
        yield stack


@pytest.mark.parametrize("service", SERVICES)
def test_the_table_of_metrics_is_what_is_exposed(used: Stack, service: str) -> None:
    found = exposed(scrape(used.metrics_url(service)))
    assert found == documented(service) | documented("Every service")


def test_the_workers_count_what_they_do(used: Stack) -> None:
    stt = scrape(used.metrics_url("stt_worker"))
    seconds = [len(clip.pcm) / 32_000 for clip in demo_clips()[:2]]
    assert stt.value("wta_stt_utterances_total", outcome="transcribed", reason="") == 2
    assert stt.value("wta_stt_utterances_total", outcome="dropped", reason="no_speech") == 1
    assert stt.value("wta_stt_audio_seconds_total") == pytest.approx(sum(seconds) + 1.0, abs=0.01)
    assert stt.value("wta_stt_work_seconds_total") > 0
    assert stt.value("wta_stt_stage_seconds_count", stage="speech") == 2
    assert stt.value("wta_stt_stage_seconds_count", stage="speech_check") == 3
    assert stt.value("wta_stt_real_time_factor_count") == 2
    assert stt.value("wta_stt_batch_size_sum") == 3
    assert stt.value("wta_stt_model_info", model="demo", demo="true") == 1
    assert stt.value("wta_stt_begun_again_total") == 0
    assert stt.value("process_resident_memory_bytes") > 50_000_000
    analyzer = scrape(used.metrics_url("analyzer_worker"))
    assert analyzer.value("wta_analyzer_utterances_total", outcome="result", reason="") == 2
    assert analyzer.value("wta_analyzer_stage_seconds_count", stage="sentiment") == 2
    assert analyzer.value("wta_analyzer_batch_size_sum") == 2
    assert analyzer.labels("wta_analyzer_model_info", "demo") == {"true"}


def test_the_listener_and_the_gateway_agree(used: Stack) -> None:
    listener, gateway = (scrape(used.metrics_url(name)) for name in ("listener_service", "fastapi_service"))
    for labels in ({"outcome": "result", "reason": ""}, {"outcome": "dropped", "reason": "no_speech"}):
        counted = listener.value("wta_listener_utterances_total", **labels)
        assert counted == gateway.value("wta_gateway_utterances_total", **labels) > 0
    assert listener.value("wta_listener_words_total") > 4
    assert listener.value("wta_listener_wait_seconds_count") == 2
    assert gateway.value("wta_workers", queue="stt_queue") == 1
    assert gateway.value("wta_workers", queue="listener") == 1
    assert gateway.value("wta_model_loaded", queue="stt_queue", model="demo", demo="true") == 1


def test_no_metric_tells_what_was_said_or_whose_it_was(used: Stack) -> None:
    text = "".join(str(scrape(used.metrics_url(service)).metrics) for service in SERVICES)
    for clip in demo_clips()[:2]:
        assert clip.text not in text
    assert "session" not in {
        label for s in SERVICES for _, ls in exposed(scrape(used.metrics_url(s))).values() for label in ls
    }
