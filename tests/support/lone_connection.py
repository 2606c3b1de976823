"""One connection of the gateway in this process: its client, and stand-ins for what is behind it.

For what depends on the order of things alone: no process, no Redis, and whatever is asked for is told.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

from contract.events import Ending, SentenceEnd
from contract.jobs import UtteranceJob
from contract.messages import Models
from contract.speech.partials import PartialRequest
from contract.speech.sentences import SentenceRequest
from fastapi_service.live.connection import Connection
from fastapi_service.live.counters import GatewayMetrics
from fastapi_service.live.options import Options
from fastapi_service.live.sessions import OpenSession
from fastapi_service.live.transport import OwnProtocol
from fastapi_service.settings import GatewaySettings
from fastapi_service.speaking.asking import Asked, OutstandingQuestions

SESSION = "o" * 32
WAIT_SEC = 30.0


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; fails when it does not within WAIT_SEC."""
    async with asyncio.timeout(WAIT_SEC):
        while not condition():  # noqa: ASYNC110 - states of several objects
            await asyncio.sleep(0.005)


class Accepting:
    """A session store and a dispatcher that take everything."""

    backlog = SimpleNamespace(limit=100)

    def __init__(self) -> None:
        self.sent: list[tuple[UtteranceJob, bytes]] = []

    async def record_cut(self, *_: object) -> bool:
        return True

    async def mark_safe(self, *_: object) -> None: ...

    async def send(self, job: UtteranceJob, pcm: bytes) -> None:
        self.sent.append((job, pcm))

    async def outcomes_after(self, *_: object) -> list[object]:
        return []

    async def statistics(self, *_: object) -> None: ...

    async def speakers_revision(self, *_: object) -> int:
        return 0

    async def speakers_after(self, *_: object) -> list[object]:
        return []


class Asking:
    """Takes the requests of all sessions, with the audio that came with them; `becomes` says what of the next."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self.turn = asyncio.Semaphore(4)
        self.outstanding = OutstandingQuestions()
        self.asked: list[tuple[PartialRequest, int, bytes]] = []
        self.becomes: Callable[[PartialRequest], Asked] = lambda _: Asked.QUEUED

    async def ask(self, _: OpenSession, request: PartialRequest, position: int, audio: bytes) -> Asked:
        self.asked.append((request, position, audio))
        return self.becomes(request)


class Client:
    """The server's end of a WebSocket, and what its client does with it."""

    def __init__(self, options: Options, settings: GatewaySettings, recorded_end: int | None) -> None:
        self._frames: asyncio.Queue[bytes] = asyncio.Queue()
        self.messages: list[dict[str, Any]] = []
        self.metrics = GatewayMetrics()
        self.pipeline = Accepting()
        self.asking = Asking(settings)
        behind = cast(Any, self.pipeline)
        lease = OpenSession(SESSION, 1, 0, 0, recorded_end)
        own, asking = OwnProtocol(cast(Any, self)), cast(Any, self.asking)
        self.connection = Connection(own, lease, options, behind, behind, settings, asking, self.metrics)

    async def receive_bytes(self) -> bytes:
        return await self._frames.get()

    async def send_text(self, text: str) -> None:
        self.messages.append(json.loads(text))

    async def close(self, code: int, reason: str) -> None: ...

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The messages of this type so far."""
        return [message for message in self.messages if message["type"] == kind]

    async def say(self, pcm: bytes) -> None:
        """Say this, in one frame; returns once it has been taken."""
        end = self.connection.segmenter.position + len(pcm) // 2
        self.send(pcm)
        await until(lambda: self.connection.segmenter.position == end)

    async def pause(self) -> None:
        """Send an empty frame; returns once it has been taken."""
        taken = self.metrics.frames + 1
        self.send(b"")
        await until(lambda: self.metrics.frames == taken)

    def send(self, frame: bytes) -> None:
        """Send a frame."""
        self._frames.put_nowait(frame)

    @property
    def questions(self) -> list[SentenceRequest]:
        """The questions so far."""
        return [request for request, *_ in self.asking.asked if isinstance(request, SentenceRequest)]

    @property
    def partials(self) -> list[PartialRequest]:
        """The requests for partials so far."""
        return [request for request, *_ in self.asking.asked if not isinstance(request, SentenceRequest)]

    async def question(self, number: int = 1) -> SentenceRequest:
        """The question of this number, as soon as it has been asked."""
        await until(lambda: len(self.questions) >= number)
        return self.questions[number - 1]

    def answer(
        self, request: PartialRequest, ending: Ending | None, text: str = "", sentence_end: SentenceEnd | None = None
    ) -> None:
        """Answer it."""
        self.connection.partial(request.answer(text, ending, sentence_end))

    async def accepted(self, number: int = 1) -> tuple[int, int]:
        """Start and end of the accepted utterance of this number."""
        await until(lambda: len(self.of("accepted")) >= number)
        message = self.of("accepted")[number - 1]
        return message["start"], message["position"]

    def cuts(self, reason: str) -> int:
        """How many utterances ended so."""
        return int(self.metrics.registry.get_sample_value("wta_gateway_cuts_total", {"reason": reason}) or 0)


@asynccontextmanager
async def lone_client(
    options: Options, settings: GatewaySettings, recorded_end: int | None = None
) -> AsyncIterator[Client]:
    """A client whose connection runs."""
    client = Client(options, settings, recorded_end)
    running = asyncio.create_task(client.connection.run(Models(speech="", sentiment="", demo=False)))
    try:
        yield client
    finally:
        client.connection.end(1000, "enough")
        await running
