"""What a server says before there is a connection: HTTP refusals, certificates, silence."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from contract.websocket import SUBPROTOCOL
from recorder_service.client.client import ConnectionState, StreamClient
from recorder_service.client.errors import Backoff, CannotConnect, Refused
from tests.recorder_service.fakes import FakeGateway, noise, run

PROTOCOLS = [Subprotocol(SUBPROTOCOL)]


def refusing(*answers: tuple[HTTPStatus, str]) -> Callable[[ServerConnection, Request], Response | None]:
    """Answers the first handshakes with these statuses and Retry-After headers, and lets the others in."""
    left = list(answers)

    def answer(connection: ServerConnection, request: Request) -> Response | None:
        if not left:
            return None
        status, retry_after = left.pop(0)
        response = connection.respond(status, "no\n")
        if retry_after:
            response.headers["Retry-After"] = retry_after
        return response

    return answer


def port_of(server: object) -> int:
    sockets = server.sockets  # type: ignore[attr-defined]
    return int(next(iter(sockets)).getsockname()[1])


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (HTTPStatus.FORBIDDEN, "does not let this client in"),
        (HTTPStatus.NOT_FOUND, "the WebSocket is at /ws"),
        (HTTPStatus.UPGRADE_REQUIRED, "speaks another protocol"),
    ],
)
def test_refusals_that_stay_are_errors_in_words(status: HTTPStatus, words: str) -> None:
    async def story() -> None:
        gateway = FakeGateway()
        refuse = refusing((status, ""))
        async with serve(gateway.handle, "127.0.0.1", 0, subprotocols=PROTOCOLS, process_request=refuse) as server:
            with pytest.raises(Refused, match=words) as refusal:
                async with StreamClient(f"ws://127.0.0.1:{port_of(server)}"):
                    pass
            assert refusal.value.code == status

    run(story)


def test_a_service_that_is_full_is_waited_for_as_long_as_it_asks() -> None:
    async def story() -> None:
        gateway = FakeGateway()
        refuse = refusing((HTTPStatus.SERVICE_UNAVAILABLE, "1"), (HTTPStatus.BAD_GATEWAY, ""))
        states: list[ConnectionState] = []
        async with serve(gateway.handle, "127.0.0.1", 0, subprotocols=PROTOCOLS, process_request=refuse) as server:
            url = f"ws://127.0.0.1:{port_of(server)}"
            async with StreamClient(url, backoff=Backoff(0.02, 0.1), on_state=states.append) as client:
                await client.send(noise(0.3))
                assert await client.drain(10)
        assert [state.state for state in states[:3]] == ["waiting", "waiting", "connected"]
        assert states[0].retry_in_sec >= 1.0
        assert states[1].retry_in_sec < 1.0
        assert gateway.only.audio == noise(0.3)

    run(story)


def test_a_self_signed_certificate_needs_to_be_allowed(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    command = ["openssl", *kind.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def story() -> None:
        gateway = FakeGateway()
        async with serve(gateway.handle, "127.0.0.1", 0, subprotocols=PROTOCOLS, ssl=context) as server:
            url = f"wss://127.0.0.1:{port_of(server)}"
            with pytest.raises(Refused, match=r"certificate is not trusted .*self-signed"):
                async with StreamClient(url):
                    pass
            async with StreamClient(url, insecure=True) as client:
                await client.send(noise(0.3))
                assert await client.drain(10)
        assert gateway.only.audio == noise(0.3)

    run(story)


def test_a_server_that_says_nothing_is_given_up_in_words() -> None:
    async def story() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        async with server:
            with pytest.raises(CannotConnect, match=r"no connection to ws://127\.0\.0\.1"):
                async with StreamClient(f"ws://127.0.0.1:{port_of(server)}", open_timeout_sec=0.4):
                    pass

    run(story)


def test_an_address_that_does_not_exist() -> None:
    async def story() -> None:
        with pytest.raises(CannotConnect, match=r"no connection to ws://no-such-host\.invalid/ws: .+"):
            async with StreamClient("ws://no-such-host.invalid", open_timeout_sec=5, backoff=Backoff(20.0)):
                pass

    run(story)
