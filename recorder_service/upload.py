"""Sends a file of any common format to the gateway's upload API, and shows its segments as they come."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from pydantic import ValidationError

from contract.messages import Error, Gap, Result, Turns
from recorder_service.audio.sources import SourceError
from recorder_service.delivery.protocol import DeliveryError
from recorder_service.live_line import counted
from recorder_service.output import Moment, Output
from runtime.logs.setup import printable

if TYPE_CHECKING:
    import httpx2

PATH = "/v1/audio/transcriptions"
SILENT_SEC = 60.0  # the server says something every 10 s
EVENT_BYTES = 1024 * 1024
NO_EVENT = "the server sent what is no event of this API"


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
    import httpx2  # here, because it takes a while to load, and a microphone does without

    try:
        with path.open("rb") as file:
            output.note(f"Sending {path}. Ctrl-C cancels.")
            return _send(file, url, output, fields, token, insecure)
    except httpx2.HTTPError as problem:
        raise DeliveryError(f"{url}: {printable(str(problem)) or type(problem).__name__}") from problem
    except BrokenPipeError:  # standard output's
        raise
    except OSError as problem:
        raise SourceError(f"{path}: cannot be read ({problem.strerror or problem})") from problem


def _send(
    file: BinaryIO, url: str, output: Output, fields: Mapping[str, str | None], token: str | None, insecure: bool
) -> tuple[int, bool]:
    import httpx2

    asked = {"model": "whisper-1", "response_format": "verbose_json", "stream": "true", **fields}
    form = {name: value for name, value in asked.items() if value is not None}
    headers = {"Accept-Encoding": "identity"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    verify = False if insecure else ssl.create_default_context()
    with (
        # No settings from the environment: a .netrc would put a password of its own in the token's place.
        httpx2.Client(verify=verify, timeout=SILENT_SEC, trust_env=False) as client,
        client.stream("POST", url, data=form, files={"file": ("file", file)}, headers=headers) as answer,
    ):
        if answer.status_code != 200:
            raise DeliveryError(_refusal(answer))
        return _show(answer, output)


def _show(answer: httpx2.Response, output: Output) -> tuple[int, bool]:
    """Show the events; see send_file."""
    for event in _events(answer):
        try:
            kind = event.get("type")
            if kind == "transcript.text.segment":
                output.message(*_result(event))
            elif kind == "transcript.segment.turns":
                output.message(_turns(event), None)
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
            raise DeliveryError(NO_EVENT) from problem
    output.problem("The connection ended before the file did. Send it again: what is done is not done twice.")
    return 0, False


def _events(answer: httpx2.Response) -> Iterator[Any]:
    """What is in the server-sent events, until the last of them or the end of the connection."""
    from httpx2 import EventSource, RemoteProtocolError

    try:
        for told in EventSource(answer, EVENT_BYTES):
            yield told.json()
    except RemoteProtocolError:  # the connection has ended in the middle
        return
    except ValueError as problem:
        raise DeliveryError(NO_EVENT) from problem


def _turns(event: dict[str, Any]) -> Turns:
    """Who speaks a segment, which is told once all was heard."""
    turns = [{**turn, "start_sec": turn["start"], "end_sec": turn["end"]} for turn in event["turns"]]
    return Turns.model_validate({"utterance": f"segment-{int(event['id'])}", "turns": turns})


def _result(segment: dict[str, Any]) -> tuple[Result, Moment]:
    result = Result(
        seq=int(segment["id"]) + 1,
        utterance=f"segment-{segment['id']}",
        start_sec=segment["start"],
        duration_sec=round(segment["end"] - segment["start"], 3),
        text=segment["text"].lstrip(" "),
        language=segment["language"],
        translation=segment["translation"],
        sentiment=segment["sentiment"],
        sentiment_reason=segment["sentiment_reason"],
        sentences=segment.get("sentences") or [],
        doubtful=segment.get("doubtful", False),
        doubtful_reason=segment.get("doubtful_reason"),
        gaps=[Gap(start_sec=gap["start"], end_sec=gap["end"], reason=gap["reason"]) for gap in segment.get("gaps", [])],
        avg_logprob=segment["avg_logprob"],
        no_speech_prob=segment["no_speech_prob"],
        temperature=segment["temperature"],
    )
    return result, Moment(segment["start"], segment["end"])


def _refusal(answer: httpx2.Response) -> str:
    body = bytearray()
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > EVENT_BYTES:
            break
    try:
        words = printable(str(json.loads(body)["error"]["message"]))
    except (ValueError, LookupError, TypeError):
        words = f"the server answered {answer.status_code}"
    retry = answer.headers.get("Retry-After", "")
    return f"{words} Try again in {retry} s." if retry.isascii() and retry.isdigit() else words
