"""Requests written byte for byte as a program's HTTP library writes them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.support.http_requests import Answer

TRANSCRIPTIONS = "/v1/audio/transcriptions"
TRANSLATIONS = "/v1/audio/translations"


def part(*headers: str, content: str | bytes) -> bytes:
    """One part of a form, its headers as they stand on the wire."""
    body = content if isinstance(content, bytes) else content.encode()
    return "\r\n".join([*headers, "", ""]).encode() + body


def field(name: str, value: str) -> bytes:
    """A part that is text, as browsers and most libraries write it."""
    return part(f'Content-Disposition: form-data; name="{name}"', content=value)


def sound(filename: str, kind: str, content: bytes) -> bytes:
    """The part `file`, as browsers and most libraries write it."""
    disposition = f'Content-Disposition: form-data; name="file"; filename="{filename}"'
    return part(disposition, f"Content-Type: {kind}", content=content)


def form(boundary: str, *parts: bytes) -> bytes:
    """A whole multipart body."""
    mark = boundary.encode()
    return b"".join(b"--" + mark + b"\r\n" + one + b"\r\n" for one in parts) + b"--" + mark + b"--\r\n"


@contextmanager
def sent(
    url: str, path: str, headers: Mapping[str, str], body: bytes | Iterable[bytes], method: str = "POST"
) -> Iterator[http.client.HTTPResponse]:
    """The answer to one request, unread. `Accept` and the like are the caller's; a body in pieces goes chunked."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    chunked = not isinstance(body, bytes)
    more = {"Transfer-Encoding": "chunked"} if chunked else {}
    try:
        connection.request(method, path, body, {**headers, **more}, encode_chunked=chunked)
        yield connection.getresponse()
    finally:
        connection.close()


def post(url: str, path: str, headers: Mapping[str, str], body: bytes | Iterable[bytes]) -> Answer:
    """Send a form and wait for the answer."""
    with sent(url, path, headers, body) as answer:
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())


def events(lines: Iterable[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Server-Sent Events with their names (empty where the server gives none) and data."""
    name, data = "", ""
    for raw in lines:
        line = raw.decode().rstrip("\r\n")
        kind, _, value = line.partition(":")
        if not line:
            if data:
                yield name, json.loads(data)
            name, data = "", ""
        elif kind == "event":
            name = value.strip()
        elif kind == "data":
            data += value.strip()
