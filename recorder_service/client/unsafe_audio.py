"""The part of a stream that is not safe on the server yet: its samples, and the places of its empty frames.

Pure bookkeeping. Positions are samples of the session, as in docs/protocol.md: `base` is the oldest one kept,
`end` the next one to be spoken, and a cursor between them says how far this connection has sent.
"""

from __future__ import annotations

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ


class UnsafeAudio:
    """Keeps at most `limit_sec` seconds of audio; the samples of several channels in turn, and counted together."""

    def __init__(self, limit_sec: float, channels: int = 1) -> None:
        self.limit_sec = limit_sec
        self._sample = BYTES_PER_SAMPLE * channels
        self._audio = bytearray()
        self._base = 0
        self._cursor = 0
        self._marks: list[int] = []  # places of empty frames, ascending; twice where there are two
        self._marks_sent = 0

    @property
    def base(self) -> int:
        """The oldest sample that can still be sent."""
        return self._base

    @property
    def end(self) -> int:
        """The next sample that will be appended."""
        return self._base + len(self._audio) // self._sample

    @property
    def kept_sec(self) -> float:
        """Seconds of audio that are not safe."""
        return len(self._audio) / (self._sample * SAMPLE_RATE_HZ)

    @property
    def has_unsent(self) -> bool:
        """Whether there is something that this connection has not sent."""
        return self._cursor < self.end or self._marks_sent < len(self._marks)

    def has_room(self, size: int) -> bool:
        """Whether `size` bytes more may be kept."""
        return (len(self._audio) + size) / (self._sample * SAMPLE_RATE_HZ) <= self.limit_sec

    def append(self, pcm: bytes) -> None:
        """Take whole samples of s16le audio."""
        self._audio += pcm

    def mark(self, empty_frames: int) -> None:
        """See that so many empty frames (1 or 2) are here; none where all audio is safe, and they would say nothing."""
        if self._audio:
            here = self._marks[-2:].count(self.end)
            self._marks += [self.end] * (empty_frames - here)

    def next_frame(self, max_bytes: int) -> bytes | None:
        """The next frame to send (empty: a pause or an end) and move the cursor over it; None when all is sent.

        No frame reaches over the place of an empty one.
        """
        until = self.end
        if self._marks_sent < len(self._marks):
            until = self._marks[self._marks_sent]
            if until <= self._cursor:
                self._marks_sent += 1
                return b""
        if self._cursor >= until:
            return None
        until = min(until, self._cursor + max_bytes // self._sample)
        first, last = ((place - self._base) * self._sample for place in (self._cursor, until))
        self._cursor = until
        return bytes(memoryview(self._audio)[first:last])

    def forget(self, position: int) -> None:
        """Audio before `position` is safe. Never moves backwards, and not past what was appended."""
        position = max(self._base, min(position, self.end))
        del self._audio[: (position - self._base) * self._sample]
        self._base = position
        self._cursor = max(self._cursor, position)
        gone = sum(1 for mark in self._marks if mark <= position)
        del self._marks[:gone]
        self._marks_sent = max(0, self._marks_sent - gone)

    def rewind(self, position: int) -> None:
        """A new connection begins at `position`, which is safe: all that is kept after it is to be sent again."""
        self.forget(position)
        self._cursor = self._base
        self._marks_sent = 0

    def rebase(self, position: int) -> None:
        """Another session begins: what is kept gets new positions, the first of them `position`."""
        shift = position - self._base
        self._marks = [mark + shift for mark in self._marks]
        self._base = position
        self._cursor = position
        self._marks_sent = 0
