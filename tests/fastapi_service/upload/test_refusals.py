"""What the upload API refuses, with which words, and that nothing is left behind: limits, forms, names, tokens."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest
import redis

from contract.keys import FILES_KEY, file_key, file_wanted_key
from contract.queues import FILE_QUEUE
from fastapi_service.upload.store import INCOMING
from harness.gateway import GatewayProcess
from harness.processes import free_port, start_redis, wait_until
from runtime.worker.heartbeat import Heartbeat
from tests.support.http_requests import Answer, request
from tests.support.multipart import BOUNDARY, FORM, PATH, body, part, upload

Start = Callable[..., GatewayProcess]


@pytest.fixture(autouse=True)
def file_worker(redis_client: redis.Redis) -> Iterator[None]:
    """A file worker that is alive and takes nothing."""
    worker = Heartbeat(redis_client, FILE_QUEUE, "idle", "", False, 60.0)
    worker.start()
    yield
    worker.stop()


def stored(gateway: GatewayProcess) -> list[str]:
    folder = gateway.service.log.parent / "uploads"
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def complete(gateway: GatewayProcess) -> list[str]:
    """Those that have their own names: nothing is written to them any more."""
    return [name for name in stored(gateway) if not name.startswith(INCOMING)]


def refused(answer: Answer, status: int, code: str, param: str | None = None) -> str:
    assert answer.status == status, answer.text
    error = answer.json["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param)
    assert error["type"] in ("invalid_request_error", "rate_limit_error", "server_error")
    if status in (429, 503):
        assert int(answer.headers["retry-after"]) > 0
    return str(error["message"])


Begin = Callable[[GatewayProcess, bytes], http.client.HTTPConnection]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Sends a file and does not wait for its answer; what a test leaves open is closed after it."""
    connections: list[http.client.HTTPConnection] = []

    def send(gateway: GatewayProcess, content: bytes) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=20)
        connections.append(connection)
        connection.request("POST", PATH, content, FORM)
        return connection

    yield send
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"language": "xx"}, "bad_value", "language"),
        ({"language": "englisch"}, "bad_value", "language"),
        ({"language": "e1"}, "bad_value", "language"),
        ({"response_format": "xml"}, "bad_value", "response_format"),
        ({"speakers": "two"}, "bad_value", "speakers"),
        ({"known_speaker_names[]": "x" * 20_000}, "field_too_long", "known_speaker_names[]"),
        ({"known_speaker_references[]": "x" * 4_200_000}, "field_too_long", "known_speaker_references[]"),
        ({"stream": "perhaps"}, "bad_value", "stream"),
        ({"temperature": "hot"}, "bad_value", "temperature"),
        ({"temperature": "nan"}, "bad_value", "temperature"),
        ({"temperature": "2"}, "bad_value", "temperature"),
        ({"timestamp_granularities[]": "phoneme"}, "bad_value", "timestamp_granularities[]"),
        ({"language": "x" * 20_000}, "field_too_long", "language"),
        ({"prompt": "x" * 1_100_000}, "field_too_long", "prompt"),
        ({"background": "later"}, "bad_value", "background"),
        ({"progress": "some"}, "bad_value", "progress"),
    ],
)
def test_a_wrong_field_is_named(gateway: GatewayProcess, fields: dict[str, str], code: str, param: str) -> None:
    assert refused(request(gateway.url, PATH, "POST", body(b"sound", **fields), FORM), 400, code, param)
    assert stored(gateway) == []


def test_a_file_that_is_missing_or_empty_or_comes_twice_is_refused(gateway: GatewayProcess) -> None:
    refused(upload(gateway.url, None), 400, "no_file", "file")
    refused(upload(gateway.url, b""), 400, "empty_file", "file")
    twice = part("file", b"a", "a.wav") + body(b"b")
    refused(request(gateway.url, PATH, "POST", twice, FORM), 400, "two_files", "file")
    assert stored(gateway) == []


