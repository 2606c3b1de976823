"""Sound of two channels, a speaker each: its form at 16 kHz, and the voice gate that both pass together.

A position is one moment in both channels, so nothing can be left out of one alone: both pass while somebody speaks in
either. The server finds the pauses of each; what is left out here is what is quiet in both for longer.
"""

from __future__ import annotations

import logging
from collections import deque

import numpy as np

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from runtime.audio.gate import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, PREROLL_MS, Mark, VoiceGate
from runtime.audio.resample import Converter
from runtime.audio.timeline import Timeline

logger = logging.getLogger(__name__)

CHANNELS = 2
SAMPLE_BYTES = CHANNELS * BYTES_PER_SAMPLE
# Longer than the server needs to find the end of what was said by itself: half a second of quiet, and what its
# crosstalk gate hears ahead.
HANGOVER_MS = 2_000
SAME_FRAMES = 2 * SAMPLE_RATE_HZ // FRAME_SAMPLES  # 2 s: so much of the same sound is no chance

SAME_SOUND = "Both channels hold the same sound: this is one microphone, and all that is said is told twice."


def apart(pcm: bytes, channels: int = CHANNELS) -> tuple[bytes, bytes]:
    """The first two of so many interleaved channels (s16le, whole samples of all)."""
    samples = np.frombuffer(pcm, dtype="<i2").reshape(-1, channels)
    return samples[:, 0].tobytes(), samples[:, 1].tobytes()


def together(first: bytes, second: bytes) -> bytes:
    """Two channels (s16le, of the same length) in turn."""
    channels = [np.frombuffer(pcm, dtype="<i2") for pcm in (first, second)]
    return np.stack(channels, axis=1).tobytes()


class StereoConverter:
    """Interleaved s16le of any rate, as it is captured, to the first two channels in turn at 16 kHz."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        """`channels`: so many are captured, two at least."""
        self._channels = channels
        self._converters = (Converter(rate_hz, 1), Converter(rate_hz, 1))

    def feed(self, data: bytes) -> bytes:
        """What `data` (whole samples of all channels) brings out."""
        own = apart(data, self._channels)
        return together(*(one.feed(pcm) for one, pcm in zip(self._converters, own, strict=True)))

    def flush(self) -> bytes:
        """The rest."""
        return together(*(one.flush() for one in self._converters))


class StereoGate:
    """As VoiceGate, for interleaved samples: open while the gate of either channel is. It marks no pauses: the server
    finds those of each channel."""

    def __init__(self, threshold: float, enabled: bool = True, follows_noise: bool = True) -> None:
        """See VoiceGate; each channel has a threshold of its own."""
        self.timeline = Timeline()
        self._gates = [
            VoiceGate(threshold, hangover_ms=HANGOVER_MS, enabled=enabled, follows_noise=follows_noise)
            for _ in range(CHANNELS)
        ]
        self._preroll: deque[bytes] = deque(maxlen=PREROLL_MS // FRAME_MS)
        self._levels = [0.0] * CHANNELS
        self._rest = b""
        self._open = False
        self._captured = 0  # samples of each channel that came in as whole frames
        self._passed = 0  # samples of each channel that went out
        self._same: int | None = 0  # frames that passed, in all of which both channels were the same; None: not so

    @property
    def levels(self) -> tuple[float, ...]:
        """Mean square of the loudest frame in the latest piece, of each channel."""
        return tuple(self._levels)

    @property
    def is_open(self) -> bool:
        """Whether speech is passing."""
        return self._open

    def mark_pauses(self, end_ms: int) -> None:
        """Nothing."""

    def feed(self, pcm: bytes) -> list[bytes | Mark]:
        """What `pcm` (s16le at 16 kHz, both channels in turn, whole samples) brings out."""
        data = self._rest + pcm
        size = CHANNELS * FRAME_BYTES
        whole = len(data) - len(data) % size
        self._rest = data[whole:]
        out: list[bytes | Mark] = []
        speech = bytearray()
        loudest = [0.0] * CHANNELS
        for first in range(0, whole, size):
            frame = data[first : first + size]
            own = apart(frame)
            for number, gate in enumerate(self._gates):
                gate.feed(own[number])
                loudest[number] = max(loudest[number], gate.level)
            was_open, self._open = self._open, any(gate.is_open for gate in self._gates)
            speech += self._pass(frame, was_open)
            if was_open and not self._open:
                out += [bytes(speech), Mark.END]
                speech.clear()
            elif self._open:
                self._compare(*own)
        if whole:
            self._levels = loudest
        return [*out, bytes(speech)] if speech else out

    def flush(self) -> list[bytes | Mark]:
        """The last incomplete frame and an end, if speech is passing."""
        rest, self._rest = self._rest, b""
        self._captured += len(rest) // SAMPLE_BYTES
        if not self._open:
            return []
        self._passed += len(rest) // SAMPLE_BYTES
        self._open = False
        return [rest, Mark.END] if rest else [Mark.END]

    def _pass(self, frame: bytes, was_open: bool) -> bytes:
        """What goes out because of `frame`."""
        self._captured += FRAME_SAMPLES
        if not (was_open or self._open):
            self._preroll.append(frame)
            return b""
        if not was_open:
            frame = b"".join(self._preroll) + frame
            self._preroll.clear()
            self.timeline.add(self._passed, self._captured - len(frame) // SAMPLE_BYTES)
        self._passed += len(frame) // SAMPLE_BYTES
        return frame

    def _compare(self, first: bytes, second: bytes) -> None:
        """Warn once where both channels are one."""
        if self._same is None:
            return
        self._same = self._same + 1 if first == second else None
        if self._same == SAME_FRAMES:
            logger.warning(SAME_SOUND)
