"""Clients that keep to no rule: the gateway stays up, holds a bounded part of what they send, serves the next one."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import redis

from contract.jobs import UtteranceJob
from contract.messages import Result
from contract.settings import ServiceSettings
from contract.state.outcome import end_utterance
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.fake_pipeline import FakePipeline
from tests.support.raw_client import RawClient
from tests.support.raw_socket import (
    BINARY,
    CLOSE,
    CONT,
    PING,
    PONG,
    TEXT,
    close_code,
    connect,
    frame,
    memory_bytes,
    open_connections,
    open_socket,
    stuff,
    upgrade_request,
)

Start = Callable[..., GatewayProcess]
SECOND = bytes(32_000)
MIB = 1024 * 1024
HOSTILE_FRAMES = 100_000


def pid_of(gateway: GatewayProcess) -> int:
    assert gateway.service.process is not None
    return gateway.service.process.pid


def serves(gateway: GatewayProcess) -> bool:
    with RawClient(gateway.ws_url) as client:
        return client.speak(SECOND)["text"] == "16000 samples" if client.expect("session", 30) else False


def warmed_up(gateway: GatewayProcess) -> int:
    """Memory of a gateway that has served some."""
    assert all(serves(gateway) for _ in range(3))
    return memory_bytes(pid_of(gateway))


FLOODS = {
    "speech": frame(BINARY, bytes(32_000)),
    "empty frames": frame(BINARY) * 10_000,
    "two bytes a frame": frame(BINARY, b"ab") * 10_000,
}


@pytest.mark.parametrize("kind", FLOODS)
def test_what_comes_too_fast_is_not_read_rather_than_kept(
    start_gateway: Start, pipeline: FakePipeline, kind: str
) -> None:
    gateway = start_gateway(STREAM_SPEED_MAX="1", STREAM_BURST_BYTES="65536")
    before = warmed_up(gateway)
    with ExitStack() as opened, ThreadPoolExecutor(20) as senders:
        sockets = [opened.enter_context(open_socket(gateway.url)) for _ in range(20)]
        taken = list(senders.map(lambda raw: stuff(raw, FLOODS[kind], 64 * MIB), sockets))
        assert max(taken) < 32 * MIB, "the network's own buffers at most"
        assert memory_bytes(pid_of(gateway)) - before < 40 * MIB
        assert serves(gateway)


@pytest.mark.parametrize(
    "flood",
    [frame(PING, bytes(125)) * 1_000, frame(PONG, bytes(125)) * 1_000, frame(CONT, fin=False) * 10_000],
    ids=["pings", "pongs", "empty fragments"],
)
def test_a_flood_beside_the_stream_is_cut_off(start_gateway: Start, pipeline: FakePipeline, flood: bytes) -> None:
    gateway = start_gateway()
    before = warmed_up(gateway)
    for _ in range(3):
        with open_socket(gateway.url) as raw:
            raw.sendall(frame(BINARY, b"ab", fin=False))
            assert stuff(raw, flood, 256 * MIB) < 64 * MIB
            assert close_code(raw) in (1008, None), "None: the rest of the flood met a closed socket"
    with open_socket(gateway.url) as raw:
        raw.sendall(frame(BINARY, b"ab", fin=False) + flood[: len(flood) // 2])
        assert close_code(raw) == 1008
    assert memory_bytes(pid_of(gateway)) - before < 20 * MIB
    assert serves(gateway)


def test_a_usual_number_of_pings_is_answered(gateway: GatewayProcess) -> None:
    with RawClient(gateway.ws_url) as client:
        client.expect("session")
        for _ in range(50):
            assert client.socket.ping().wait(10)


def test_a_client_that_never_reads_is_cut_off_and_leaves_nothing(
    start_gateway: Start, redis_port: int, redis_client: redis.Redis, pipeline: FakePipeline
) -> None:
    gateway = start_gateway(SLOW_CLIENT_SEC="1", SESSION_OUTCOMES_MAX="5000")
    with RawClient(gateway.ws_url) as client:
        session = client.expect("session")["session"]
    settings = ServiceSettings(redis_host="127.0.0.1", redis_port=redis_port)
    for number in range(2_500):  # 20 MB of results to send again
        job = UtteranceJob(session=session, start=number * 16_000, end=(number + 1) * 16_000)
        end_utterance(redis_client, job, Result(**job.outcome_fields(), text="x" * 8_000, language="en"), settings)
    before = warmed_up(gateway)
    deaf = open_socket(gateway.url, receive_buffer=4_096, extra=f"Sec-WebSocket-Protocol: session.{session}\r\n")
    wait_until(lambda: "messages were not read" in gateway.service.tail(100), 20, "it is cut off")
    assert memory_bytes(pid_of(gateway)) - before < 30 * MIB
    wait_until(lambda: open_connections(gateway.port) == 0, 30, "its socket is given up")
    with RawClient(gateway.ws_url, session) as reader:  # and nothing is lost to one that reads
        assert [reader.expect("result")["seq"] for _ in range(2_500)] == list(range(1, 2_501))
    assert serves(gateway)
    deaf.close()


def hostile_frame(rng: random.Random) -> bytes:
    """One frame that a fuzzer may send: any kind, any size, often against the rules."""
    kind = rng.random()
    if kind < 0.40:
        return frame(BINARY, rng.randbytes(2 * rng.randrange(0, 40)))
    if kind < 0.55:
        return frame(BINARY)
    if kind < 0.65:
        return frame(BINARY, bytes(rng.choice([640, 3_200, 16_000, 65_534, 65_536])))
    if kind < 0.75:
        return frame(BINARY, b"ab", fin=False) + frame(PING, b"x") + frame(CONT, b"cd")
    if kind < 0.80:
        return frame(PONG, rng.randbytes(rng.randrange(126)))
    if kind < 0.995:
        return frame(BINARY, rng.randbytes(2 * rng.randrange(0, 400)))
    return rng.choice(
        [
            frame(BINARY, bytes(3)),
            frame(TEXT, rng.randbytes(20)),
            frame(TEXT, b'{"type":"session"}'),
            frame(BINARY, bytes(65_538)),
            frame(BINARY, bytes(8))[:7],
            frame(CONT, b"ab"),
            frame(BINARY, b"ab", fin=False) + frame(BINARY, b"ab"),
            frame(BINARY, b"ab", masked=False),
            frame(PING, bytes(126)),
            frame(PING, b"", fin=False),
            frame(CLOSE, b"\x03"),
            frame(CLOSE, b"\xff\xff" + rng.randbytes(50)),
            frame(0x3, b"ab"),
            frame(0xB, b"ab"),
            bytes([0xF2, 0x82, 0, 0, 0, 0, 1, 2]),
            bytes([0x82, 0xFF]) + b"\xff" * 8,
            rng.randbytes(rng.randrange(1, 200)),
            b"GET / HTTP/1.1\r\n\r\n",
        ]
    )


def attack(gateway: GatewayProcess, seed: int, frames: int) -> int:
    """Send `frames` hostile frames, on as many connections as it takes; returns how many connections that was."""
    rng = random.Random(seed)
    sent = connections = 0
    while sent < frames:
        connections += 1
        with open_socket(gateway.url) as raw:
            raw.settimeout(5)
            try:
                for _ in range(rng.choice([1, 4, 10])):
                    batch = rng.choice([1, 20])
                    raw.sendall(b"".join(hostile_frame(rng) for _ in range(batch)))
                    sent += batch
                if rng.random() < 0.5:
                    raw.recv(rng.choice([1, 4_096]))
            except (TimeoutError, ConnectionError):
                pass
            if rng.random() < 0.3:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # a reset, no goodbye
    return connections


def test_100_000_hostile_frames_do_no_harm(start_gateway: Start, pipeline: FakePipeline) -> None:
    gateway = start_gateway(STREAM_SPEED_MAX="1000", STREAM_BURST_BYTES="100000000", LINGER_SEC="1", QUEUE_MAX="100000")
    before = warmed_up(gateway)
    seeds = range(20)
    with ThreadPoolExecutor(20) as attackers:
        connections = sum(attackers.map(lambda seed: attack(gateway, seed, HOSTILE_FRAMES // len(seeds)), seeds))
    assert connections > 1_000, "few frames each, so that most of them meet an open connection"
    assert gateway.service.running
    assert memory_bytes(pid_of(gateway)) - before < 100 * MIB
    wait_until(lambda: serves(gateway), 20, "a usual client is served")
    wait_until(lambda: open_connections(gateway.port) == 0, 40, "no socket is left")
    log = gateway.service.log.read_text(errors="replace")
    assert "internal error" not in log
    assert "Traceback" not in log
    assert len(log.splitlines()) < HOSTILE_FRAMES


HANDSHAKES = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    b"\r\n\r\n\r\n",
    b"GET " + b"/a" * 60_000 + b" HTTP/1.1\r\n\r\n",
    b"GET /ws HTTP/1.1\r\n" + b"X-Many: 1\r\n" * 400 + b"\r\n",
    upgrade_request(extra="X-Long: " + "a" * 20_000 + "\r\n"),
    upgrade_request(extra="X-Many: 1\r\n" * 300),
    upgrade_request(extra="Cookie: wta_access=\xff\xfe\x00; ;;==\r\nAuthorization: \xe9\r\n"),
    upgrade_request(extra="Origin: http://[::1\r\n"),
    upgrade_request(extra="Origin: http://a:b:c\r\nX-Forwarded-Host: ]]\r\nX-Forwarded-For: ,,\x7f,::1%x\r\n"),
    upgrade_request("/ws?after=%00%ff&after=1&from=" + "9" * 400),
    upgrade_request("/%2e%2e/%2e%2e/etc/passwd"),
    upgrade_request().replace(b"Version: 13", b"Version: 99"),
    upgrade_request().replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"@@"),
    upgrade_request().replace(b"HTTP/1.1", b"HTTP/9.9"),
    b"GET /static/../settings.py HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /static/%2e%2e/%2e%2e/contract/messages.py HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /demo/clips/..%2f..%2fREADME.md HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /static/js%00.js HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" + b"token=" * 10_000,
    b"POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n" + bytes(100_000),
    b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
]


def answer_to(url: str, request: bytes) -> bytes:
    """What comes back until the connection ends, or nothing more does. No file of the server's is in it."""
    answer = b""
    with connect(url) as raw:
        try:
            raw.sendall(request)
            raw.settimeout(1.5)
            while piece := raw.recv(65_536):
                answer += piece
                if b"root:" in answer or b"SUBPROTOCOL" in answer or b"# Whisper" in answer:
                    raise AssertionError(f"a file of the server's for {request[:60]!r}")
                if answer.startswith(b"HTTP/1.1 101") or answer.endswith(b"}"):
                    break
        except (ConnectionError, TimeoutError):
            pass
    return answer


@pytest.mark.parametrize("access", [{}, {"ACCESS_TOKEN": "first-token-0123456789"}], ids=["open", "guarded"])
def test_a_hostile_handshake_gets_an_answer_or_none(
    start_gateway: Start, pipeline: FakePipeline, access: dict[str, str]
) -> None:
    gateway = start_gateway(HANDSHAKE_SEC="1", **access)
    with ThreadPoolExecutor(len(HANDSHAKES)) as senders:
        answers = senders.map(lambda request: answer_to(gateway.url, request), HANDSHAKES)
        for request, answer in zip(HANDSHAKES, answers, strict=True):
            assert not answer.startswith(b"HTTP/1.1 500"), request[:100]
    if not access:
        assert serves(gateway)
    assert gateway.service.running
    assert "Exception in ASGI application" not in gateway.service.log.read_text(errors="replace")
