"""A client that reads slowly never gets a partial after what replaces it."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

from contract.messages import Models, Partial, Stats, StatsBlock
from contract.speech.partials import PartialRequest
from fastapi_service.live.connection import Connection
from fastapi_service.live.counters import GatewayMetrics
from fastapi_service.live.delivery.outbox import Outbox
from fastapi_service.live.options import Options
from fastapi_service.live.sessions import OpenSession
from fastapi_service.live.transport import OwnProtocol
from fastapi_service.settings import GatewaySettings
from tests.support.lone_connection import SESSION, Accepting, until


class SlowSocket:
    """The server's end of a WebSocket whose client reads nothing before `reading` is set."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[bytes] = asyncio.Queue()
        self.reading = asyncio.Event()
        self.sent: list[str] = []

    async def receive_bytes(self) -> bytes:
        return await self.frames.get()

    async def send_text(self, text: str) -> None:
        await self.reading.wait()
        self.sent.append(json.loads(text)["type"])

    async def close(self, code: int, reason: str) -> None: ...


async def said_to_a_slow_client(end: bool) -> list[str]:
    """What it gets of a partial, and of the end of the utterance if that comes before it reads."""
    socket, accepting = SlowSocket(), cast(Any, Accepting())
    lease = OpenSession(SESSION, 1, 0, 0, None)
    connection = Connection(
        OwnProtocol(cast(Any, socket)),
        lease,
        Options(),
        accepting,
        accepting,
        GatewaySettings(),
        None,
        GatewayMetrics(),
    )
    running = asyncio.create_task(connection.run(Models(speech="", sentiment="", demo=False)))
    socket.frames.put_nowait(bytes(32_000))
    await until(lambda: connection.segmenter.pending)
    connection.partial(PartialRequest(session=SESSION, start=0, end=16_000).answer("I love"))
    if end:
        socket.frames.put_nowait(b"")
        await until(lambda: connection.segmenter.start == 16_000)
    connection.outcomes.statistics(
        Stats(session=StatsBlock(), service=StatsBlock())
    )  # leaves after a partial that waits
    socket.reading.set()
    await until(lambda: "stats" in socket.sent)
    connection.end(1000, "enough")
    await running
    return socket.sent


def test_a_partial_that_waits_is_sent() -> None:
    assert asyncio.run(said_to_a_slow_client(end=False)) == ["session", "partial", "stats"]


def test_a_partial_that_waits_is_forgotten_when_the_utterance_ends() -> None:
    assert asyncio.run(said_to_a_slow_client(end=True)) == ["session", "accepted", "stats"]


def test_the_latest_of_a_kind_replaces_the_one_before_and_can_be_discarded() -> None:
    async def look() -> None:
        outbox = Outbox(8)
        for text in ("I", "I love"):
            outbox.set_latest("partial", Partial(utterance="x-0", text=text))
        message = await outbox.get()
        assert isinstance(message, Partial)
        assert message.text == "I love"
        outbox.set_latest("partial", message)
        outbox.discard("partial")
        outbox.discard("partial")
        assert outbox.offer(Models(speech="", sentiment="", demo=False))
        assert isinstance(await outbox.get(), Models)

    asyncio.run(look())
