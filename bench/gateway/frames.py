"""Many speakers at the least cost to themselves: WebSocket frames made once and written as they are, in real time.

Run as a process of its own, `python -m bench.gateway.frames PORT SPEAKERS SECONDS UTTERANCE_SEC`, so that it shares no
interpreter with what is measured. It prints a line of JSON: what it sent, and how long each `accepted` took.
UTTERANCE_SEC 0 connects and says nothing.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

FRAME_SEC = 0.1
FRAME_SAMPLES = 1_600
SLOTS = 20  # speakers send in so many groups, evenly over FRAME_SEC
ACCEPTED = b'"type":"accepted"'
RESULT = b'"type":"result"'
BUSY = re.compile(rb'"type":"busy","code":"(\w*)"')
GREETING = b'"type":"session"'
CONNECT_AT_ONCE = 50


def masked(payload: bytes) -> bytes:
    """A binary frame of a client. Its mask is zero, which changes nothing; the server unmasks it all the same."""
    size = len(payload)
    length = struct.pack("!B", 0x80 | size) if size < 126 else struct.pack("!BH", 0x80 | 126, size)
    return b"\x82" + length + bytes(4) + payload


SPEECH = masked(b"".join(struct.pack("<h", (number * 37) % 2000 - 1000) for number in range(FRAME_SAMPLES)))
END = masked(b"")


@dataclass
class Wire(asyncio.Protocol):
    """One connection. `ended`: when the empty frames that are not accepted yet were sent."""

    path: str
    transport: asyncio.Transport | None = None
    frames: int = 0
    ended: list[float] = field(default_factory=list)
    accepted_ms: list[float] = field(default_factory=list)
    results: int = 0
    busy: list[str] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the WebSocket."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {self.path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: wta.v1",
        ]
        transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def data_received(self, data: bytes) -> None:
        """Count what matters in it; a message never comes in two pieces here, as all are small."""
        if GREETING in data:
            self.open.set()
        for _ in range(data.count(ACCEPTED)):
            if self.ended:
                self.accepted_ms.append(1000 * (time.monotonic() - self.ended.pop(0)))
        self.results += data.count(RESULT)
        self.busy += [found.decode() for found in BUSY.findall(data)]

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self.closed = True
        self.open.set()

    def say(self, frames_an_utterance: int, skew: int) -> None:
        """The next frame; after the last one of an utterance the empty one."""
        if self.transport is None or self.closed:
            return
        self.frames += 1
        self.transport.write(SPEECH)
        if (self.frames + skew) % frames_an_utterance == 0:
            self.ended.append(time.monotonic())
            self.transport.write(END)


def _same(wire: Wire) -> Wire:
    return wire


async def connect(port: int, count: int, path: str) -> list[Wire]:
    """Open `count` connections, some at a time."""
    loop = asyncio.get_running_loop()
    wires: list[Wire] = []
    for first in range(0, count, CONNECT_AT_ONCE):
        some = [Wire(path) for _ in range(min(CONNECT_AT_ONCE, count - first))]
        await asyncio.gather(*(loop.create_connection(partial(_same, one), "127.0.0.1", port) for one in some))
        await asyncio.gather(*(one.open.wait() for one in some))
        wires += some
    return wires


async def run(port: int, count: int, seconds: float, utterance_sec: float, path: str) -> dict[str, object]:
    """Connect, tell that it is so by a line, speak, and say how it went."""
    wires = await connect(port, count, path)
    sys.stdout.write("connected\n")
    sys.stdout.flush()
    began = time.monotonic()
    latest = 0.0
    frames = max(1, round(utterance_sec / FRAME_SEC))
    tick = 0
    while utterance_sec > 0 and time.monotonic() - began < seconds:
        due = began + tick * FRAME_SEC / SLOTS
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        latest = max(latest, time.monotonic() - due)
        for number in range(tick % SLOTS, count, SLOTS):
            wires[number].say(frames, number * 7)
        tick += 1
    if utterance_sec <= 0:
        await asyncio.sleep(seconds)
    unsent = sum(wire.transport.get_write_buffer_size() for wire in wires if wire.transport is not None)
    await asyncio.sleep(0.5)
    accepted = sorted(one for wire in wires for one in wire.accepted_ms)
    return {
        "frames": sum(wire.frames for wire in wires),
        "accepted": len(accepted),
        "accepted_p50_ms": round(accepted[len(accepted) // 2], 1) if accepted else None,
        "accepted_p99_ms": round(accepted[int(len(accepted) * 0.99)], 1) if accepted else None,
        "results": sum(wire.results for wire in wires),
        "busy": dict(Counter(code for wire in wires for code in wire.busy)),
        "closed": sum(wire.closed for wire in wires),
        "unsent_bytes": unsent,
        "behind_ms_at_most": round(1000 * latest, 1),
    }


if __name__ == "__main__":
    to_port, speakers = int(sys.argv[1]), int(sys.argv[2])
    asked = "/ws?partials=" + (sys.argv[5] if len(sys.argv) > 5 else "1")
    said = asyncio.run(run(to_port, speakers, float(sys.argv[3]), float(sys.argv[4]), asked))
    sys.stdout.write(json.dumps(said) + "\n")
