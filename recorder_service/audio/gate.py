"""The voice gate: passes speech with a little before and after it, so that silence is never sent.

The same rule as the page's: the mean square of 20 ms frames against a threshold, a pre-roll from before the first
loud frame, and a hangover behind the last one, after which the utterance ends. Pure: bytes in, bytes out.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from contract.audio import BYTES_PER_SAMPLE, FULL_SCALE, SAMPLE_RATE_HZ
from recorder_service.audio.timeline import Timeline

FRAME_SAMPLES = SAMPLE_RATE_HZ // 50  # 20 ms
FRAME_BYTES = FRAME_SAMPLES * BYTES_PER_SAMPLE
FRAME_MS = 20
PREROLL_MS = 300  # from before the first loud frame: soft first sounds of a word


class VoiceGate:
    """Takes captured audio in any pieces. Each piece that comes out is speech, or empty: the utterance has ended."""

    def __init__(
        self, threshold: float, preroll_ms: int = PREROLL_MS, hangover_ms: int = 500, enabled: bool = True
    ) -> None:
        """`threshold`: mean square of samples in -1 to 1. Not `enabled`: everything passes, and nothing ends."""
        self.timeline = Timeline()
        self.level = 0.0  # mean square of the loudest frame in the latest piece, for a meter
        self._threshold = threshold
        self._hangover_frames = max(1, round(hangover_ms / FRAME_MS))
        self._preroll: deque[bytes] = deque(maxlen=round(preroll_ms / FRAME_MS))
        self._enabled = enabled
        self._rest = b""
        self._open = False
        self._quiet_frames = 0
        self._captured = 0  # samples that came in as whole frames
        self._passed = 0  # samples that went out

    @property
    def is_open(self) -> bool:
        """Whether speech is passing."""
        return self._open

    def feed(self, pcm: bytes) -> list[bytes]:
        """What `pcm` (s16le mono 16 kHz, an even number of bytes) brings out."""
        data = self._rest + pcm
        whole = len(data) - len(data) % FRAME_BYTES
        self._rest = data[whole:]
        frames = [data[first : first + FRAME_BYTES] for first in range(0, whole, FRAME_BYTES)]
        levels = frame_levels(data[:whole])
        self.level = float(levels.max()) if len(levels) else self.level
        out: list[bytes] = []
        speech = bytearray()
        for frame, level in zip(frames, levels.tolist(), strict=True):
            speech += self._pass(frame, level >= self._threshold)
            if self._quiet_frames >= self._hangover_frames:
                out += [bytes(speech), b""]
                speech.clear()
                self._close()
        return [*out, bytes(speech)] if speech else out

    def flush(self) -> list[bytes]:
        """The last incomplete frame, if speech is passing, and the end of its utterance."""
        rest, self._rest = self._rest, b""
        if not self._open:
            return []
        self._passed += len(rest) // BYTES_PER_SAMPLE
        self._close()
        return [rest, b""] if rest else [b""]

    def _pass(self, frame: bytes, loud: bool) -> bytes:
        """What goes out because of `frame`."""
        self._captured += FRAME_SAMPLES
        if not self._open:
            if not (loud or not self._enabled):
                self._preroll.append(frame)
                return b""
            self._open = True
            frame = b"".join(self._preroll) + frame
            self._preroll.clear()
            self.timeline.add(self._passed, self._captured - len(frame) // BYTES_PER_SAMPLE)
        self._quiet_frames = 0 if loud or not self._enabled else self._quiet_frames + 1
        self._passed += len(frame) // BYTES_PER_SAMPLE
        return frame

    def _close(self) -> None:
        self._open = False
        self._quiet_frames = 0


def frame_levels(pcm: bytes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The mean square of each whole 20 ms frame in s16le `pcm`, samples taken as -1 to 1."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64) / FULL_SCALE
    levels: np.ndarray[tuple[int], np.dtype[np.float64]] = np.square(samples).reshape(-1, FRAME_SAMPLES).mean(axis=1)
    return levels
