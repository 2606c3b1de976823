"""A file that nobody holds a connection for: taken in the background, asked for by its id, kept for a while."""

from __future__ import annotations

from typing import Any, cast

import openai
import pytest
import redis

from contract.keys import FILES_KEY, file_wanted_key
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.fake_file_worker import FakeFileWorker, said
from tests.support.http_requests import Answer, request
from tests.support.multipart import FORM, PATH, body, upload

TRANSLATIONS = "/v1/audio/translations"


def begin(gateway: GatewayProcess, content: bytes, path: str = PATH, **fields: str) -> str:
    """Have a file taken in the background; returns its id."""
    answer = request(gateway.url, path, "POST", body(content, background="true", **fields), FORM)
    assert answer.status == 202, answer.text
    state = answer.json
    assert state["status"] in ("queued", "in_progress")
    assert answer.headers["location"] == f"{path}/{state['id']}"
    assert answer.headers["x-transcription-id"] == state["id"]
    assert int(answer.headers["retry-after"]) > 0
    return str(state["id"])


def tell(gateway: GatewayProcess, file_id: str, query: str = "", path: str = PATH) -> Answer:
    return request(gateway.url, f"{path}/{file_id}{query}")


def completed(gateway: GatewayProcess, file_id: str) -> dict[str, Any]:
    wait_until(lambda: tell(gateway, file_id).json["status"] == "completed", 10, "it is completed")
    found: dict[str, Any] = tell(gateway, file_id).json
    return found


def test_a_file_in_the_background_is_asked_for_until_it_is_done(
    gateway: GatewayProcess, worker: FakeFileWorker
) -> None:
    worker.holding.set()
    file_id = begin(gateway, b"background")
    wait_until(lambda: tell(gateway, file_id).json["status"] == "in_progress", 10, "the worker has it")
    state = tell(gateway, file_id)
    assert state.status == 200
    assert (state.json["object"], state.json["result"], state.json["error"]) == ("transcription", None, None)
    alone = tell(gateway, file_id, "?response_format=srt")
    assert (alone.status, alone.json["status"]) == (202, "in_progress")
    worker.holding.clear()
    result = completed(gateway, file_id)["result"]
    assert (result["text"], result["duration"]) == ("I love it. Great!", 4.0)
    assert "words" not in result
    assert tell(gateway, file_id, "?timestamp_granularities[]=word").json["result"]["words"] == []
    text = tell(gateway, file_id, "?response_format=text")
    assert (text.status, text.text) == (200, "I love it. Great!\n")
    assert tell(gateway, file_id, "?response_format=srt").text.startswith("1\n00:00:00,000 -->")
    events = tell(gateway, file_id, "?stream=true")
    assert events.headers["content-type"].startswith("text/event-stream")
    assert '"transcript.text.done"' in events.text
    known = upload(gateway.url, b"background", background="true")
    assert (known.status, known.json["status"], known.json["result"]) == (200, "completed", result)


def test_it_goes_on_though_nobody_waits(
    gateway: GatewayProcess, worker: FakeFileWorker, redis_client: redis.Redis
) -> None:
    worker.holding.set()
    file_id = begin(gateway, b"nobody waits")
    redis_client.delete(file_wanted_key(file_id))  # as if UPLOAD_LINGER_SEC had passed
    wait_until(lambda: redis_client.exists(file_wanted_key(file_id)) == 1, 10, "the gateway wants it itself")
    assert tell(gateway, file_id).json["status"] == "in_progress"
    worker.holding.clear()
    completed(gateway, file_id)


def test_who_comes_by_the_id_keeps_it_wanted(
    gateway: GatewayProcess, worker: FakeFileWorker, redis_client: redis.Redis
) -> None:
    worker.holding.set()
    file_id = begin(gateway, b"wanted")
    redis_client.expire(file_wanted_key(file_id), 5)
    tell(gateway, file_id)
    assert redis_client.ttl(file_wanted_key(file_id)) > 5


