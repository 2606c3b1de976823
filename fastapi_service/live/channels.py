"""A stream of several channels, each heard by itself: one WebSocket, and an ordinary connection for each channel.

Each channel has a session of its own (contract.ids.channel_session), so that its utterances, their outcomes and their
order are those of any session. This takes the client's frames apart and each channel's crosstalk out, leaves out what
is quiet (live.lane), and puts the messages together: each names its channel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
from starlette.websockets import WebSocket, WebSocketDisconnect

from contract.audio import BYTES_PER_SAMPLE, FULL_SCALE, MAX_FRAME_BYTES
from contract.messages import Accepted, Busy, ChannelPlace, Error, Message, Safe, Session
from contract.speech.segmenter import Cut
from contract.websocket import CLOSE_ABNORMAL, CLOSE_ODD_BYTES, CLOSE_TOO_BIG
from fastapi_service.live.closing import CloseConnection, refused
from fastapi_service.live.lane import Lane, Skip
from fastapi_service.live.limits import REAL_TIME_BYTES_PER_SEC, ByteRate
from fastapi_service.live.sessions import OpenSession
from fastapi_service.live.transport import OwnProtocol
from fastapi_service.settings import GatewaySettings
from runtime.audio.crosstalk import CrosstalkGate
from runtime.audio.samples import to_pcm

LANE_FRAMES_MAX = 64  # that wait for one channel's connection; then the client is not read
FILTER_AHEAD_SEC = 0.0  # nobody waits for a better filter: text would come later
FILTER_FIRST_SEC = 1.5  # but in the first seconds of each voice, which would be told twice


class ChannelStream:
    """What the channels share: the client."""

    def __init__(self, websocket: WebSocket, leases: Sequence[OpenSession], settings: GatewaySettings) -> None:
        self.lanes = [LaneTransport(self, number, lease) for number, lease in enumerate(leases, 1)]
        self.ended: CloseConnection | None = None  # what the server has closed it with
        self._websocket = websocket
        self._client = OwnProtocol(websocket)
        self._leases = leases
        self._begin = min(lease.position for lease in leases)
        self._heard = [Lane(self._begin, lease.position, lease.recorded_end) for lease in leases]
        self._crosstalk = CrosstalkGate(len(leases), FILTER_AHEAD_SEC, first_sec=FILTER_FIRST_SEC)
        # Silence goes no further than here, so what is sent is counted here as well.
        self._rate = ByteRate(settings.stream_speed_max * REAL_TIME_BYTES_PER_SEC, settings.stream_burst_bytes)
        self._sending = asyncio.Lock()
        self._greetings: dict[int, Session] = {}
        self._told_safe = self._begin
        self._end_told = False

    async def read(self) -> None:
        """Take the client's frames apart until it is gone, or breaks the protocol: each channel is told."""
        problem: CloseConnection | WebSocketDisconnect
        try:
            while True:
                frame = await self._client.receive()
                await asyncio.sleep(self._rate.spend(len(frame) // len(self.lanes)))
                parts = self._parts(frame)
                for lane, own in zip(self.lanes, parts, strict=True):
                    for part in own:
                        await lane.put(part)
        except (CloseConnection, WebSocketDisconnect) as ending:
            problem = ending
        for lane in self.lanes:
            lane.fail(problem)

    async def send(self, number: int, message: Message) -> None:
        """Tell the client what one channel's connection says."""
        if isinstance(message, Session):
            self._greetings[number] = message
            if len(self._greetings) == len(self.lanes):
                await self._send(self._greeting())
            return
        if isinstance(message, Accepted | Safe):
            self.lanes[number - 1].safe = message.position
        if isinstance(message, Busy) or (isinstance(message, Error) and message.seq == 0):
            await self._tell_end(message)
        elif not isinstance(message, Safe):
            await self._send(message.model_copy(update={"channel": number}))
        safe = min(lane.safe for lane in self.lanes)
        if safe > self._told_safe and len(self._greetings) == len(self.lanes):
            self._told_safe = safe
            await self._send(Safe(position=safe))

    async def close(self, code: int, reason: str) -> None:
        """Close the WebSocket, once."""
        if self.ended is None:
            self.ended = CloseConnection(code, reason)
            await self._websocket.close(code, reason)

    async def _tell_end(self, message: Message) -> None:
        """Why the WebSocket is closed next: about no channel, and once where several say so."""
        if not self._end_told:
            self._end_told = True
            await self._send(message)

    async def _send(self, message: Message) -> None:
        async with self._sending:
            if self.ended is None:
                await self._client.send(message)

    def _greeting(self) -> Session:
        """`session` of the first channel, with the position from which all are to be sent."""
        places = [ChannelPlace(position=one.position, seq=one.seq) for _, one in sorted(self._greetings.items())]
        return self._greetings[1].model_copy(update={"position": self._begin, "channels": places})

    def _parts(self, frame: bytes) -> list[list[bytes | Skip]]:
        """What each channel hears of a frame. Raises CloseConnection."""
        count = len(self.lanes)
        if len(frame) % (BYTES_PER_SAMPLE * count):
            words = f"A frame of {count} channels must hold a multiple of {BYTES_PER_SAMPLE * count} bytes."
            raise refused(CLOSE_ODD_BYTES, "odd_bytes", words)
        if len(frame) > MAX_FRAME_BYTES:
            raise refused(CLOSE_TOO_BIG, "frame_too_big", f"A frame holds at most {MAX_FRAME_BYTES} bytes.")
        if not frame:
            rest = self._crosstalk.finish()
            fed = [lane.feed(to_pcm(own)) for lane, own in zip(self._heard, rest, strict=True)]
            return [[*own, *lane.flush()] for lane, own in zip(self._heard, fed, strict=True)]
        samples = np.frombuffer(frame, dtype="<i2").reshape(-1, count).T.astype(np.float32) / np.float32(FULL_SCALE)
        apart = self._crosstalk.feed(samples)
        return [lane.feed(to_pcm(own)) for lane, own in zip(self._heard, apart, strict=True)]


class LaneTransport:
    """One channel, as its connection speaks to the client."""

    resumes = True

    def __init__(self, stream: ChannelStream, number: int, lease: OpenSession) -> None:
        self.safe = lease.position
        self._stream = stream
        self._number = number
        self._parts: asyncio.Queue[bytes | Skip | None] = asyncio.Queue(LANE_FRAMES_MAX)
        self._problem: CloseConnection | WebSocketDisconnect | None = None

    async def put(self, part: bytes | Skip) -> None:
        """Add what is heard next; waits while too much is waiting."""
        await self._parts.put(part)

    def fail(self, problem: CloseConnection | WebSocketDisconnect) -> None:
        """Nothing more comes. What was heard before is taken first."""
        self._problem = problem
        if self._parts.empty():
            self._parts.put_nowait(None)

    async def receive(self) -> bytes | Skip:
        """The next part of the channel."""
        if self._parts.empty() and self._problem is not None:
            raise self._problem
        part = await self._parts.get()
        if part is None:
            raise self._problem or WebSocketDisconnect(CLOSE_ABNORMAL)
        return part

    async def cut(self, cut: Cut) -> None:
        """Nothing: `accepted` tells it."""

    async def send(self, message: Message) -> None:
        """Send it with the channel's number."""
        await self._stream.send(self._number, message)

    async def close(self, code: int, reason: str) -> None:
        """Close the WebSocket of all channels."""
        await self._stream.close(code, reason)
