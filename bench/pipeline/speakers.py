"""People who speak in real time through the project's own client, and what they were shown, when."""

from __future__ import annotations

import asyncio
import math
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle

import numpy as np

from bench.clips import clips
from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.messages import Dropped, Error, Result
from harness.human_voices import clips as human_clips
from recorder_service.client.client import ConnectionState, StreamClient
from recorder_service.client.errors import Backoff
from runtime.audio.samples import to_pcm

FRAME_SEC = 0.1
FRAME_BYTES = int(FRAME_SEC * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE
HANGOVER_SEC = 0.5  # what the page's voice gate waits, and sends, after the last speech
PAUSE_SEC = (0.3, 1.5)
CLIPS = 300
PROMPTS = 120
ROUNDING = SAMPLE_RATE_HZ // 1000  # samples in a message's last digit of seconds
DRAIN_SEC = 60.0
NUMBER = re.compile(r"\d+")  # in words to a speaker: the same words with another number count as the same


@dataclass(frozen=True)
class Sentence:
    """One held-out clip: what is said, and s16le audio with the hangover's silence behind it."""

    text: str
    pcm: bytes


@dataclass
class Said:
    """One sentence. `ended`: when its last frame and the empty one were sent (monotonic s), after the hangover.

    One that is longer than an utterance may be comes back in parts, the first while it is still spoken: `heard` has the
    text of each, `outcome` and `shown` are the last one's. `refused`: the service was away or busy at some time before
    its outcome, and its audio waited with the speaker.
    """

    text: str
    start: int
    samples: int
    ended: float = math.inf
    refused: bool = False
    heard: list[str] = field(default_factory=list)
    shown: float | None = None
    outcome: Result | Dropped | Error | None = None


@dataclass
class Speaker:
    """Speaks sentences with pauses between, and reads what comes back. `refusals`: what it was told when not served."""

    url: str
    sentences: Iterator[Sentence]
    seed: int
    said: list[Said] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    most_unsafe_sec: float = 0.0
    away: bool = False
    complete: bool = False

    async def talk(self, first_wait_sec: float, until: float) -> None:
        """Speak until the time `until` (monotonic s), then wait for the outcomes."""
        dice = random.Random(self.seed)
        await asyncio.sleep(first_wait_sec)
        client = StreamClient(
            self.url, language="en", backoff=Backoff(0.5, 5.0), on_state=self._note, open_timeout_sec=30.0
        )
        async with client:
            reader = asyncio.create_task(self._read(client))
            while time.monotonic() < until:
                await self._say(client, next(self.sentences))
                self.most_unsafe_sec = max(self.most_unsafe_sec, client.unsafe_sec)
                await asyncio.sleep(dice.uniform(*PAUSE_SEC))
            self.complete = await client.drain(DRAIN_SEC)
        await reader

    async def _say(self, client: StreamClient, sentence: Sentence) -> None:
        pcm, began = sentence.pcm, time.monotonic()
        start = self.said[-1].start + self.said[-1].samples if self.said else 0
        said = Said(sentence.text, start, len(pcm) // BYTES_PER_SAMPLE)
        self.said.append(said)
        for number, first in enumerate(range(0, len(pcm), FRAME_BYTES), 1):
            await asyncio.sleep(max(0.0, began + number * FRAME_SEC - time.monotonic()))  # a frame is sent at its end
            await client.send(pcm[first : first + FRAME_BYTES])
        said.ended = time.monotonic()
        said.refused |= self.away
        await client.end_utterance()

    async def _read(self, client: StreamClient) -> None:
        async for message in client.messages():
            if isinstance(message, Result | Dropped | Error) and message.utterance:
                start = int(message.utterance.rpartition("-")[2])
                said = next(one for one in reversed(self.said) if one.start <= start)
                said.heard += [message.text] if isinstance(message, Result) else []
                if start + round(message.duration_sec * SAMPLE_RATE_HZ) >= said.start + said.samples - ROUNDING:
                    said.outcome, said.shown = message, time.monotonic()

    def _note(self, state: ConnectionState) -> None:
        self.away = state.state == "waiting"
        if self.away:
            self.refusals.append(NUMBER.sub("some", state.words))
            for said in self.said:
                said.refused |= said.outcome is None


def human_sentences() -> Iterator[Sentence]:
    """English prompts by a professional speaker, each once before any comes again. Raises HumanVoicesMissingError."""
    silence = b"\0" * (int(HANGOVER_SEC * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE)
    return cycle([Sentence(one.text, one.pcm + silence) for one in human_clips("en", PROMPTS)])


def sentences() -> Iterator[Sentence]:
    """The held-out clips of the quality part in mixed order, each once before any comes again."""
    silence = np.zeros(int(HANGOVER_SEC * SAMPLE_RATE_HZ), np.float32)
    held_out = clips(CLIPS)["held_out"]
    mixed = [Sentence(text, to_pcm(np.concatenate([audio, silence]))) for text, _, audio in held_out]
    random.Random(1).shuffle(mixed)
    return cycle(mixed)


async def speak(url: str, count: int, seconds: float, spoken: Iterator[Sentence]) -> list[Speaker]:
    """`count` speakers for `seconds`, who begin one after the other within an utterance's time; then their outcomes."""
    speakers = [Speaker(url, spoken, seed) for seed in range(count)]
    dice = random.Random(count)
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for speaker in speakers:
            group.create_task(speaker.talk(dice.uniform(0, min(3.0, 0.1 * count)), until))
    return speakers


def refusals(speakers: Sequence[Speaker]) -> dict[str, int]:
    """What speakers were told when they were not served, and how often."""
    return dict(Counter(words for speaker in speakers for words in speaker.refusals).most_common(5))
