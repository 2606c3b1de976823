"""Labels are bounded, odd numbers do no harm, and a service's own /metrics outlives odd visitors."""

from __future__ import annotations

import logging
import socket

import pytest
from prometheus_client.parser import text_string_to_metric_families

from contract.messages import Dropped, Error, Result
from contract.settings import MeasuredSettings
from harness.processes import free_port
from runtime.broker.queue_age import when_sent_ms
from runtime.metrics.registry import (
    OTHER,
    STAGES,
    BoundedNames,
    OutcomeCounts,
    StageSeconds,
    count_log_lines,
    exposition,
    new_registry,
    real_time_factor,
)
from runtime.metrics.server import MetricsServer, serve_metrics
from tests.support.http_requests import request
from tests.support.metrics import Scrape, scrape


def read(registry: object) -> Scrape:
    return Scrape(tuple(text_string_to_metric_families(exposition(registry).decode())))  # type: ignore[arg-type]


def test_made_up_names_share_one_label() -> None:
    names = BoundedNames(["no_speech"], more=3)
    given = [names(f"reason_{number}") for number in range(1_000)]
    assert set(given) == {"reason_0", "reason_1", "reason_2", OTHER}
    assert names("no_speech") == "no_speech", "what is known is never crowded out"
    assert names("reason_1") == "reason_1"


@pytest.mark.parametrize("odd", ["", "x" * 81, 'a"} 1\nforged 1', "정말", "\ud800", "\x00"])
def test_what_is_no_name_is_no_label(odd: str) -> None:
    assert BoundedNames([], more=3)(odd) == OTHER


def test_hostile_outcomes_make_few_series() -> None:
    registry = new_registry()
    counts = OutcomeCounts("wta_test_utterances", "Test.", registry)
    stages = StageSeconds("wta_test_stage_seconds", "Test.", registry)
    for number in range(500):
        counts.count(Dropped(utterance="u", reason=f"reason-{number}\n"))
        counts.count(Error(utterance="u", code=f"code{number}", message="m"))
        stages.observe({f"stage{number}": 5.0, "speech": -1.0, "queue": float("nan")})
    counts.count(Result(utterance="u", text="t", language="en"))
    found = read(registry)
    assert len(found.labels("wta_test_utterances_total", "reason")) < 40
    assert found.value("wta_test_utterances_total", outcome="dropped", reason=OTHER) == 500
    assert found.value("wta_test_utterances_total", outcome="result", reason="") == 1
    assert found.value("wta_test_utterances_total", outcome="dropped", reason="no_speech") == 0
    assert len(found.labels("wta_test_stage_seconds_count", "stage")) <= len(STAGES) + 16 + 1
    assert found.value("wta_test_stage_seconds_count", stage="speech") == 0, "no time goes backwards"
    assert found.value("wta_test_stage_seconds_count", stage="queue") == 0


@pytest.mark.parametrize(
    ("timings_ms", "duration_sec", "factor"),
    [({"speech": 500.0}, 2.0, 0.25), ({}, 2.0, None), ({"speech": 5.0}, 0.0, None), ({"speech": -5.0}, 1.0, None)],
)
def test_the_real_time_factor(timings_ms: dict[str, float], duration_sec: float, factor: float | None) -> None:
    assert real_time_factor(timings_ms, duration_sec) == factor


def test_warnings_and_errors_are_counted() -> None:
    registry = new_registry()
    count_log_lines(registry)
    handler = logging.getLogger().handlers[-1]
    try:
        logging.getLogger("wta.test").warning("one")
        logging.getLogger("wta.test").error("two")
        logging.getLogger("wta.test").info("not counted")
    finally:
        logging.getLogger().removeHandler(handler)
    found = read(registry)
    assert found.value("wta_log_lines_total", level="WARNING") == 1
    assert found.value("wta_log_lines_total", level="ERROR") == 1
    assert found.labels("wta_log_lines_total", "level") == {"WARNING", "ERROR", "CRITICAL"}


def test_a_service_without_http_serves_its_numbers() -> None:
    server = MetricsServer(new_registry(), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.port}"
    try:
        assert scrape(url).value("process_open_fds") > 0
        assert scrape(url).value("process_resident_memory_bytes") > 1_000_000
        assert request(url, "/other").status == 404
        assert request(url, "/metrics", "POST", b"x").status == 501
        with socket.create_connection(("127.0.0.1", server.port)) as rude:
            rude.sendall(b"\x16\x03\x01 not http\r\n\r\n")
        assert scrape(url).value("process_open_fds") > 0, "it works on"
    finally:
        server.stop()


def test_no_port_and_a_taken_port_end_no_service(caplog: pytest.LogCaptureFixture) -> None:
    assert serve_metrics(MeasuredSettings(), new_registry()) is None
    port = free_port()
    server = serve_metrics(MeasuredSettings(metrics_port=port), new_registry())
    assert server is not None
    try:
        assert serve_metrics(MeasuredSettings(metrics_port=port), new_registry()) is None
        assert f"no metrics on 127.0.0.1:{port}" in caplog.text
    finally:
        server.stop()


@pytest.mark.parametrize("odd", [b"", b"{}", b"[1]", b'{"body": 5}', b'{"body": "/w=="}', b'{"body": "xBI="}', b"\xff"])
def test_a_message_of_another_kind_has_no_age(odd: bytes) -> None:
    assert when_sent_ms(odd) is None
