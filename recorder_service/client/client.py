"""A client of the WebSocket in docs/protocol.md that loses nothing: for the recorder, tests, benchmarks, your program.

    async with StreamClient("ws://localhost:8000/ws", language="en") as client:
        await client.send(pcm)              # s16le mono 16 kHz, any length
        await client.end_utterance()
        complete = await client.drain(60)   # until every utterance has its outcome
        async for message in client.messages():
            ...                             # the classes of contract.messages; ends when the client is closed

With `sentences=True` and `pause()` where the speaker pauses, the server ends an utterance where a sentence ends.

Audio is kept until the server has accepted it (`buffer_sec` at most), with the places of the empty frames. A lost
connection is opened again after 1 s doubling to 30 s, and the stream goes on at the position that the server names;
outcomes that were missed are asked for by number, and those that come twice are shown once. What trying again
cannot mend raises `Refused` from every method. Read `messages()` in a task of its own beside sending, or after
`drain()`: `INBOX_MESSAGES` wait unread, then the client stops reading from the server. More in docs/client.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from contract.audio import BYTES_PER_SAMPLE
from contract.messages import Limits, Models, ServerMessage
from contract.speech.spoken_language import language_code
from recorder_service.client.connection import Address, websocket_url
from recorder_service.client.errors import Backoff, BufferFull, CannotConnect, Refused, StreamError
from recorder_service.client.runner import FRAME_BYTES, ConnectionState, StreamRunner
from recorder_service.client.session import StreamSession
from recorder_service.client.speakers import LAST_SEC
from recorder_service.client.state import StreamState

__all__ = ["Backoff", "BufferFull", "CannotConnect", "ConnectionState", "Refused", "StreamClient", "StreamError"]

BUFFER_SEC = 600.0


class StreamClient:
    """One session over as many connections as it takes. See the module's text."""

    def __init__(
        self,
        url: str,
        *,
        language: str | None = None,
        hints: str = "",
        words: bool = False,
        partials: bool = True,
        sentences: bool = False,
        speakers: bool = True,
        session: str | None = None,
        after: int | None = None,
        speakers_after: int | None = None,
        channels: int = 1,
        after2: int | None = None,
        token: str | None = None,
        insecure: bool = False,
        buffer_sec: float = BUFFER_SEC,
        wait_when_full: bool = False,
        open_timeout_sec: float = 30.0,
        backoff: Backoff | None = None,
        on_state: Callable[[ConnectionState], None] | None = None,
    ) -> None:
        """`url`: ws:// or wss://, `/ws` is put behind a bare host. `session`, `after`, `speakers_after`: resume an
        earlier session.

        `language`: what is spoken, as contract.speech.spoken_language takes it. `hints`: names and words that may come.
        `words`: whether the times of the words are told. `partials`: whether provisional texts are sent.
        `sentences`: whether the server looks for the end of a sentence where `pause` is called.
        `speakers`: whether it is told who speaks (`Turns`, `Speakers`).
        `channels`: 2 where the speech has two, a speaker each, in turn; `after2`: `after` of the second. The
        server finds the pauses then (`sentences` and `pause` do nothing), and `speakers` is not asked for.
        `token`: the access token, where the server asks for one. `insecure`: take any certificate.
        `wait_when_full`: `send` waits for room instead of raising BufferFull.
        `on_state` is called at every change of the connection. Raises ValueError for a URL of another kind, a
        language that is none, and another number of channels.
        """
        if channels not in (1, 2):
            raise ValueError("a stream has one channel or two")
        sentences, speakers = sentences and channels == 1, speakers and channels == 1
        asked = {"language": language_code(language or ""), "hints": hints or None}
        asked |= {"words": "1" if words else None, "partials": None if partials else "0"}
        asked |= {"sentences": "1" if sentences else None, "speakers": "1" if speakers else None}
        asked |= {"channels": None if channels == 1 else str(channels)}
        self._sample_bytes = BYTES_PER_SAMPLE * channels
        self._sentences = sentences
        self._address = Address(websocket_url(url), asked, token, insecure, open_timeout_sec)
        self._wait_when_full = wait_when_full
        self._stream = StreamSession(buffer_sec, session, after, speakers_after, channels, after2)
        self._state = StreamState(self._stream)
        self._runner = StreamRunner(self._state, self._address, backoff or Backoff(), on_state)
        self._running: asyncio.Task[None] | None = None

    @property
    def session(self) -> str | None:
        """The session's id, a secret; None before the server has named it."""
        return self._stream.welcome.session if self._stream.welcome else None

    @property
    def models(self) -> Models | None:
        """The models in use, once connected."""
        return self._stream.welcome.models if self._stream.welcome else None

    @property
    def limits(self) -> Limits | None:
        """The server's limits, once connected."""
        return self._stream.welcome.limits if self._stream.welcome else None

    @property
    def sentence_wait_sec(self) -> float:
        """How long an utterance stays open after a pause; 0 where pauses are not marked, and while that is unknown."""
        return self.limits.sentence_wait_sec if self._sentences and self.limits else 0.0

    @property
    def origin(self) -> int:
        """The stream position of the first sample that this client was given."""
        return self._stream.origin

    @property
    def position(self) -> int:
        """The stream position (samples) up to which the server has accepted."""
        return self._stream.ledger.base

    @property
    def last_seq(self) -> int:
        """Number of the last outcome that has come; resume with it as `after`."""
        return self._stream.trackers[0].last_seq or 0

    @property
    def last_seq2(self) -> int:
        """The same of the second channel; resume with it as `after2`."""
        return self._stream.trackers[-1].last_seq or 0

    @property
    def last_rev(self) -> int:
        """Revision of the last that was told of who speaks; resume with it as `speakers_after`."""
        return self._stream.speakers.last_rev

    @property
    def unsafe_sec(self) -> float:
        """Seconds of audio that the server has not accepted."""
        return self._stream.ledger.kept_sec

    @property
    def waiting(self) -> int:
        """How many utterances have no outcome: those accepted, and one for what is not accepted yet."""
        return self._stream.waiting

    async def __aenter__(self) -> Self:
        """Connect. Raises CannotConnect when no server answers in time; a busy one is waited for beside recording."""
        self._running = asyncio.create_task(self._runner.run(), name="stream-client")
        try:
            async with asyncio.timeout(self._address.open_timeout_sec):
                await self._state.wait_for(lambda: self._stream.welcome is not None or self._state.over)
        except TimeoutError:
            last = self._runner.last_end
            if not last.busy:
                await self.aclose()
                raise CannotConnect(f"no connection to {self._address.url}: {last.words}") from None
        except BaseException:
            await self.aclose()
            raise
        if self._state.failure is not None:
            await self.aclose()
            raise self._state.failure
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; audio that was not accepted is given up, so `drain` first."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection and end `messages()`."""
        self._state.closed = True
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._state.notify()

    async def send(self, pcm: bytes) -> None:
        """Take speech (s16le 16 kHz, whole samples: of two channels in turn, 4 bytes) and send it as soon as possible.

        Raises BufferFull when it cannot be kept, Refused when the stream is over; ValueError for half a sample.
        """
        if len(pcm) % self._sample_bytes:
            channels = self._sample_bytes // BYTES_PER_SAMPLE
            many = "an even number of" if channels == 1 else f"a multiple of {self._sample_bytes}"
            raise ValueError(f"16-bit samples need {many} bytes")
        for first in range(0, len(pcm), FRAME_BYTES):
            await self._state.keep(pcm[first : first + FRAME_BYTES], self._wait_when_full)

    async def pause(self) -> None:
        """The speaker has been quiet for about 200 ms: the server looks whether a sentence has ended here.

        Nothing where `sentence_wait_sec` is 0: the server would end the utterance, and so soon that is too early.
        """
        if self.sentence_wait_sec > 0:
            await self._state.mark(1)

    async def end_utterance(self) -> None:
        """End the utterance here (the empty frame; with `sentences` a second one), if one has begun."""
        await self._state.mark(2 if self._sentences else 1)

    async def drain(self, timeout_sec: float | None = None) -> bool:
        """End the open utterance and wait until every one has its outcome; False when the time is up before.

        Where it is told who speaks, that of the last one is waited for as well, for a second.
        """
        await self.end_utterance()
        try:
            async with asyncio.timeout(timeout_sec):
                await self._state.wait_for(lambda: self._stream.waiting == 0 or self._state.over)
        except TimeoutError:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SEC):
                await self._state.wait_for(lambda: not self._stream.speakers.due or self._state.over)
        self._state.check()
        return True

    def messages(self) -> AsyncIterator[ServerMessage]:
        """What the server says, in its order, outcomes once each; raises Refused when the stream is over for good."""
        return self._state.messages()
