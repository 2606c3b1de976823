"""One WebSocket connection of a stream: its address, how it is opened, what it says, and what its end means."""

from __future__ import annotations

import base64
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import TypeAdapter, ValidationError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, InvalidURI, NegotiationError
from websockets.typing import Subprotocol

from contract.messages import Busy, ServerMessage
from contract.websocket import (
    CLOSE_NORMAL,
    CLOSE_TRY_AGAIN,
    SESSION_SUBPROTOCOL_PREFIX,
    SUBPROTOCOL,
    TOKEN_SUBPROTOCOL_PREFIX,
)
from recorder_service.client.errors import FINAL_CLOSE_WORDS, FINAL_HTTP_WORDS, Refused

logger = logging.getLogger(__name__)

PING_EVERY_SEC = 20.0
# The server slows a sender by not reading, and an unread ping is not answered: longer than any such pause.
PING_TIMEOUT_SEC = 300.0
CLOSE_TIMEOUT_SEC = 3.0

SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)


@dataclass(frozen=True)
class Address:
    """Where a stream goes, what it asks for (`query`, None is left out), and how it comes in.

    `insecure`: any certificate will do.
    """

    url: str
    query: Mapping[str, str | int | None] = field(default_factory=dict)
    token: str | None = field(default=None, repr=False)
    insecure: bool = False
    open_timeout_sec: float = 30.0


@dataclass(frozen=True)
class Ended:
    """How a connection ended after which another may be opened: why, and when to do it."""

    words: str
    at_once: bool = False
    idle: bool = False
    busy: bool = False
    retry_after_sec: float = 0.0


def websocket_url(url: str) -> str:
    """`url` with a WebSocket scheme, and `/ws` behind a bare host. Raises ValueError, in words, for anything else."""
    words = f"{url!r} is no WebSocket address: it looks like ws://localhost:8000/ws or wss://host/ws"
    try:
        parts = urlsplit(url)
        valid = parts.port != 0
    except ValueError as problem:
        raise ValueError(words) from problem
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if not valid or scheme not in {"ws", "wss"} or not parts.hostname or parts.fragment:
        raise ValueError(words)
    return urlunsplit(parts._replace(scheme=scheme, path=parts.path if parts.path.strip("/") else "/ws"))


def with_query(url: str, **values: str | int | None) -> str:
    """`url` with `values` (those that are not None) added to its query."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query) + [(name, str(value)) for name, value in values.items() if value is not None]
    return urlunsplit(parts._replace(query=urlencode(query)))


def open_websocket(address: Address, session: str | None, query: Mapping[str, int | None]) -> connect:
    """The connection, to be entered with `async with`; session and token travel as subprotocols, never in the URL."""
    offered = [Subprotocol(SUBPROTOCOL)]
    if session is not None:
        offered.append(Subprotocol(SESSION_SUBPROTOCOL_PREFIX + session))
    if address.token is not None:
        coded = base64.urlsafe_b64encode(address.token.encode()).decode().rstrip("=")
        offered.append(Subprotocol(TOKEN_SUBPROTOCOL_PREFIX + coded))
    url = with_query(address.url, **address.query, **query)
    return connect(
        url,
        subprotocols=offered,
        compression=None,  # speech does not deflate
        proxy=None,
        open_timeout=address.open_timeout_sec,
        ping_interval=PING_EVERY_SEC,
        ping_timeout=PING_TIMEOUT_SEC,
        close_timeout=CLOSE_TIMEOUT_SEC,
        ssl=None if url.startswith("ws:") else _any_certificate() if address.insecure else True,
    )


def parse_message(raw: str | bytes) -> ServerMessage | None:
    """The server's message, or None for one that this version does not know."""
    try:
        return SERVER_MESSAGE.validate_json(raw)
    except ValidationError as problem:
        kinds = ", ".join(sorted({detail["type"] for detail in problem.errors(include_input=False)}))
        logger.warning("a message from the server is not understood (%s)", kinds)
        return None


def ended_by_close(code: int | None, reason: str | None, busy: Busy | None, error: str) -> Ended:
    """What a close with `code` means. `busy`, `error`: what the server said before it. Raises Refused if final."""
    words = error or reason or ""
    if code in FINAL_CLOSE_WORDS:
        raise Refused(f"{FINAL_CLOSE_WORDS[code]}{f' ({words})' if words else ''}", code)
    if busy is not None:
        return Ended(busy.message, busy=True, retry_after_sec=busy.retry_after_sec)
    if code == CLOSE_TRY_AGAIN:
        return Ended(words or "the server is busy", busy=True)
    if code == CLOSE_NORMAL:
        return Ended(words or "idle", idle=True)
    return Ended(words or f"the connection was lost (code {code})")


def ended_by_problem(problem: Exception) -> Ended:
    """What a failed attempt means. Raises Refused where another would fail in the same way."""
    match problem:
        case InvalidStatus():
            status = problem.response.status_code
            if status in FINAL_HTTP_WORDS:
                raise Refused(f"{FINAL_HTTP_WORDS[status]} (HTTP {status})", status) from problem
            wait = problem.response.headers.get("Retry-After", "")
            busy = status in {429, 503}
            retry_after_sec = float(wait) if wait.isdecimal() else 0.0
            return Ended(f"the server answers HTTP {status}", busy=busy, retry_after_sec=retry_after_sec)
        case ssl.SSLCertVerificationError():
            words = f"the server's certificate is not trusted ({problem.verify_message})"
            raise Refused(f"{words}; `insecure` takes it all the same") from problem
        case InvalidURI() | NegotiationError():
            raise Refused(str(problem)) from problem
        case TimeoutError():
            return Ended("the server does not answer")
        case _:
            return Ended(str(problem) or type(problem).__name__)


def _any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
