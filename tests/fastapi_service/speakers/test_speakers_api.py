"""`/v1/speakers` and `/v1/speakers/forget`: what they change, whom they tell, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis

from contract.keys import speakers_key
from contract.messages import Speaker
from contract.state.speakers import session_speakers
from harness.gateway import GatewayProcess
from tests.support.http_requests import Answer, log_in, request
from tests.support.raw_client import RawClient
from tests.support.told_speakers import Teller, turn

TOKEN = "a-token-of-32-characters-0123456"
JSON = {"Content-Type": "application/json"}
NAME, FORGET = "/v1/speakers", "/v1/speakers/forget"
Start = Callable[..., GatewayProcess]


def post(gateway: GatewayProcess, path: str, body: object, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request(gateway.url, path, "POST", raw, JSON | headers)


def opened(gateway: GatewayProcess, redis_client: redis.Redis, **known: Any) -> tuple[RawClient, Teller]:
    client = RawClient(gateway.ws_url, None, "speakers=1", **known)
    return client, Teller(redis_client, client.expect("session")["session"])


def test_a_name_is_kept_and_everybody_is_told(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    client, who = opened(gateway, redis_client)
    with client:
        who.speakers(Speaker(speaker=1), Speaker(speaker=2))
        client.expect("speakers")
        answer = post(gateway, NAME, {"session": who.session, "speaker": 2, "name": "  Anna 안나 "})
        assert answer.status == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert client.expect("speakers") == answer.json
        assert answer.json["rev"] == 2
        assert [(one["speaker"], one["name"]) for one in answer.json["speakers"]] == [(1, None), (2, "Anna 안나")]
        known = session_speakers(redis_client, who.session)
        assert (known.rev, known.state) == (2, b"voices")  # what the worker keeps is as it was
        for nothing in (None, "", "  "):
            post(gateway, NAME, {"session": who.session, "speaker": 1, "name": "Ben"})
            answer = post(gateway, NAME, {"session": who.session, "speaker": 1, "name": nothing})
            assert answer.json["speakers"][0]["name"] is None
        assert 0 < redis_client.ttl(speakers_key(who.session)) <= 86_400
    assert "Anna" not in gateway.service.tail(2000)


def test_who_was_found_to_be_another_is_named_as_that_one(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    client, who = opened(gateway, redis_client)
    with client:
        who.speakers(Speaker(speaker=1), Speaker(speaker=2, same_as=1), Speaker(speaker=3, same_as=2))
        answer = post(gateway, NAME, {"session": who.session, "speaker": 3, "name": "Anna"})
        assert [one["name"] for one in answer.json["speakers"]] == ["Anna", None, None]


def test_the_voice_prints_are_forgotten_at_once(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    client, who = opened(gateway, redis_client)
    with client:
        who.speakers(Speaker(speaker=1, name="Anna"), state=b"secret voices")
        before = session_speakers(redis_client, who.session)
        answer = post(gateway, FORGET, {"session": who.session})
        assert (answer.status, answer.json["speakers"][0]["name"]) == (200, "Anna")
        after = session_speakers(redis_client, who.session)
        assert (after.state, after.speakers) == (b"", before.speakers)
        assert after.rev > before.rev  # a worker that read them before cannot write them back
        assert answer.json["rev"] == after.rev
        who.turns(0, turn(2, 0.0, 1.0, 0, 5))
        assert client.expect("turns")["rev"] == after.rev + 1


def test_a_session_without_speakers_has_nothing_to_forget(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    client, who = opened(gateway, redis_client)
    with client:
        answer = post(gateway, FORGET, {"session": who.session})
        assert (answer.status, answer.json["speakers"]) == (200, [])


@pytest.mark.parametrize("path", [NAME, FORGET])
def test_an_unknown_session_is_no_session(gateway: GatewayProcess, path: str) -> None:
    answer = post(gateway, path, {"session": "s" * 32, "speaker": 1, "name": "Anna"})
    assert (answer.status, answer.json["error"]["code"]) == (404, "unknown_session")
    assert answer.json["error"]["param"] == "session"


def test_an_unknown_speaker_is_told(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    client, who = opened(gateway, redis_client)
    with client:
        for number in (1, 2, 10**30):
            answer = post(gateway, NAME, {"session": who.session, "speaker": number, "name": "Anna"})
            assert (answer.status, answer.json["error"]["code"]) == (404, "unknown_speaker")


SESSION = "s" * 32


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "session"),
        ({"session": "short", "speaker": 1}, "session"),
        ({"session": "../" * 10, "speaker": 1}, "session"),
        ({"session": 5, "speaker": 1}, "session"),
        ({"session": SESSION}, "speaker"),
        ({"session": SESSION, "speaker": 0}, "speaker"),
        ({"session": SESSION, "speaker": "1"}, "speaker"),
        ({"session": SESSION, "speaker": True}, "speaker"),
        ({"session": SESSION, "speaker": 1.5}, "speaker"),
        ({"session": SESSION, "speaker": 1, "name": "x" * 61}, "name"),
        ({"session": SESSION, "speaker": 1, "name": "An\nna"}, "name"),
        ({"session": SESSION, "speaker": 1, "name": "An\u001b[2Jna"}, "name"),
        ({"session": SESSION, "speaker": 1, "name": "An\u2028na"}, "name"),
        ({"session": SESSION, "speaker": 1, "name": 7}, "name"),
    ],
)
def test_a_value_that_cannot_be_is_named(gateway: GatewayProcess, body: dict[str, Any], param: str) -> None:
    answer = post(gateway, NAME, body)
    assert (answer.status, answer.json["error"]["code"]) == (400, "bad_value")
    assert answer.json["error"]["param"] == param
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"[]", b"1", b'"x"', b"\xff\xfe", b"[" * 4000])
def test_what_is_no_object_is_refused(gateway: GatewayProcess, raw: bytes) -> None:
    for path in (NAME, FORGET):
        answer = post(gateway, path, raw)
        assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_json"), raw


def test_a_large_body_is_refused(gateway: GatewayProcess) -> None:
    answer = post(gateway, NAME, b"x" * 200_000)
    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")


def test_another_method_is_none(gateway: GatewayProcess) -> None:
    assert request(gateway.url, NAME).status == 405


def test_the_description_has_both(gateway: GatewayProcess) -> None:
    paths = request(gateway.url, "/openapi.json").json["paths"]
    for path in (NAME, FORGET):
        described = paths[path]["post"]
        assert "session" in described["requestBody"]["content"]["application/json"]["schema"]["properties"]
        assert {"200", "400", "401", "403", "404", "413", "429", "503"} <= set(described["responses"])
        assert described["responses"]["200"]["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/Speakers"
        }


def test_a_guarded_service_asks_for_its_token(start_gateway: Start, redis_client: redis.Redis) -> None:
    gateway = start_gateway(ACCESS_TOKEN=TOKEN, ALLOWED_ORIGINS="https://friend.example")
    client, who = opened(gateway, redis_client, token=TOKEN)
    with client:
        who.speakers(Speaker(speaker=1))
        asked = {"session": who.session, "speaker": 1, "name": "Anna"}
        assert post(gateway, NAME, asked).json["error"]["code"] == "not_allowed"
        assert post(gateway, NAME, asked, Authorization="Bearer " + "x" * 32).status == 401
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert post(gateway, NAME, asked, **bearer).status == 200
        cookie = {"Cookie": log_in(gateway.url, TOKEN).cookie}
        assert post(gateway, NAME, asked, Origin=gateway.url, **cookie).status == 200
        evil = post(gateway, FORGET, {"session": who.session}, Origin="https://evil.example", **cookie)
        assert (evil.status, evil.json["error"]["code"]) == (403, "origin_not_allowed")
        assert session_speakers(redis_client, who.session).state == b"voices"
        friend = post(gateway, NAME, asked, Origin="https://friend.example", **bearer)
        assert friend.headers["access-control-allow-origin"] == "https://friend.example"
        preflight = request(
            gateway.url,
            NAME,
            "OPTIONS",
            headers={"Origin": "https://friend.example", "Access-Control-Request-Method": "POST"},
        )
        assert preflight.status == 204


def test_two_who_name_at_once_are_both_heard(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    from concurrent.futures import ThreadPoolExecutor

    client, who = opened(gateway, redis_client)
    with client:
        who.speakers(*(Speaker(speaker=number) for number in range(1, 9)))
        with ThreadPoolExecutor(8) as people:
            answers = list(
                people.map(
                    lambda number: post(
                        gateway, NAME, {"session": who.session, "speaker": number, "name": f"N{number}"}
                    ),
                    range(1, 9),
                )
            )
        assert [answer.status for answer in answers] == [200] * 8
        names = [one.name for one in session_speakers(redis_client, who.session).speakers]
        assert names == [f"N{number}" for number in range(1, 9)]
