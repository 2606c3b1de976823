"""Sending a file: what goes over the wire, early answers, certificates."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from recorder_service.audio.sources import SourceError
from recorder_service.delivery.protocol import DeliveryError
from recorder_service.output import JsonOutput, PipeConsole
from recorder_service.upload import send_file

TOKEN = "first-token-0123456789"
SEGMENT = {
    "id": "0", "start": 0.0, "end": 1.5, "text": " one\u2028two\x85", "language": "en", "translation": None,
    "sentiment": None, "sentiment_reason": "none", "avg_logprob": -0.1, "no_speech_prob": 0.0, "temperature": 0.0,
}  # fmt: skip
EVENTS = [
    {"type": "transcript.text.segment", **SEGMENT},
    {"type": "transcript.text.done", "text": "one two", "duration": 1.5, "failed_segments": [], "warnings": []},
]
Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.answer(self)

    def log_message(self, *_: object) -> None:
        pass

    def take_all(self) -> None:
        """Read the whole request."""
        self.server.headers = dict(self.headers.items())
        self.server.body = self.rfile.read(int(self.headers["Content-Length"]))

    def reply(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    answer: Answer
    headers: dict[str, str]
    body: bytes

    def handle_error(self, *_: object) -> None:
        """A client that does not trust the certificate goes."""


def events(handler: Handler) -> None:
    handler.take_all()
    lines = [f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in EVENTS]
    handler.reply(200, "text/event-stream", ": keep-alive\n\n".join(["", *lines]).encode())


@contextmanager
def serving(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[tuple[Server, str]]:
    server = Server(("127.0.0.1", 0), Handler)
    server.answer = answer
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    scheme = "http" if context is None else "https"
    try:
        yield server, f"{scheme}://127.0.0.1:{server.server_address[1]}/v1/audio/transcriptions"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(path: Path, url: str, insecure: bool = False) -> tuple[tuple[int, bool], list[dict[str, Any]]]:
    """What is returned, and what is shown."""
    out = StringIO()
    output = JsonOutput(PipeConsole(file=out, highlight=False), PipeConsole(file=StringIO(), highlight=False))
    ended = send_file(path, url, output, {"language": "en", "prompt": None}, TOKEN, insecure)
    return ended, [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "talk.mp3"
    path.write_bytes(bytes(range(256)) * 4_000)
    return path


def test_the_form_and_its_file_arrive_and_the_events_are_shown(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password another\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving(events) as (server, url):
        ended, shown = send(sound, url)
    assert ended == (0, True)
    assert [f" {line['text']}" for line in shown] == [SEGMENT["text"]], "only a line feed ends a line of an event"
    assert server.headers["Authorization"] == f"Bearer {TOKEN}"
    assert sound.read_bytes() in server.body
    assert b"talk.mp3" not in server.body
    assert b'name="language"\r\n\r\nen\r\n' in server.body
    assert b"prompt" not in server.body


def test_who_speaks_a_segment_is_shown_once_it_is_told(sound: Path) -> None:
    turn = {"speaker": 2, "start": 0.0, "end": 1.5, "first_char": 0, "end_char": 7}
    told = {"type": "transcript.segment.turns", "id": "0", "start": 0.0, "turns": [turn]}

    def answer(handler: Handler) -> None:
        handler.take_all()
        lines = [f"data: {json.dumps(event)}\n\n" for event in (EVENTS[0], told, EVENTS[1])]
        handler.reply(200, "text/event-stream", "".join(lines).encode())

    with serving(answer) as (_, url):
        ended, (result, turns) = send(sound, url)
    assert ended == (0, True)
    assert (turns["type"], turns["utterance"]) == ("turns", result["utterance"])
    assert [(one["speaker"], one["start_sec"], one["end_char"]) for one in turns["turns"]] == [(2, 0.0, 7)]

    def nonsense(handler: Handler) -> None:
        handler.take_all()
        handler.reply(200, "text/event-stream", f"data: {json.dumps(told | {'turns': [{}]})}\n\n".encode())

    with serving(nonsense) as (_, url), pytest.raises(DeliveryError, match="no event of this API"):
        send(sound, url)


def test_an_answer_that_comes_while_the_file_is_sent_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.wav"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)

    def too_large(handler: Handler) -> None:
        handler.reply(413, "application/json", b'{"error": {"message": "The file is larger than that."}}')
        handler.wfile.flush()
        handler.rfile.read(256 * 1024)
        handler.close_connection = True

    with serving(too_large) as (_, url), pytest.raises(DeliveryError, match=r"larger than that\. Try again in 7 s\."):
        send(path, url)


def test_an_answer_that_is_none_of_this_api_is_told(sound: Path) -> None:
    def page(handler: Handler) -> None:
        handler.take_all()
        handler.reply(502, "text/html", b"<html>bad gateway</html>")

    with serving(page) as (_, url), pytest.raises(DeliveryError, match="the server answered 502"):
        send(sound, url)


def test_a_connection_that_ends_early_is_told(sound: Path) -> None:
    def half(handler: Handler) -> None:
        handler.take_all()
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b": keep-alive\n\n")
        handler.close_connection = True

    with serving(half) as (_, url):
        assert send(sound, url)[0] == (0, False)


def test_a_self_signed_certificate_needs_to_be_allowed(sound: Path, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    command = ["openssl", *kind.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(events, context) as (_, url):
        with pytest.raises(DeliveryError, match="self-signed"):
            send(sound, url)
        assert send(sound, url, insecure=True)[0] == (0, True)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        send(tmp_path / "none.mp3", "http://127.0.0.1:9/v1/audio/transcriptions")
