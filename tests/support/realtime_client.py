"""A bare client of `/v1/realtime`, for tests that look at single events."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

TRANSCRIPTION = "conversation.item.input_audio_transcription"
TOKEN = "realtime-token-0123456789"
Event = dict[str, Any]


def key(token: str) -> str:
    """The sub-protocol that a browser brings a token in."""
    return f"openai-insecure-api-key.{token}"


def voice(sec: float, rate: int = 24_000, seed: int = 1) -> bytes:
    """Something as loud as a voice, s16le."""
    return np.random.default_rng(seed).normal(0, 3000, int(sec * rate)).astype("<i2").tobytes()


def quiet(sec: float, rate: int = 24_000) -> bytes:
    """Silence, s16le."""
    return bytes(2 * int(sec * rate))


class RealtimeClient:
    """One connection; `events` are all that came."""

    def __init__(
        self,
        url: str,
        query: str = "intent=transcription",
        *,
        headers: Mapping[str, str] | None = None,
        protocols: Sequence[str] = ("realtime",),
    ) -> None:
        offered: list[Any] = list(protocols)
        self._connecting = connect(
            f"{url.replace('http', 'ws', 1)}/v1/realtime?{query}",
            subprotocols=offered or None,
            additional_headers=headers,
            compression=None,
            max_size=None,
            close_timeout=2,
        )
        self.socket: ClientConnection = self._connecting.__enter__()
        self.events: list[Event] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, kind: str, **fields: Any) -> None:
        """Send one event."""
        self.socket.send(json.dumps({"type": kind, **fields}))

    def append(self, *audio: bytes, size: int = 4_800) -> None:
        """Append audio, in pieces."""
        whole = b"".join(audio)
        for first in range(0, len(whole), size):
            piece = base64.b64encode(whole[first : first + size]).decode()
            self.send("input_audio_buffer.append", audio=piece)

    def commit(self) -> None:
        """Commit."""
        self.send("input_audio_buffer.commit")

    def setting(self, **sound: Any) -> Event:
        """Set fields of the session's `audio.input`; the session as it then is."""
        self.send("session.update", session={"type": "transcription", "audio": {"input": sound}})
        return dict(self.expect("session.updated")["session"]["audio"]["input"])

    def receive(self, timeout: float = 10.0) -> Event:
        """The next event. Raises TimeoutError, ConnectionClosed."""
        event: Event = json.loads(self.socket.recv(timeout))
        assert event["event_id"] not in {one["event_id"] for one in self.events}
        self.events.append(event)
        return event

    def expect(self, kind: str, timeout: float = 10.0) -> Event:
        """The next event of this type, which names may leave out the beginning of."""
        while True:
            event = self.receive(timeout)
            if event["type"].endswith(kind):
                return event
            assert event["type"] != "error", event

    def completed(self, timeout: float = 20.0) -> Event:
        """The next transcript."""
        return self.expect(f"{TRANSCRIPTION}.completed", timeout)

    def types(self, item_id: str | None = None) -> list[str]:
        """The types of all events so far, shortened; of one item alone where it is given."""
        events = [one for one in self.events if item_id in (None, one.get("item_id"), one.get("item", {}).get("id"))]
        return [event["type"].replace("input_audio_buffer.", "").replace(TRANSCRIPTION, "…") for event in events]

    def close_code(self, timeout: float = 10.0) -> int:
        """Read until the server closes; the code that it gave."""
        try:
            while True:
                self.receive(timeout)
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "the connection broke without a close frame"
            return closed.rcvd.code