def test_a_file_that_failed_says_why(gateway: GatewayProcess, worker: FakeFileWorker) -> None:
    worker.failure = (415, "not_audio", "This is no sound.")
    worker.holding.set()
    file_id = begin(gateway, b"failed")
    worker.holding.clear()
    wait_until(lambda: tell(gateway, file_id).json["status"] == "failed", 10, "it has failed")
    state = tell(gateway, file_id)
    assert (state.status, state.json["error"]["code"], state.json["error"]["param"]) == (200, "not_audio", "file")
    alone = tell(gateway, file_id, "?response_format=json")
    assert (alone.status, alone.json["error"]) == (415, state.json["error"])


def test_a_translation_is_asked_for_under_its_own_address(gateway: GatewayProcess, worker: FakeFileWorker) -> None:
    worker.outcomes = [said("좋아요.", "ko", translation="I like it.")]
    worker.holding.set()
    file_id = begin(gateway, b"translation", TRANSLATIONS)
    worker.holding.clear()
    completed(gateway, file_id)
    state = tell(gateway, file_id, path=TRANSLATIONS).json
    assert (state["object"], state["result"]["text"]) == ("translation", "I like it.")
    assert tell(gateway, file_id).json["result"]["text"] == "좋아요."


def test_no_english_is_a_failure_of_the_translation_alone(gateway: GatewayProcess, worker: FakeFileWorker) -> None:
    worker.outcomes = [said("좋아요.", "ko", sentiment_reason="It cannot translate.")]
    worker.holding.set()
    file_id = begin(gateway, b"no english", TRANSLATIONS)
    worker.holding.clear()
    completed(gateway, file_id)
    state = tell(gateway, file_id, path=TRANSLATIONS).json
    assert (state["status"], state["result"], state["error"]["code"]) == ("failed", None, "cannot_translate")
    assert tell(gateway, file_id, "?response_format=text", TRANSLATIONS).status == 400


def test_it_can_be_cancelled_and_is_forgotten(
    gateway: GatewayProcess, worker: FakeFileWorker, redis_client: redis.Redis
) -> None:
    worker.holding.set()
    file_id = begin(gateway, b"cancelled")
    assert request(gateway.url, f"{PATH}/{file_id}", "DELETE").json["deleted"] is True
    assert redis_client.zcard(FILES_KEY) == 0
    state = tell(gateway, file_id).json
    assert (state["status"], state["error"]["code"]) == ("cancelled", "cancelled")
    assert request(gateway.url, f"{TRANSLATIONS}/{file_id}", "DELETE").json["deleted"] is True
    assert tell(gateway, file_id).status == 404


@pytest.mark.parametrize("name", ["x", "x" * 32, "..%2f..%2fetc", "%00", "a" * 1000, "content:" + "0" * 64])
def test_what_is_not_there_is_a_404(gateway: GatewayProcess, name: str) -> None:
    for path in (PATH, TRANSLATIONS):
        answer = tell(gateway, name, path=path)
        assert answer.status == 404
        assert answer.json["error"]["code"] in ("not_found", "unknown_url")


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("?response_format=xml", "response_format"),
        ("?response_format=text&response_format=srt", "response_format"),
        ("?timestamp_granularities[]=phoneme", "timestamp_granularities[]"),
        ("?stream=perhaps", "stream"),
    ],
)
def test_a_wrong_question_is_named(gateway: GatewayProcess, query: str, param: str) -> None:
    answer = tell(gateway, "x" * 32, query)
    assert (answer.status, answer.json["error"]["param"]) == (400, param)


def test_the_official_client_gets_on_by_itself(client: openai.OpenAI, worker: FakeFileWorker) -> None:
    worker.holding.set()
    begun = client.audio.transcriptions.with_raw_response.create(
        model="whisper-1", file=("a.wav", b"official"), extra_body={"background": True}
    )
    assert begun.status_code == 202
    worker.holding.clear()
    path = begun.headers["location"].removeprefix("/v1")

    def state() -> dict[str, Any]:
        return cast(dict[str, Any], client.get(path, cast_to=object))

    wait_until(lambda: state()["status"] == "completed", 10, "it is completed")
    assert state()["result"]["text"] == "I love it. Great!"
