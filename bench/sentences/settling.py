"""How soon after it was said a word is settled, and how many settled words change later.

People speak in real time through the voice gate. A word's end is that of the final text's word times; it is settled
when the first `partial` comes whose settled part has it, or its final. A settled word has changed when a later partial
or the final has another in its place; those behind it that are the same have not.
"""

from __future__ import annotations

import asyncio
import bisect
import difflib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.pipeline.speakers import DRAIN_SEC
from bench.sentences.speakers import BLOCK_BYTES, QUIET_SEC, THRESHOLD, through_the_gate
from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.messages import Partial, Result
from fastapi_service.speaking.settled import words_of
from harness.human_voices import Clip
from recorder_service.client.client import StreamClient
from runtime.audio.gate import VoiceGate, frame_levels

SPARE_WORDS = 8  # of the final text behind what is settled, for an alignment


@dataclass(frozen=True)
class FinalWord:
    """A word of a final text as it is compared. `said`: when it ended, `shown`: when its result came (monotonic s)."""

    word: str
    start: int
    said: float
    shown: float


@dataclass
class Heard:
    """What one speaker was shown, with the times at which it came, and when which sample was sent (monotonic s)."""

    partials: list[tuple[Partial, float]] = field(default_factory=list)
    results: list[tuple[Result, float]] = field(default_factory=list)
    sent: list[tuple[int, float]] = field(default_factory=list)

    def final_words(self) -> list[FinalWord]:
        """Those of all results, in order."""
        found = []
        positions = [position for position, _ in self.sent]
        for result, shown in sorted(self.results, key=lambda one: one[0].start_sec):
            for word in result.words or ():
                at = min(bisect.bisect_left(positions, int(word.end_sec * SAMPLE_RATE_HZ)), len(self.sent) - 1)
                parts = "".join(part for part, _ in words_of(word.word))
                found += [FinalWord(parts, start_of(result.utterance), self.sent[at][1], shown)] if parts else []
        return found


@dataclass
class Kept:
    """Of one utterance the words that are `said` and settled, how many have been in all, and how many `changed`."""

    said: list[str] = field(default_factory=list)
    settled: int = 0
    changed: int = 0

    def take(self, partial: Partial) -> None:
        """Count what its next text settles, and contradicts."""
        now = [word for word, _ in words_of(partial.text[: partial.settled])]
        text = [word for word, _ in words_of(partial.text)]
        contradicted = _common(self.said, text) < min(len(self.said), len(text))  # else it says more, or ends sooner
        same = len(_matching(self.said, text)) if contradicted else len(self.said)
        self.changed += len(self.said) - same
        self.settled += max(0, len(now) - same) if contradicted else len(now) - len(self.said)
        self.said = now

    def end(self, final: Sequence[str]) -> None:
        """Count what the final contradicts, whose words these are, and maybe others behind them."""
        self.changed += len(self.said) - len(_matching(self.said, final[: len(self.said) + SPARE_WORDS]))


@dataclass
class Settling:
    """Of so many `words` of final texts: the `delays` (s) until they were settled, of which `early` before their final;
    `settled` words in all, and those that `changed`."""

    words: int = 0
    early: int = 0
    delays: list[float] = field(default_factory=list)
    settled: int = 0
    changed: int = 0

    def add(self, heard: Heard) -> None:
        """Count what one speaker was shown."""
        final = heard.final_words()
        words = [one.word for one in final]
        when = [one.shown for one in final]
        self.words += len(final)
        for start in sorted({start_of(partial.utterance) for partial, _ in heard.partials}):
            base = next((at for at, one in enumerate(final) if one.start >= start), len(final))
            kept = Kept()
            for partial, came in heard.partials:
                if start_of(partial.utterance) != start:
                    continue
                kept.take(partial)
                for at in _matching(kept.said, words[base : base + len(kept.said) + SPARE_WORDS]):
                    when[base + at] = min(when[base + at], came)
            kept.end(words[base:])
            self.settled += kept.settled
            self.changed += kept.changed
        self.early += sum(moment < one.shown for moment, one in zip(when, final, strict=True))
        self.delays += [moment - one.said for moment, one in zip(when, final, strict=True)]

    def figures(self) -> dict[str, Any]:
        """What is told of it."""
        p50, p90 = np.percentile(self.delays, [50, 90]).tolist() if self.delays else (None, None)
        return {
            "words": self.words,
            "early": round(self.early / max(1, self.words), 3),
            "p50_sec": p50 and round(p50, 2),
            "p90_sec": p90 and round(p90, 2),
            "settled": self.settled,
            "changed": round(self.changed / max(1, self.settled), 4),
        }


def start_of(utterance: str) -> int:
    """An utterance's first sample."""
    return int(utterance.rpartition("-")[2])


def running_speech(spoken: Sequence[Clip], gap_sec: float) -> Clip:
    """All of `spoken` with so much quiet between, that before and behind each cut off."""
    pieces = []
    for one in spoken:
        pcm = one.pcm[: len(one.pcm) // BLOCK_BYTES * BLOCK_BYTES]
        loud = np.flatnonzero(frame_levels(pcm) >= THRESHOLD)
        block = BLOCK_BYTES // BYTES_PER_SAMPLE
        pieces += [
            one.samples[int(loud[0]) * block : (int(loud[-1]) + 1) * block],
            np.zeros(int(gap_sec * SAMPLE_RATE_HZ), np.int16),
        ]
    text = " ".join(one.text for one in spoken)
    return Clip(f"{len(spoken)} prompts", spoken[0].language, text, np.concatenate(pieces))


async def talk(url: str, sound: Clip, first_wait_sec: float) -> Heard:
    """Say `sound` and what comes back."""
    await asyncio.sleep(first_wait_sec)
    heard = Heard()
    async with StreamClient(url, language="en", sentences=True, words=True) as client:
        reader = asyncio.create_task(_read(client, heard))
        gate, began = VoiceGate(THRESHOLD), time.monotonic()
        pcm = sound.pcm + bytes(int(QUIET_SEC * SAMPLE_RATE_HZ) * BYTES_PER_SAMPLE)
        position = 0
        async for piece in through_the_gate(client, gate, pcm, began):
            if isinstance(piece, bytes):
                position += len(piece) // BYTES_PER_SAMPLE
                heard.sent.append((position, time.monotonic()))
        await client.drain(DRAIN_SEC)
    await reader
    return heard


async def conversation(url: str, sounds: Sequence[Clip]) -> list[Heard]:
    """Everybody says one of `sounds`, all at a time."""
    return list(await asyncio.gather(*(talk(url, sound, 0.37 * number) for number, sound in enumerate(sounds))))


async def _read(client: StreamClient, heard: Heard) -> None:
    async for message in client.messages():
        if isinstance(message, Partial):
            heard.partials.append((message, time.monotonic()))
        elif isinstance(message, Result):
            heard.results.append((message, time.monotonic()))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words, from the first, are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (some, others) in pairs if some != others), min(len(one), len(other)))


def _matching(some: Sequence[str], words: Sequence[str]) -> list[int]:
    """Places in `words` of those that stand in `some`, in order."""
    blocks = difflib.SequenceMatcher(None, some, words, autojunk=False).get_matching_blocks()
    return [at for block in blocks for at in range(block.b, block.b + block.size)]
