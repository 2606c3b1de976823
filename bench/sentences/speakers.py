"""People who speak in real time through the voice gate, and what they were shown of each sentence, when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.pipeline.speakers import DRAIN_SEC, ROUNDING
from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.messages import Dropped, Error, Result, Turns
from harness.human_voices import Clip
from recorder_service.client.client import StreamClient
from runtime.audio.gate import HANGOVER_MS, PAUSE_MS, Mark, VoiceGate, frame_levels

THRESHOLD = 0.0005  # mean square, the gate's default
BLOCK_SEC = 0.02
BLOCK_BYTES = int(BLOCK_SEC * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE
QUIET_SEC = 2.5  # after a sentence: longer than any utterance stays open
LONGEST_SEC = 13.0  # a prompt that is one utterance is shorter


@dataclass
class Said:
    """One sentence: its words, its place in the stream (samples; `last` is behind its last loud moment), when that
    moment was (monotonic s), and the outcomes in it with the times at which they came."""

    text: str
    start: int
    last: int = 0
    spoken: float = 0.0
    outcomes: list[tuple[Result | Dropped | Error, int, float]] = field(default_factory=list)
    told: dict[int, float] = field(default_factory=dict)  # when it was first told who speaks, by the utterance

    @property
    def results(self) -> list[Result]:
        """What was shown, in the order of speaking."""
        return [one for one, _, _ in sorted(self.outcomes, key=lambda found: found[1]) if isinstance(one, Result)]

    @property
    def wait_ms(self) -> float | None:
        """From the last loud moment to the outcome that covers it."""
        for message, start, shown in self.outcomes:
            if start < self.last <= start + round(message.duration_sec * SAMPLE_RATE_HZ) + ROUNDING:
                return 1000 * (shown - self.spoken)
        return None


class Speaker:
    """One client. `sentences`: pauses are marked, as the page and the recorder do; else 500 ms of quiet end."""

    def __init__(self, url: str, spoken: Sequence[Clip], sentences: bool, voices: bool = False) -> None:
        """`voices`: who speaks is asked for as well."""
        self.said: list[Said] = []
        self._url = url
        self._spoken = spoken
        self._sentences = sentences
        self._voices = voices
        self._sent = 0  # samples

    async def talk(self, first_wait_sec: float) -> None:
        """Say everything, and wait for the outcomes."""
        await asyncio.sleep(first_wait_sec)
        async with StreamClient(self._url, language="en", sentences=self._sentences, speakers=self._voices) as client:
            reader = asyncio.create_task(self._read(client))
            for clip in self._spoken:
                await self._say(client, clip)
            await client.drain(DRAIN_SEC)
        await reader

    async def _say(self, client: StreamClient, clip: Clip) -> None:
        pcm = clip.pcm + bytes(int(QUIET_SEC * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE)
        loud = np.flatnonzero(frame_levels(pcm[: len(pcm) // BLOCK_BYTES * BLOCK_BYTES]) >= THRESHOLD)
        said = Said(clip.text, self._sent)
        self.said.append(said)
        gate, began = VoiceGate(THRESHOLD), time.monotonic()
        said.spoken = began + (int(loud[-1]) + 1) * BLOCK_SEC
        async for piece in through_the_gate(client, gate, pcm, began, self._sentences):
            match piece:
                case Mark.PAUSE:
                    said.last = self._sent - PAUSE_MS * SAMPLE_RATE_HZ // 1000
                case Mark.END:
                    if not self._sentences:
                        said.last = self._sent - HANGOVER_MS * SAMPLE_RATE_HZ // 1000
                case speech:
                    self._sent += len(speech) // BYTES_PER_SAMPLE

    async def _read(self, client: StreamClient) -> None:
        async for message in client.messages():
            if isinstance(message, Result | Dropped | Error | Turns) and message.utterance:
                start = int(message.utterance.rpartition("-")[2])
                said = next(one for one in reversed(self.said) if one.start <= start)
                if isinstance(message, Turns):
                    said.told.setdefault(start, time.monotonic())
                else:
                    said.outcomes.append((message, start, time.monotonic()))


async def through_the_gate(
    client: StreamClient, gate: VoiceGate, pcm: bytes, began: float, sentences: bool = True
) -> AsyncIterator[bytes | Mark]:
    """Play `pcm` through `gate` into `client` in real time, from `began` (monotonic s) on; each piece that was sent."""
    for number, first in enumerate(range(0, len(pcm), BLOCK_BYTES), 1):
        await asyncio.sleep(max(0.0, began + number * BLOCK_SEC - time.monotonic()))
        gate.mark_pauses(round(1000 * client.sentence_wait_sec) if sentences else 0)
        for piece in gate.feed(pcm[first : first + BLOCK_BYTES]):
            match piece:
                case Mark.PAUSE:
                    await client.pause()
                case Mark.END:
                    await client.end_utterance()
                case speech:
                    await client.send(speech)
            yield piece


async def speak(url: str, spoken: Sequence[Clip], speakers: int, sentences: bool, voices: bool = False) -> list[Said]:
    """All of `spoken`, dealt to so many speakers, who begin one after the other; what became of each sentence."""
    crowd = [Speaker(url, spoken[number::speakers], sentences, voices) for number in range(speakers)]
    async with asyncio.TaskGroup() as group:
        for number, speaker in enumerate(crowd):
            group.create_task(speaker.talk(0.37 * number))
    return [one for speaker in crowd for one in speaker.said]
