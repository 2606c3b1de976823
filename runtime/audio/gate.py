"""The voice gate: passes speech with a little before and after it, so that silence is never sent.

The same rule as the page's: the mean square of 20 ms frames against a threshold, a pre-roll from before the first
loud frame, and a hangover behind the last one, after which the utterance ends. Where utterances end with sentences, a
shorter hangover marks a pause, and the end comes when it has been quiet for longer. In a loud room the threshold
follows the noise. Pure: bytes in, bytes out.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

import numpy as np

from contract.audio import BYTES_PER_SAMPLE, FULL_SCALE, SAMPLE_RATE_HZ
from runtime.audio.noise_floor import NoiseFloor
from runtime.audio.timeline import Timeline

FRAME_SAMPLES = SAMPLE_RATE_HZ // 50  # 20 ms
FRAME_BYTES = FRAME_SAMPLES * BYTES_PER_SAMPLE
FRAME_MS = 20
PREROLL_MS = 300  # from before the first loud frame: soft first sounds of a word
HANGOVER_MS = 500
PAUSE_MS = 200  # the quiet that marks a pause (docs/protocol.md)


class Mark(Enum):
    """What the quiet behind speech means: it may go on, or the utterance is over."""

    PAUSE = "pause"
    END = "end"


class VoiceGate:
    """Takes captured audio in any pieces. What comes out is speech, and a mark where it pauses or ends."""

    def __init__(
        self,
        threshold: float,
        preroll_ms: int = PREROLL_MS,
        hangover_ms: int = HANGOVER_MS,
        enabled: bool = True,
        follows_noise: bool = True,
    ) -> None:
        """`threshold`: mean square of samples in -1 to 1, which noise raises where the gate `follows_noise`. Not
        `enabled`: everything passes, and nothing ends."""
        self.timeline = Timeline()
        self.level = 0.0  # mean square of the loudest frame in the latest piece, for a meter
        self._threshold = threshold
        self._floor = NoiseFloor() if follows_noise else None
        self._hangover_frames = _frames(hangover_ms)
        self._pause_frames = 0  # 0: no pauses, the hangover ends
        self._end_frames = self._hangover_frames
        self._preroll: deque[bytes] = deque(maxlen=round(preroll_ms / FRAME_MS))
        self._enabled = enabled
        self._rest = b""
        self._open = False
        self._paused = False  # closed, and the utterance has not ended
        self._quiet_frames = 0  # since the last loud one
        self._captured = 0  # samples that came in as whole frames
        self._passed = 0  # samples that went out

    @property
    def is_open(self) -> bool:
        """Whether speech is passing."""
        return self._open

    @property
    def threshold(self) -> float:
        """The threshold in force, from which a frame opens it: the chosen one, or a higher one because of noise."""
        return self._threshold if self._floor is None else max(self._threshold, self._floor.opens)

    @property
    def _stays(self) -> float:
        """From which a frame keeps it open: in noise less than opens it."""
        return self._threshold if self._floor is None else max(self._threshold, self._floor.stays)

    def mark_pauses(self, end_ms: int) -> None:
        """From the next frame on: a pause after PAUSE_MS of quiet, the end after `end_ms` in all. With 0 there are no
        pauses, and the hangover ends, as at first."""
        self._pause_frames = _frames(PAUSE_MS) if end_ms else 0
        self._end_frames = _frames(end_ms) if end_ms else self._hangover_frames

    def feed(self, pcm: bytes) -> list[bytes | Mark]:
        """What `pcm` (s16le mono 16 kHz, an even number of bytes) brings out."""
        data = self._rest + pcm
        whole = len(data) - len(data) % FRAME_BYTES
        self._rest = data[whole:]
        frames = [data[first : first + FRAME_BYTES] for first in range(0, whole, FRAME_BYTES)]
        levels = frame_levels(data[:whole])
        self.level = float(levels.max()) if len(levels) else self.level
        out: list[bytes | Mark] = []
        speech = bytearray()
        for frame, level in zip(frames, levels.tolist(), strict=True):
            speech += self._pass(frame, level >= (self._stays if self._open else self.threshold))
            if self._floor is not None:
                self._floor.hear(level)
            marks = self._marks()
            if marks:
                out += [bytes(speech), *marks] if speech else marks
                speech.clear()
        return [*out, bytes(speech)] if speech else out

    def flush(self) -> list[bytes | Mark]:
        """The last incomplete frame, if speech is passing, and the end of an utterance that has not ended."""
        self._captured += len(self._rest) // BYTES_PER_SAMPLE
        rest, self._rest = self._rest if self._open else b"", b""
        if not (self._open or self._paused):
            return []
        self._passed += len(rest) // BYTES_PER_SAMPLE
        self._open = self._paused = False
        return [rest, Mark.END] if rest else [Mark.END]

    def _pass(self, frame: bytes, loud: bool) -> bytes:
        """What goes out because of `frame`."""
        self._captured += FRAME_SAMPLES
        loud = loud or not self._enabled
        self._quiet_frames = 0 if loud else self._quiet_frames + 1
        if not self._open:
            if not loud:
                self._preroll.append(frame)
                return b""
            self._open = True
            self._paused = False
            frame = b"".join(self._preroll) + frame
            self._preroll.clear()
            self.timeline.add(self._passed, self._captured - len(frame) // BYTES_PER_SAMPLE)
        self._passed += len(frame) // BYTES_PER_SAMPLE
        return frame

    def _marks(self) -> list[Mark]:
        """Close where it has been quiet for so long; the marks that belong here."""
        marks: list[Mark] = []
        if self._open and self._quiet_frames >= (self._pause_frames or self._end_frames):
            self._open = False
            self._paused = True
            marks += [Mark.PAUSE] if self._pause_frames else []
        if self._paused and self._quiet_frames >= self._end_frames:
            self._paused = False
            marks.append(Mark.END)
        return marks


def _frames(milliseconds: int) -> int:
    return max(1, round(milliseconds / FRAME_MS))


def frame_levels(pcm: bytes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The mean square of each whole 20 ms frame in s16le `pcm`, samples taken as -1 to 1."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64) / FULL_SCALE
    levels: np.ndarray[tuple[int], np.dtype[np.float64]] = np.square(samples).reshape(-1, FRAME_SAMPLES).mean(axis=1)
    return levels
