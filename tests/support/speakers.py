"""People who speak demo clips into the gateway in real time, and remember what they have said and been shown."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.messages import Accepted, Dropped, Error, Result
from harness.speech import Clip
from recorder_service.client.client import StreamClient
from recorder_service.client.errors import Backoff
from runtime.audio.gate import FRAME_BYTES as GATE_FRAME_BYTES
from runtime.audio.gate import PAUSE_MS, frame_levels

THRESHOLD = 0.0005  # mean square, the gate's default
FRAME_SEC = 0.1
LOOK_SEC = 0.25  # time for a look whether a sentence has ended, and shorter than any wait of the gateway's
FRAME_BYTES = int(FRAME_SEC * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE
Outcome = Result | Dropped | Error


@dataclass
class Spoken:
    """One utterance: samples `start` to `end` of its session, the clip, and when it ended (monotonic s)."""

    start: int
    end: int
    clip: Clip
    ended: float = 0.0


def up_to_the_pause(pcm: bytes) -> bytes:
    """`pcm` with PAUSE_MS of the quiet at its end."""
    loud = np.flatnonzero(frame_levels(pcm[: len(pcm) // GATE_FRAME_BYTES * GATE_FRAME_BYTES]) >= THRESHOLD)
    return pcm[: (int(loud[-1]) + 1 + PAUSE_MS // 20) * GATE_FRAME_BYTES]


@dataclass
class Speaker:
    """One page. `outcomes` are those that it was shown, in the order of showing, `shown` when (monotonic s).
    `sentences`: it marks a pause behind each clip, a little before the end; the quiet before that is 200 ms, as a voice
    gate has it, or the server would end the utterance there by itself."""

    url: str
    clips: list[Clip]
    seed: int
    sentences: bool = False
    backoff: Backoff = field(default_factory=lambda: Backoff(0.3, 2.0))
    spoken: list[Spoken] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    shown: dict[str, float] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    session: str = ""
    position: int = 0

    async def talk(self, until: asyncio.Event, drain_sec: float, pause_sec: tuple[float, float] = (0.3, 1.0)) -> bool:
        """Speak clips at random, with pauses, until the event is set; then wait for every outcome.

        Returns whether all of them came within `drain_sec`.
        """
        dice = random.Random(self.seed)
        pcm = {clip.path.name: up_to_the_pause(clip.pcm) if self.sentences else clip.pcm for clip in self.clips}
        async with StreamClient(self.url, backoff=self.backoff, language="en", sentences=self.sentences) as client:
            self.session = client.session or ""
            reader = asyncio.create_task(self._read(client))
            while not until.is_set():
                clip = dice.choice(self.clips)
                await self._say(client, clip, pcm[clip.path.name])
                await asyncio.sleep(dice.uniform(*pause_sec))
            complete = await client.drain(drain_sec)
            self.position = client.position
            assert client.session == self.session, "the session was lost"
        await reader
        return complete

    async def _say(self, client: StreamClient, clip: Clip, pcm: bytes) -> None:
        start = self.spoken[-1].end if self.spoken else 0
        words = Spoken(start, start + len(pcm) // BYTES_PER_SAMPLE, clip)
        self.spoken.append(words)
        began = time.monotonic()
        for number, first in enumerate(range(0, len(pcm), FRAME_BYTES), 1):
            await client.send(pcm[first : first + FRAME_BYTES])
            await asyncio.sleep(max(0.0, began + number * FRAME_SEC - time.monotonic()))
        words.ended = time.monotonic()
        if self.sentences:
            await client.pause()
            await asyncio.sleep(LOOK_SEC)
        await client.end_utterance()

    async def _read(self, client: StreamClient) -> None:
        async for message in client.messages():
            if isinstance(message, Accepted):
                self.accepted.add(message.utterance)
            elif isinstance(message, Outcome) and (message.seq > 0 or message.utterance):
                self.outcomes.append(message)
                self.shown.setdefault(message.utterance, time.monotonic())

    # --- what became of it --------------------------------------------------------------------------

    def by_start(self) -> dict[int, Outcome]:
        """The outcomes by the first sample of their utterance."""
        return {int(outcome.utterance.rpartition("-")[2]): outcome for outcome in self.outcomes}

    def lost(self) -> list[Spoken]:
        """What was said and has no outcome on the page."""
        ended = self.by_start()
        return [words for words in self.spoken if words.start not in ended]

    def doubles(self) -> int:
        """Outcomes shown beyond the first of an utterance."""
        return sum(count - 1 for count in Counter(outcome.utterance for outcome in self.outcomes).values())

    def strangers(self) -> list[Outcome]:
        """Outcomes of what was not said: another's words, or an utterance cut in two."""
        said = {(words.start, round((words.end - words.start) / SAMPLE_RATE_HZ, 3)) for words in self.spoken}
        return [one for start, one in self.by_start().items() if (start, one.duration_sec) not in said]

    def waits_sec(self) -> list[float]:
        """Seconds from the end of each utterance to its outcome on the page."""
        when = {int(utterance.rpartition("-")[2]): shown for utterance, shown in self.shown.items()}
        return [when[words.start] - words.ended for words in self.spoken if words.start in when]


class AfterOne(asyncio.Event):
    """Set once the speaker has said one clip: a time to stop."""

    def __init__(self, speaker: Speaker) -> None:
        super().__init__()
        self._speaker = speaker

    def is_set(self) -> bool:
        """Whether it has."""
        return bool(self._speaker.spoken)
