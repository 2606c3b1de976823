"""One recording from its first block to its last outcome: source, gate, delivery and output at work together."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.messages import Dropped, Error, Result, ServerMessage
from recorder_service.audio.sources import Source, SourceError
from recorder_service.audio.stereo import SAMPLE_BYTES, StereoGate
from recorder_service.client.errors import BufferFull, StreamError
from recorder_service.delivery.protocol import Delivery
from recorder_service.live_line import Status, counted
from recorder_service.output import Moment, Output
from runtime.audio.gate import Mark, VoiceGate


class WavWriter:
    """Writes what was captured as it comes; a full disk ends the writing, in words, and not the recording."""

    def __init__(self, path: Path, output: Output, channels: int = 1) -> None:
        """Raises OSError when `path` cannot be written."""
        self._output = output
        self._path = path
        self._file = path.open("wb")  # opened here: a wave writer that could not open its file breaks when it goes
        self._wave: wave.Wave_write | None = wave.open(self._file, "wb")  # noqa: SIM115 - closed by close()
        self._wave.setnchannels(channels)
        self._wave.setsampwidth(BYTES_PER_SAMPLE)
        self._wave.setframerate(SAMPLE_RATE_HZ)

    def write(self, pcm: bytes) -> None:
        """Append `pcm`."""
        if self._wave is None:
            return
        try:
            self._wave.writeframesraw(pcm)
        except OSError as problem:
            self._output.problem(f"{self._path} is not written any further: {problem.strerror or problem}")
            self.close()

    def close(self) -> None:
        """Finish the file."""
        writer, self._wave = self._wave, None
        if writer is None:
            return
        try:
            try:
                writer.close()
            finally:
                self._file.close()
        except OSError as problem:
            self._output.problem(f"{self._path} is incomplete: {problem.strerror or problem}")


class Recording:
    """Runs once. `failed` tells afterwards whether it broke off."""

    def __init__(
        self,
        source: Source,
        gate: VoiceGate | StereoGate,
        delivery: Delivery,
        output: Output,
        writer: WavWriter | None,
        limit_sec: float | None,
        connection_words: Callable[[], str],
    ) -> None:
        """`gate`: for as many channels as `source` has. `limit_sec`: of captured sound. `connection_words`: what is
        wrong with the connection, for the live line."""
        self.failed = False
        self._recording = True
        self._connection_words = connection_words
        self._source = source
        self._gate = gate
        self._delivery = delivery
        self._output = output
        self._writer = writer
        self._sample_bytes = SAMPLE_BYTES if isinstance(gate, StereoGate) else BYTES_PER_SAMPLE
        self._limit = None if limit_sec is None else round(limit_sec * SAMPLE_RATE_HZ) * self._sample_bytes
        self._captured = 0  # bytes
        self._overflows = 0

    def status(self) -> Status:
        """What the live line shows."""
        return Status(
            recording=self._recording,
            levels=self._gate.levels if isinstance(self._gate, StereoGate) else (self._gate.level,),
            speaking=self._gate.is_open,
            captured_sec=self._captured / (self._sample_bytes * SAMPLE_RATE_HZ),
            waiting=self._delivery.waiting,
            overflows=self._source.overflows,
            connection=self._connection_words(),
        )

    async def capture(self) -> None:
        """Send what the source has, until it ends, breaks, or the limit is reached."""
        try:
            async with aclosing(self._source.blocks()) as blocks:
                async for block in blocks:
                    await self._take(block)
                    if self._limit is not None and self._captured >= self._limit:
                        break
            await self._deliver(self._gate.flush())
        except SourceError as problem:
            self._break_off(str(problem))
            await self._deliver(self._gate.flush())
        except BufferFull as problem:
            self._break_off(f"Recording has stopped: {problem}. What was recorded until here is kept and sent.")
        except StreamError as problem:
            self._break_off(f"Recording has stopped: {problem}.")
        finally:
            self._recording = False
            if self._writer is not None:
                self._writer.close()

    async def show(self) -> None:
        """Show what comes back, until the delivery is closed."""
        try:
            async for message in self._delivery.messages():
                self._output.message(message, self._moment(message))
        except StreamError as problem:
            if not self.failed:
                self._break_off(f"Recording has stopped: {problem}.")
            self._source.stop()

    async def finish(self, wait_sec: float, given_up: asyncio.Event) -> int:
        """Wait for the outcomes that are due, `wait_sec` at most or until `given_up`; how many are missing."""
        waiting = asyncio.create_task(self._delivery.drain(wait_sec))
        impatient = asyncio.create_task(given_up.wait())
        await asyncio.wait({waiting, impatient}, return_when=asyncio.FIRST_COMPLETED)
        for task in (waiting, impatient):
            task.cancel()
        (result, _) = await asyncio.gather(waiting, impatient, return_exceptions=True)
        if isinstance(result, StreamError) and not self.failed:
            self._break_off(f"The results do not come: {result}.")
        return self._delivery.waiting

    def _break_off(self, words: str) -> None:
        self.failed = True
        self._output.problem(words)

    async def _take(self, block: bytes) -> None:
        if self._limit is not None:
            block = block[: self._limit - self._captured]
        self._captured += len(block)
        if self._writer is not None:
            self._writer.write(block)
        if self._source.overflows > self._overflows:
            self._overflows = self._source.overflows
            self._output.problem(
                f"Sound was lost: the microphone was read too late, {counted(self._overflows, 'time')} so far."
            )
        self._gate.mark_pauses(round(1000 * self._delivery.sentence_wait_sec))  # which another connection may change
        await self._deliver(self._gate.feed(block))

    async def _deliver(self, pieces: list[bytes | Mark]) -> None:
        for piece in pieces:
            match piece:
                case Mark.PAUSE:
                    await self._delivery.pause()
                case Mark.END:
                    await self._delivery.end_utterance()
                case speech:
                    await self._delivery.send(speech)

    def _moment(self, message: ServerMessage) -> Moment | None:
        """When the utterance of an outcome was spoken; None for every other message."""
        if not isinstance(message, Result | Dropped | Error) or message.duration_sec <= 0:
            return None
        first = round(message.start_sec * SAMPLE_RATE_HZ) - self._delivery.origin
        last = first + round(message.duration_sec * SAMPLE_RATE_HZ) - 1  # behind a pause, maybe, that was not sent
        begin, end = self._gate.timeline.captured_at(first), self._gate.timeline.captured_at(last) + 1
        return Moment(begin / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ)