@pytest.mark.parametrize(
    ("headers", "content", "code"),
    [
        ({}, b"x", "not_multipart"),
        ({"Content-Type": "application/json"}, b"{}", "not_multipart"),
        ({"Content-Type": "multipart/form-data"}, body(b"x"), "not_multipart"),
        ({"Content-Type": f"multipart/form-data; boundary={'b' * 300}"}, body(b"x"), "not_multipart"),
        ({"Content-Type": "multipart/form-data; boundary=other"}, body(b"x"), "bad_multipart"),
        (FORM, b"", "bad_multipart"),
        (FORM, body(b"x")[:-20], "bad_multipart"),
        (FORM, b"\xff\xfe" * 500, "bad_multipart"),
        (FORM, f"--{BOUNDARY}\r\n\r\nno name\r\n--{BOUNDARY}--\r\n".encode(), "bad_multipart"),
        (FORM, f"--{BOUNDARY}\r\n{'A' * 10_000}: b\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(), "bad_multipart"),
        (FORM, part("model", b"\xff\xff") + body(b"x"), "not_text"),
        (FORM, b"".join(part(f"f{n}", b"1") for n in range(100)) + body(b"x"), "too_many_fields"),
        (FORM, part("model", b"1") + body(b"x"), "field_twice"),
    ],
)
def test_a_body_that_is_no_form_is_refused(
    gateway: GatewayProcess, headers: dict[str, str], content: bytes, code: str
) -> None:
    answer = request(gateway.url, PATH, "POST", content, headers)
    assert answer.status == 400
    assert answer.json["error"]["code"] == code
    assert stored(gateway) == []


@pytest.fixture(scope="module")
def other_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    """A Redis that the other tests do not use, with a file worker that takes nothing."""
    port = free_port()
    with start_redis(port, tmp_path_factory.mktemp("redis")), redis.Redis(port=port) as client:
        worker = Heartbeat(client, FILE_QUEUE, "idle", "", False, 60.0)
        worker.start()
        yield client
        worker.stop()


@pytest.fixture(scope="module")
def forgetful(other_redis: redis.Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway on it that soon cancels what nobody waits for."""
    port = other_redis.get_connection_kwargs()["port"]
    gateway = GatewayProcess(port, tmp_path_factory.mktemp("forgetful"), UPLOAD_LINGER_SEC="3")
    gateway.start()
    yield gateway
    gateway.service.stop()


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "/etc/passwd", "..", "", "a\x00b", 'q"uote', "x" * 3000, "CON", "\u202egpj.wav"]
)
def test_the_clients_file_name_is_never_used(
    forgetful: GatewayProcess, other_redis: redis.Redis, begin: Begin, name: str
) -> None:
    connection = begin(forgetful, body(b"sound", name))
    wait_until(lambda: len(complete(forgetful)) == 1, 10, "the file is stored")
    (kept,) = stored(forgetful)
    assert len(kept) == 64
    assert set(kept) <= set("0123456789abcdef")
    log = forgetful.service.log
    assert {entry.name for entry in log.parent.iterdir()} == {"uploads", log.name}
    connection.close()
    (raw,) = cast(list[bytes], other_redis.zrange(FILES_KEY, 0, -1))
    wanted = file_wanted_key(raw.decode())
    assert 0 < other_redis.pttl(wanted) <= 3_000
    other_redis.delete(wanted)  # as if that time had passed
    wait_until(lambda: stored(forgetful) == [], 20, "the file that nobody waits for is deleted")


def test_a_file_of_the_largest_size_is_taken_and_no_larger_one(start_gateway: Start, begin: Begin) -> None:
    gateway = start_gateway(UPLOAD_MAX_BYTES="100000")
    begin(gateway, body(b"x" * 100_000))
    wait_until(lambda: len(complete(gateway)) == 1, 10, "the file is stored")
    assert "100000 bytes" in refused(upload(gateway.url, b"x" * 100_001), 413, "too_large", "file")


def test_what_says_that_it_is_too_large_is_refused_before_it_is_sent(start_gateway: Start) -> None:
    gateway = start_gateway(UPLOAD_MAX_BYTES="100000")
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as wire:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM['Content-Type']}\r\n"
        wire.sendall(f"{head}Content-Length: 9000000000\r\n\r\n".encode())
        assert wire.recv(100).startswith(b"HTTP/1.1 413")


def test_who_waits_for_leave_to_send_a_file_that_is_too_large_gets_none(start_gateway: Start) -> None:
    gateway = start_gateway(UPLOAD_MAX_BYTES="100000")
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as wire:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM['Content-Type']}\r\nExpect: 100-continue\r\n"
        wire.sendall(f"{head}Content-Length: 9000000000\r\n\r\n".encode())
        assert wire.recv(100).startswith(b"HTTP/1.1 413"), "no 100 Continue before it"


def test_a_body_without_a_length_is_cut_off_at_the_limit(start_gateway: Start) -> None:
    gateway = start_gateway(UPLOAD_MAX_BYTES="100000")

    def endless() -> Iterator[bytes]:
        yield part("file", b"", "f")[:-2]
        for _ in range(1_000):
            yield b"x" * 10_000

    with closing(http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=20)) as connection:
        connection.request("POST", PATH, endless(), {**FORM, "Transfer-Encoding": "chunked"}, encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 413
        assert json.load(answer)["error"]["code"] == "too_large"
    assert stored(gateway) == []


def test_only_so_many_files_wait_at_once(start_gateway: Start, redis_client: redis.Redis, begin: Begin) -> None:
    gateway = start_gateway(UPLOADS_MAX="2", UPLOAD_LINGER_SEC="3")
    waiting = [begin(gateway, body(content)) for content in (b"one", b"twoo")]
    wait_until(lambda: redis_client.zcard(FILES_KEY) == 2, 10, "two files wait")
    refused(upload(gateway.url, b"three"), 429, "uploads_full")
    again = begin(gateway, body(b"one"))  # the same content needs no place of its own
    time.sleep(0.5)  # longer than a refusal takes
    assert redis_client.zcard(FILES_KEY) == 2
    assert len(complete(gateway)) == 2
    for connection in [*waiting, again]:
        connection.close()
    wait_until(lambda: redis_client.zcard(FILES_KEY) == 0, 20, "nobody waits any more: both are cancelled")
    wait_until(lambda: stored(gateway) == [], 10, "and deleted, once Redis has said so")


def test_storage_has_a_bound(start_gateway: Start, begin: Begin) -> None:
    gateway = start_gateway(UPLOAD_STORAGE_BYTES="150000")
    begin(gateway, body(b"x" * 100_000))
    wait_until(lambda: len(complete(gateway)) == 1, 10, "the file is stored")
    refused(upload(gateway.url, b"y" * 100_000), 503, "unavailable")


def test_without_a_file_worker_or_a_folder_files_are_refused(
    start_gateway: Start, redis_client: redis.Redis, tmp_path: Path
) -> None:
    (tmp_path / "no-folder").write_text("in its place")
    gateway = start_gateway(UPLOAD_DIR=str(tmp_path / "no-folder"))
    refused(upload(gateway.url, b"sound"), 503, "unavailable")
    redis_client.flushall()
    assert "file worker" in refused(upload(gateway.url, b"sound"), 503, "unavailable")


def test_an_upload_that_stalls_is_broken_off(start_gateway: Start) -> None:
    gateway = start_gateway(UPLOAD_IDLE_SEC="1")
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as wire:
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM['Content-Type']}\r\nContent-Length: 5000\r\n\r\n"
        )
        wire.sendall(head.encode() + body(b"x" * 4000)[:500])
        assert wire.recv(100).startswith(b"HTTP/1.1 408")
    wait_until(lambda: stored(gateway) == [], 10, "what came of it is deleted")


def test_an_upload_whose_connection_breaks_leaves_nothing(start_gateway: Start, redis_client: redis.Redis) -> None:
    gateway = start_gateway()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as wire:
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM['Content-Type']}\r\nContent-Length: 5000\r\n\r\n"
        )
        wire.sendall(head.encode() + body(b"x" * 4000)[:500])
        wait_until(lambda: len(stored(gateway)) == 1, 10, "it is being written")
    wait_until(lambda: stored(gateway) == [], 10, "what came of it is deleted")
    assert redis_client.zcard(FILES_KEY) == 0


def test_a_token_is_asked_for(start_gateway: Start) -> None:
    token = "a-token-0123456789"
    gateway = start_gateway(ACCESS_TOKEN=token)
    refused(upload(gateway.url, b"sound"), 401, "not_allowed")
    wrong = {"Authorization": "Bearer wrong-token-0123456"}
    refused(upload(gateway.url, b"sound", wrong), 401, "not_allowed")
    right = {"Authorization": f"Bearer {token}"}
    refused(upload(gateway.url, b"", right), 400, "empty_file", "file")
    refused(request(gateway.url, f"{PATH}/{'x' * 32}", "DELETE"), 401, "not_allowed")
    refused(request(gateway.url, f"{PATH}/{'x' * 32}", "DELETE", headers=right), 404, "not_found")


def test_a_large_file_without_a_token_gets_its_answer(start_gateway: Start) -> None:
    gateway = start_gateway(ACCESS_TOKEN="a-token-0123456789")
    refused(upload(gateway.url, bytes(30_000_000)), 401, "not_allowed")
    assert stored(gateway) == []


@pytest.mark.parametrize("name", ["x", "x" * 32, "..%2f..%2fetc", "%00", "a" * 1000, "content:" + "0" * 64])
def test_what_is_not_there_cannot_be_cancelled(gateway: GatewayProcess, name: str) -> None:
    assert request(gateway.url, f"{PATH}/{name}", "DELETE").status == 404


def test_a_gateway_that_stops_tells_who_waits_to_come_again(
    start_gateway: Start, redis_client: redis.Redis, begin: Begin
) -> None:
    gateway = start_gateway()
    waiting = begin(gateway, body(b"sound"))
    wait_until(lambda: len(complete(gateway)) == redis_client.zcard(FILES_KEY) == 1, 10, "the file waits")
    gateway.service.stop()
    answer = waiting.getresponse()
    assert answer.status == 503
    assert answer.getheader("Retry-After") == "1"
    (raw,) = cast(list[bytes], redis_client.zrange(FILES_KEY, 0, -1))
    key = file_key(raw.decode())
    assert redis_client.hget(key, "state") == b"waiting"
    kept = stored(gateway)
    assert len(kept) == 1
    gateway.start()
    redis_client.delete(f"{key}:wanted")
    redis_client.set(f"{key}:wanted", "1", ex=9)
    begin(gateway, body(b"sound"))  # as OpenAI's client does
    wait_until(lambda: redis_client.ttl(f"{key}:wanted") > 10, 10, "the request has found the work where it was")
    assert redis_client.zcard(FILES_KEY) == 1
    wait_until(lambda: stored(gateway) == kept, 10, "what came again is not kept twice")


def test_a_file_that_belongs_to_nothing_is_swept_away(start_gateway: Start, tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir()
    long_ago = time.time() - 3600
    for name in ("0" * 64, "incoming-" + "1" * 32, "somebody-elses"):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (long_ago, long_ago))
    (folder / ("2" * 64)).write_bytes(b"just written")
    gateway = start_gateway()
    wait_until(lambda: stored(gateway) == ["2" * 64, "somebody-elses"], 20, "the orphans are gone")


def test_a_language_that_is_none_is_named(gateway: GatewayProcess) -> None:
    assert "'xx' is no language" in refused(upload(gateway.url, b"x", language="xx"), 400, "bad_value", "language")


@pytest.mark.parametrize(("written", "code"), [("English", "en"), ("pt-BR", "pt"), ("zh_TW", "zh"), ("auto", None)])
def test_a_language_may_be_written_as_people_do(
    gateway: GatewayProcess, redis_client: redis.Redis, begin: Begin, written: str, code: str | None
) -> None:
    begin(gateway, body(b"sound", language=written))
    wait_until(lambda: redis_client.zcard(FILES_KEY) == 1, 10, "the file is taken")
    (file_id,) = cast(list[bytes], redis_client.zrange(FILES_KEY, 0, -1))
    job = cast(bytes, redis_client.hget(file_key(file_id.decode()), "job"))
    assert json.loads(job)["language"] == code


@pytest.mark.parametrize(
    ("fields", "hints"),
    [
        ({"prompt": "\ud0a4\uc6cc\ub4dc, " * 3_000 + "the last"}, "the last"),
        ({"prompt": "x" * 40_000 + "\u20ac" * 400}, "\u20ac" * 400),
        ({"hotwords": "Kim Minji, Daejeon"}, "Kim Minji, Daejeon"),
        ({"hotwords": "Kim Minji", "prompt": "A film."}, "Kim Minji A film."),
        ({"keywords[]": "Daejeon", "prompt": ""}, "Daejeon"),
    ],
)
def test_of_a_long_prompt_the_end_counts_whatever_it_is_called(
    gateway: GatewayProcess, redis_client: redis.Redis, begin: Begin, fields: dict[str, str], hints: str
) -> None:
    begin(gateway, body(b"sound", **fields))
    wait_until(lambda: redis_client.zcard(FILES_KEY) == 1, 10, "the file is taken")
    (file_id,) = cast(list[bytes], redis_client.zrange(FILES_KEY, 0, -1))
    job = json.loads(cast(bytes, redis_client.hget(file_key(file_id.decode()), "job")))
    assert job["hints"].endswith(hints)
    assert len(job["hints"]) <= 1_000
