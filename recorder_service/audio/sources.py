"""Where the audio comes from: what every source is, and the one that plays a WAV file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Protocol

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ

BLOCK_MS = 40
BLOCK_SAMPLES = SAMPLE_RATE_HZ * BLOCK_MS // 1000


class SourceError(Exception):
    """There is no audio to be had; the message says why and what mends it."""


class Source(Protocol):
    """A source is read once. `overflows` counts the times that sound was lost because it was read too late."""

    name: str
    overflows: int

    def blocks(self) -> AsyncGenerator[bytes, None]:
        """The audio as s16le 16 kHz, mono or two channels in turn. Raises SourceError when the source breaks."""

    def stop(self) -> None:
        """End `blocks` soon."""


class FileSource:
    """A WAV file, as if it were spoken now, or as fast as it is taken."""

    def __init__(self, path: Path, fast: bool, channels: int = 1) -> None:
        """Reads the whole file: mixed to one channel, or its two. Raises SourceError when it cannot be read, holds no
        audio, or has not two channels where they are asked for."""
        from runtime.wav import WavError, read_wav  # brings scipy.signal, slow to load: a microphone does without

        self.name = path.name
        self.overflows = 0
        self._fast = fast
        self._sample_bytes = BYTES_PER_SAMPLE * channels
        self._stopped = False
        try:
            self._pcm = read_wav(path, channels)
        except WavError as problem:
            raise SourceError(str(problem)) from problem
        except OSError as problem:
            raise SourceError(f"{path}: {problem.strerror or problem}") from problem
        if not self._pcm:
            raise SourceError(f"{path}: holds no audio")

    def stop(self) -> None:
        """End `blocks` behind the current one."""
        self._stopped = True

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """Blocks of 40 ms; each no earlier than it would have been spoken, unless fast."""
        begun = time.monotonic()
        size = BLOCK_SAMPLES * self._sample_bytes
        for first in range(0, len(self._pcm), size):
            if self._stopped:
                return
            block = self._pcm[first : first + size]
            spoken_sec = (first + len(block)) / (self._sample_bytes * SAMPLE_RATE_HZ)
            await asyncio.sleep(0 if self._fast else max(0.0, begun + spoken_sec - time.monotonic()))
            yield block
