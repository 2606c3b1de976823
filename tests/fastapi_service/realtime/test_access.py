"""Who comes in to `/v1/realtime`, by header and by sub-protocol, and what the others are told."""

from __future__ import annotations

import pytest
import redis

from harness.gateway import GatewayProcess
from tests.support.fake_pipeline import FakePipeline
from tests.support.realtime_client import TOKEN, RealtimeClient, key, voice

BETA = "openai-beta.realtime-v1"


@pytest.mark.parametrize(
    ("headers", "protocols", "answered"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, [], None),
        ({"Authorization": f"Bearer {TOKEN}"}, ["realtime"], "realtime"),
        ({}, ["realtime", key(TOKEN)], "realtime"),
        ({}, ["realtime", key(TOKEN), BETA], "realtime"),
        ({"Origin": "https://friend.example"}, ["realtime", key(TOKEN)], "realtime"),
    ],
)
def test_the_token_lets_in(
    guarded: GatewayProcess,
    redis_client: redis.Redis,
    pipeline: FakePipeline,
    headers: dict[str, str],
    protocols: list[str],
    answered: str | None,
) -> None:
    with RealtimeClient(guarded.url, headers=headers, protocols=protocols) as client:
        assert client.socket.subprotocol == answered
        created = client.receive()
        assert created["type"] == ("transcription_session.created" if BETA in protocols else "session.created")
        client.append(voice(0.5))
        client.commit()
        client.completed()


@pytest.mark.parametrize(
    ("headers", "protocols", "code"),
    [
        ({}, ["realtime"], "invalid_api_key"),
        ({}, ["realtime", "token." + TOKEN], "invalid_api_key"),
        ({"Origin": "https://foe.example"}, ["realtime", key(TOKEN)], "origin_not_allowed"),
        ({}, ["realtime", *(f"x{number}" for number in range(9))], "bad_subprotocols"),
        ({}, ["realtime", key("wrong")], "invalid_api_key"),
        ({"Authorization": "Bearer wrong"}, [], "invalid_api_key"),
    ],
)
def test_others_are_told_why(guarded: GatewayProcess, headers: dict[str, str], protocols: list[str], code: str) -> None:
    with RealtimeClient(guarded.url, headers=headers, protocols=protocols) as client:
        assert client.receive()["error"]["code"] == code
        assert client.close_code() == 1008


def test_too_many_wrong_tokens_have_to_wait(guarded: GatewayProcess) -> None:
    for _ in range(4):
        with RealtimeClient(guarded.url, headers={"Authorization": "Bearer wrong"}) as client:
            error = client.receive()["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "too_many_attempts")
    with RealtimeClient(guarded.url, headers={"Authorization": "Bearer wrong"}) as client:
        assert client.close_code() == 1013


def test_events_are_those_of_the_protocol_that_the_client_speaks(
    gateway: GatewayProcess, pipeline: FakePipeline
) -> None:
    with RealtimeClient(gateway.url, headers={"OpenAI-Beta": "realtime=v1"}) as client:
        session = client.expect("transcription_session.created")["session"]
        assert (session["object"], session["input_audio_format"]) == ("realtime.transcription_session", "pcm16")
        client.send("transcription_session.update", session={"turn_detection": None})
        assert client.expect("transcription_session.updated")["session"]["turn_detection"] is None
        client.append(voice(0.5))
        client.commit()
        client.completed()
        assert "conversation.item.created" in client.types()
    with RealtimeClient(gateway.url, "model=gpt-realtime&language=ko") as client:
        session = client.expect("session.created")["session"]
        assert session["audio"]["input"]["transcription"]["language"] == "ko"
        client.send("session.update", session={"type": "realtime", "turn_detection": None, "voice": "alloy"})
        assert client.expect("session.updated")["session"]["turn_detection"] is None
        client.send("transcription_session.update", session={"input_audio_format": "g711_alaw"})
        assert client.expect("transcription_session.updated")["session"]["input_audio_format"] == "g711_alaw"


def test_language_and_prompt_reach_the_recogniser(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None, transcription={"language": "korean", "prompt": "Ada Lovelace"})
        for _ in range(2):
            client.append(voice(0.5))
            client.commit()
            client.completed()
            client.setting(transcription={"language": None, "prompt": "Grace"})
    told = [(job.language, job.hints) for job, _ in pipeline.seen]
    assert told == [("ko", "Ada Lovelace"), (None, "Grace")]
