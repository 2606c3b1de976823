"""Bodies of uploads, well-formed and not."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.http_requests import Answer, request

BOUNDARY = "----a-boundary-of-tests"
PATH = "/v1/audio/transcriptions"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    """One part of a body."""
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n'
    return head.encode() + b"\r\n" + content + b"\r\n"


def body(content: bytes | None, filename: str = "speech.wav", **fields: str) -> bytes:
    """A whole body: `fields`, and the file unless it is None. `model` is set unless given."""
    parts = [part(name, value.encode()) for name, value in {"model": "whisper-1", **fields}.items()]
    if content is not None:
        parts.append(part("file", content, filename))
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def upload(url: str, content: bytes | None, headers: Mapping[str, str] | None = None, **fields: str) -> Answer:
    """Send a file and wait for the answer."""
    return request(url, PATH, "POST", body(content, **fields), {**FORM, **(headers or {})})
