"""50 sessions at once, each with words of its own: nobody sees a word, a number or an id of another's."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from contract.events import OutcomeEvent, StatsEvent
from contract.ids import session_tag
from contract.jobs import UtteranceJob
from contract.keys import PARTIALS, partial_audio_key, session_outcomes_key
from contract.messages import Result, StatsBlock
from contract.queues import FINAL_STATS, RESULT_MESSAGES
from contract.speech.partials import PartialRequest
from contract.state.outcome import end_utterance
from contract.websocket import SUBPROTOCOL
from harness.gateway import GatewayProcess
from tests.support.fake_pipeline import FakePipeline

Start = Callable[..., GatewayProcess]
SPEAKERS = 50
UTTERANCES = 4
RECONNECT_AFTER = 2
FRAME_SAMPLES = 1_600
FRAMES_MAX = 120  # of one utterance, while its partial is waited for
WORD = re.compile(r"zq(\d{3})x")


def spoken_by(number: int) -> bytes:
    """A frame whose samples all say who speaks."""
    return np.full(FRAME_SAMPLES, 1_000 + number, "<i2").tobytes()


def heard_in(pcm: bytes) -> str:
    """The word of the speaker of `pcm`; of several where audio was mixed up."""
    numbers = sorted(set(np.frombuffer(pcm, "<i2").tolist()))
    return " ".join(f"zq{number - 1_000:03d}x" for number in numbers)


class EchoPipeline(FakePipeline):
    """Recognises the speaker in the audio itself, answers partials, and sends each session its own statistics."""

    def __init__(self, redis_port: int) -> None:
        super().__init__(redis_port)
        self._partials = threading.Thread(target=self._answer, daemon=True)

    def __enter__(self) -> EchoPipeline:
        self._partials.start()
        super().__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._stopped.set()
        self._partials.join(10)
        super().__exit__(*details)

    def _end(self, arguments: list[Any]) -> None:
        pcm, header = arguments
        job = UtteranceJob.model_validate(header)
        word = heard_in(pcm)
        message = Result(**job.outcome_fields(), text=f"{word} said this", language="en", translation=word)
        seq = end_utterance(self.client, job, message, self.settings)
        entries: Any = self.client.xrange(session_outcomes_key(job.session), f"{seq}-0", f"{seq}-0")
        event = OutcomeEvent.model_validate_json(entries[0][1][b"event"])
        self.client.publish(RESULT_MESSAGES, event.model_dump_json())
        own = StatsBlock(words=int(word[2:5]))
        stats = StatsEvent(session=job.session, stats_session=own, stats_service=StatsBlock(words=-1))
        self.client.publish(FINAL_STATS, stats.model_dump_json())

    def _answer(self) -> None:
        with redis.Redis(port=self.settings.redis_port) as client:
            while not self._stopped.is_set():
                taken: Any = client.brpop([PARTIALS], 0.2)
                if taken is None:
                    continue
                asked = PartialRequest.model_validate_json(taken[1])
                audio: Any = client.get(partial_audio_key(asked.session, asked.start))
                if audio:
                    client.publish(RESULT_MESSAGES, asked.answer(f"{heard_in(audio)} says").model_dump_json())


@pytest.fixture
def echo(redis_port: int, redis_client: redis.Redis) -> Iterator[EchoPipeline]:
    with EchoPipeline(redis_port) as running:
        yield running


@dataclass
class Speaker:
    """One client, and all that it was ever sent."""

    url: str
    number: int
    session: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)

    async def speak(self) -> None:
        """Say everything, over two connections; the second gets what the first had, again."""
        await self._connection(range(RECONNECT_AFTER))
        await self._connection(range(RECONNECT_AFTER, UTTERANCES))

    async def _connection(self, utterances: range) -> None:
        offered = [Subprotocol(SUBPROTOCOL)] + ([Subprotocol(f"session.{self.session}")] if self.session else [])
        async with connect(f"{self.url}?after=0", subprotocols=offered, compression=None) as socket:
            hello = await self._take(socket)
            assert hello["type"] == "session" and self.session in ("", hello["session"])
            self.session = hello["session"]
            for _ in utterances:
                await self._utterance(socket)
            while await self._take(socket, 0.5) is not None:
                pass

    async def _utterance(self, socket: ClientConnection) -> None:
        kinds: set[str] = set()
        for _ in range(FRAMES_MAX):
            await socket.send(spoken_by(self.number))
            while (message := await self._take(socket, 0.01)) is not None:
                kinds.add(message["type"])
            if "partial" in kinds:
                break
        await socket.send(b"")
        own = sum(message["type"] == "result" for message in self.messages)
        while sum(message["type"] == "result" for message in self.messages) == own:
            assert await self._take(socket, 20) is not None, "a result came"

    async def _take(self, socket: ClientConnection, timeout_sec: float = 20.0) -> Any:
        try:
            async with asyncio.timeout(timeout_sec):
                self.messages.append(json.loads(await socket.recv()))
        except TimeoutError:
            return None
        return self.messages[-1]


def test_nobody_sees_anothers_words_numbers_or_ids(start_gateway: Start, echo: EchoPipeline) -> None:
    gateway = start_gateway(PARTIAL_EVERY_SEC="0.3", STREAM_SPEED_MAX="1000")
    speakers = [Speaker(gateway.ws_url, number) for number in range(SPEAKERS)]

    async def all_at_once() -> None:
        async with asyncio.timeout(150):
            await asyncio.gather(*(speaker.speak() for speaker in speakers))

    asyncio.run(all_at_once())
    sessions = [speaker.session for speaker in speakers]
    assert len(set(sessions)) == SPEAKERS
    partials = 0
    for speaker in speakers:
        words = json.dumps(speaker.messages)
        assert set(WORD.findall(words)) == {f"{speaker.number:03d}"}, "its own words alone"
        for other in speakers:
            if other is not speaker:
                assert other.session not in words
                assert session_tag(other.session) not in words
        assert words.count(speaker.session) == 2, "its id comes with `session`, and nowhere else"
        for message in speaker.messages:
            if message["type"] == "stats":
                assert message["session"]["words"] == speaker.number
            partials += message["type"] == "partial"
        numbers = [message["seq"] for message in speaker.messages if message["type"] == "result"]
        replayed = list(range(1, RECONNECT_AFTER + 1))
        assert numbers == [*replayed, *replayed, *range(RECONNECT_AFTER + 1, UTTERANCES + 1)]
        assert {message["type"] for message in speaker.messages} >= {"session", "accepted", "result", "stats"}
    assert partials >= SPEAKERS, "partials were looked at as well"
    log = gateway.service.log.read_text(errors="replace")
    assert not any(session in log for session in sessions)
    assert not WORD.search(log)


def test_a_session_id_is_random_and_long(gateway: GatewayProcess) -> None:
    async def ids() -> list[str]:
        found = []
        for _ in range(20):
            async with connect(gateway.ws_url, subprotocols=[Subprotocol(SUBPROTOCOL)]) as socket:
                found.append(json.loads(await socket.recv())["session"])
        return found

    found = asyncio.run(ids())
    assert len(set(found)) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", one) for one in found), "192 bits in base64url"
    # Each place takes many values: no counter, clock or address in it.
    assert all(len({one[place] for one in found}) >= 8 for place in range(32))
