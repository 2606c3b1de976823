"""Whatever a Realtime client does, it is told in OpenAI's shape, and the connection goes on where it can."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from contract.messages import Error
from harness.gateway import GatewayProcess
from tests.support import fake_pipeline
from tests.support.fake_pipeline import FakePipeline
from tests.support.realtime_client import RealtimeClient, quiet, voice

Start = Callable[..., GatewayProcess]


def test_bad_events_are_told_and_the_connection_goes_on(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    append = "input_audio_buffer.append"
    with RealtimeClient(gateway.url) as client:
        client.expect("session.created")
        for raw, code, param in (
            ("no json", "invalid_json", None),
            ("[" * 100_000, "invalid_json", None),
            ("[]", "invalid_event", None),
            (b"\x00\x00", "invalid_event", None),
            ("{}", "unknown_event", "type"),
            ('{"type": ["x"]}', "unknown_event", "type"),
            ('{"type": "response.create"}', "unknown_event", "type"),
            (f'{{"type": "{append}"}}', "missing_required_parameter", "audio"),
            (f'{{"type": "{append}", "audio": "***"}}', "invalid_base64", "audio"),
            (f'{{"type": "{append}", "audio": "YWJj"}}', "odd_bytes", "audio"),
            (f'{{"type": "{append}", "audio": "{"A" * 1_400_008}"}}', "audio_too_large", "audio"),
            ('{"type": "session.update"}', "invalid_value", "session"),
            ('{"type": "session.update", "session": {"type": "x"}}', "invalid_value", "session.type"),
            ('{"type": "input_audio_buffer.commit"}', "input_audio_buffer_commit_empty", None),
        ):
            client.socket.send(raw)
            event = client.receive()
            assert event["type"] == "error", raw[:80]
            assert set(event["error"]) == {"type", "code", "message", "param", "event_id"}
            assert event["error"]["type"] == "invalid_request_error"
            assert (event["error"]["code"], event["error"]["param"]) == (code, param)
            assert event["error"]["message"]
        client.send("input_audio_buffer.append", audio="*", event_id="\ud800 mine")
        assert client.receive()["error"]["event_id"] == "\ud800 mine"
        client.append(voice(1), quiet(1))
        client.completed()


def test_ten_seconds_fit_into_one_event_and_what_is_far_too_large_ends_the_connection(
    gateway: GatewayProcess, pipeline: FakePipeline
) -> None:
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        client.append(voice(10), size=480_000)
        client.commit()
        assert client.completed()["usage"]["seconds"] == pytest.approx(10, abs=0.01)
        with pytest.raises((ConnectionClosed, ConnectionError)):  # 1009, or broken while it is still being sent
            client.send("input_audio_buffer.append", audio=base64.b64encode(bytes(3_000_000)).decode())
            client.close_code()
            raise ConnectionError
    with RealtimeClient(gateway.url) as client:
        client.expect("session.created")


def test_a_failed_utterance_is_a_failed_transcription(
    gateway: GatewayProcess, pipeline: FakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_pipeline, "Result", _failure)
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        client.append(voice(1))
        client.commit()
        event = client.expect("input_audio_transcription.failed")
    assert (event["error"]["code"], event["error"]["message"]) == ("speech_failed", "It failed.")
    assert event["content_index"] == 0


def _failure(text: str, language: str, language_probability: float | None, **of_utterance: Any) -> Error:
    return Error(code="speech_failed", message="It failed.", **of_utterance)


def test_busy_is_an_error_and_then_1013(start_gateway: Start) -> None:
    gateway = start_gateway(CONNECTIONS_MAX="1")
    with RealtimeClient(gateway.url) as one:
        one.expect("session.created")
        with RealtimeClient(gateway.url) as two:
            error = two.receive()["error"]
            assert (error["type"], error["code"]) == ("server_error", "connections_full")
            assert two.close_code() == 1013


def test_a_full_queue_is_an_error_and_then_1013(start_gateway: Start) -> None:
    gateway = start_gateway(QUEUE_MAX="1")
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        for _ in range(2):
            client.append(voice(0.5))
            client.commit()
        while (event := client.receive())["type"] != "error":
            pass
        assert event["error"]["code"] == "queue_full"
        assert "kept" not in event["error"]["message"]
        assert client.close_code() == 1013


@pytest.mark.parametrize("query", ["language=klingon", "model=" + "x" * 300])
def test_a_bad_query_is_refused_in_words(gateway: GatewayProcess, query: str) -> None:
    with RealtimeClient(gateway.url, query) as client:
        assert client.receive()["error"]["code"] == "bad_query"
        assert client.close_code() == 1008
