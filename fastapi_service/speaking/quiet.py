"""How long it has been quiet at the end of what was heard, beside the loudest moment before."""

from __future__ import annotations

import numpy as np

from contract.audio import BYTES_PER_SAMPLE, FULL_SCALE, SAMPLE_RATE_HZ

FRAME_SAMPLES = SAMPLE_RATE_HZ // 50  # 20 ms
FRAME_BYTES = FRAME_SAMPLES * BYTES_PER_SAMPLE
BELOW_LOUDEST = 0.001  # 30 dB: in a pause between words the sound falls by more, inside one seldom for 80 ms
LOUDEST_FADES = 0.998  # a frame: 30 dB in about a minute
FAR_BELOW_LOUDEST = 10**-2.5  # 25 dB: people who speak in a quiet room come there between their words
LOUD_ROOM_SEC = 1.5  # without: of clean prompts at most 5 % of the time, of those with music 10 dB below 87 %


class QuietTail:
    """The end of a stream of s16le audio at 16 kHz, in whole frames of 20 ms."""

    def __init__(self) -> None:
        self._rest = b""
        self._loudest = 0.0  # mean square of a frame, full scale is 1
        self._frames = 0
        self._loud_frames = 0  # without one that is far below the loudest

    @property
    def room_is_loud(self) -> bool:
        """Whether something sounds all the time beside who speaks."""
        return self._loud_frames * FRAME_SAMPLES >= LOUD_ROOM_SEC * SAMPLE_RATE_HZ

    @property
    def samples(self) -> int:
        """How many samples it has been quiet for; 0 before anything was loud."""
        return self._frames * FRAME_SAMPLES

    def hear(self, pcm: bytes) -> None:
        """Take the next piece."""
        data = self._rest + pcm if self._rest else pcm
        whole = len(data) - len(data) % FRAME_BYTES
        self._rest = data[whole:]
        frames = np.frombuffer(data, dtype="<i2", count=whole // BYTES_PER_SAMPLE).astype(np.float32) / FULL_SCALE
        for level in np.square(frames).reshape(-1, FRAME_SAMPLES).mean(axis=1).tolist():
            self._loudest = max(level, self._loudest * LOUDEST_FADES)
            self._frames = 0 if level > self._loudest * BELOW_LOUDEST or not self._loudest else self._frames + 1
            self._loud_frames = self._loud_frames + 1 if level > self._loudest * FAR_BELOW_LOUDEST else 0
