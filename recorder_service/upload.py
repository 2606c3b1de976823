"""Sends a file of any common format to the gateway's upload API, and shows its segments as they come."""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from pydantic import ValidationError

from contract.messages import Error, Gap, Result
from recorder_service.audio.sources import SourceError
from recorder_service.delivery.protocol import DeliveryError
from recorder_service.output import Moment, Output, counted
from runtime.logs.setup import printable

PATH = "/v1/audio/transcriptions"
PIECE_BYTES = 64 * 1024
SILENT_SEC = 60.0  # the server says something every 10 s
LINE_BYTES = 1024 * 1024


def upload_url(text: str) -> str:
    """The address of the API in an http:// or https:// address, with or without its path. Raises ValueError."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is no http:// or https:// address")
    if parts.username is not None or parts.path.rstrip("/") not in ("", "/v1", PATH):
        raise ValueError(f"{text!r}: the address ends with the host, its port, or /v1")
    _ = parts.port  # a ValueError where it is none
    return f"{parts.scheme}://{parts.netloc}{PATH}"


def send_file(
    path: Path, url: str, output: Output, fields: Mapping[str, str | None], token: str | None, insecure: bool
) -> tuple[int, bool]:
    """Send the file and show what is in it; returns how many segments failed, and whether all was told.

    `fields` of the form: None is left out.
    Raises SourceError when the file cannot be read, DeliveryError when the server does not take it.
    """
    try:
        with path.open("rb") as file:
            return _send(file, path, url, output, fields, token, insecure)
    except (http.client.HTTPException, TimeoutError, ssl.SSLError, ConnectionError) as problem:
        raise DeliveryError(f"{url}: {printable(str(problem)) or type(problem).__name__}") from problem
    except OSError as problem:
        if problem.filename is not None:
            raise SourceError(f"{path}: cannot be read ({problem.strerror or problem})") from problem
        raise DeliveryError(f"{url}: cannot be reached ({problem.strerror or problem})") from problem


def _send(
    file: BinaryIO,
    path: Path,
    url: str,
    output: Output,
    fields: Mapping[str, str | None],
    token: str | None,
    insecure: bool,
) -> tuple[int, bool]:
    parts = urlsplit(url)
    context = ssl._create_unverified_context() if insecure else None
    connection = (
        http.client.HTTPSConnection(parts.netloc, timeout=SILENT_SEC, context=context)
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.netloc, timeout=SILENT_SEC)
    )
    try:
        boundary = secrets.token_hex(16)
        asked = {"model": "whisper-1", "response_format": "verbose_json", "stream": "true", **fields}
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in asked.items()
            if value is not None
        )
        head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n'
        tail = f"\r\n--{boundary}--\r\n"
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head.encode()) + path.stat().st_size + len(tail)),
        }
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        output.note(f"Sending {path}. Ctrl-C cancels.")
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before all was sent: the answer says why
            connection.request("POST", parts.path, _body(head, file, tail), headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise DeliveryError(_refusal(answer))
        return _show(answer, output)
    finally:
        connection.close()


def _body(head: str, file: BinaryIO, tail: str) -> Iterator[bytes]:
    yield head.encode()
    while piece := file.read(PIECE_BYTES):
        yield piece
    yield tail.encode()


def _show(answer: http.client.HTTPResponse, output: Output) -> tuple[int, bool]:
    """Show the events; see send_file."""
    while line := answer.readline(LINE_BYTES):
        if not line.startswith(b"data: "):
            continue
        try:
            event: Any = json.loads(line[6:])
            kind = event.get("type")
            if kind == "transcript.segment":
                output.message(*_result(event))
            elif kind == "error":
                raise DeliveryError(str(event["error"]["message"]))
            elif kind == "transcript.text.done":
                failed = event.get("failed_segments", [])
                for one in failed:
                    moment = Moment(one["start"], one["end"])
                    output.message(Error(code=one["code"], message=one["reason"]), moment)
                for one in event.get("warnings", []):
                    output.problem(printable(one["message"]))
                output.note(f"{counted(output.counts['result'], 'segment')} in {event['duration']:.1f} s of sound.")
                return len(failed), True
        except (ValueError, LookupError, TypeError, AttributeError, ValidationError) as problem:
            raise DeliveryError("the server sent what is no event of this API") from problem
    output.problem("The connection ended before the file did. Send it again: what is done is not done twice.")
    return 0, False


def _result(segment: dict[str, Any]) -> tuple[Result, Moment]:
    result = Result(
        seq=segment["id"] + 1,
        utterance=f"segment-{segment['id']}",
        start_sec=segment["start"],
        duration_sec=round(segment["end"] - segment["start"], 3),
        text=segment["text"],
        language=segment["language"],
        translation=segment["translation"],
        sentiment=segment["sentiment"],
        sentiment_reason=segment["sentiment_reason"],
        doubtful=segment.get("doubtful", False),
        doubtful_reason=segment.get("doubtful_reason"),
        gaps=[Gap(start_sec=gap["start"], end_sec=gap["end"], reason=gap["reason"]) for gap in segment.get("gaps", [])],
        avg_logprob=segment["avg_logprob"],
        no_speech_prob=segment["no_speech_prob"],
        temperature=segment["temperature"],
    )
    return result, Moment(segment["start"], segment["end"])


def _refusal(answer: http.client.HTTPResponse) -> str:
    try:
        error = json.loads(answer.read(LINE_BYTES))["error"]
        words = printable(str(error["message"]))
    except (ValueError, LookupError, TypeError):
        words = f"the server answered {answer.status}"
    retry = answer.getheader("Retry-After", "")
    return f"{words} Try again in {retry} s." if retry.isascii() and retry.isdigit() else words
