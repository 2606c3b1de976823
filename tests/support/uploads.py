"""Files through the whole system: what is sent, and what it leaves."""

from __future__ import annotations

import http.client
import io
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis

from contract.keys import file_key
from harness.processes import Service
from harness.speech import Clip, demo_clips
from harness.stack import Stack
from tests.support.media import encode, silence
from tests.support.multipart import FORM, PATH, body


def clip(name: str) -> Clip:
    return next(one for one in demo_clips() if one.path.stem == name)


def talk(times: int = 1) -> tuple[bytes, list[str]]:
    """Every clip with two seconds of silence after each, and what is said."""
    clips = demo_clips() * times
    return b"".join(one.pcm + silence(2.0) for one in clips), [one.text for one in clips]


def sound_file(pcm: bytes, folder: Path, extension: str = "flac") -> io.BytesIO:
    content = io.BytesIO(encode(pcm, folder / f"talk.{extension}").read_bytes())
    content.name = f"talk.{extension}"
    return content


def uploads(stack: Stack) -> list[str]:
    return os.listdir(stack.folder / "uploads")


def job_of(broker: redis.Redis, file_id: str) -> dict[str, Any]:
    raw = broker.hget(file_key(file_id), "job")
    assert isinstance(raw, bytes)
    found: dict[str, Any] = json.loads(raw)
    return found


@contextmanager
def suspended(service: Service) -> Iterator[None]:
    """The process does nothing while the context lasts, as on a machine that is very busy."""
    assert service.process is not None
    service.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        service.process.send_signal(signal.SIGCONT)


def stream(stack: Stack, sound: bytes) -> tuple[http.client.HTTPConnection, Iterator[dict[str, Any]], str]:
    """A request whose events are read one by one, and its id."""
    connection = http.client.HTTPConnection(urlsplit(stack.url).netloc, timeout=60)
    connection.request("POST", PATH, body(sound, stream="true"), FORM)
    answer = connection.getresponse()
    assert answer.status == 200

    def events() -> Iterator[dict[str, Any]]:
        for line in answer:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    return connection, events(), answer.headers["X-Transcription-Id"]
