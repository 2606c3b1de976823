"""How loud a room is when nobody speaks, followed while people speak in it, and the threshold that stands out from it.

Minimum statistics (R. Martin, 2001): between words and syllables the noise is heard alone, so the quietest moments of
the last seconds are the noise. Of each moment of 100 ms the loudest frame counts, because a gate that is to close must
be above that one: music needs more room than a fan. The page has the same (static/js/audio/worklet/noise-floor.js).
"""

from __future__ import annotations

MOMENT_FRAMES = 5  # 100 ms
BLOCK_FRAMES = 12  # a quietest moment for each 240 ms
BLOCKS = 16  # of the last 3.8 s
RANK = 1  # one of them may be quieter than the noise: a microphone drops out
OPENS = 12.0  # what opens the gate is 11 dB above the noise
STAYS = 3.6  # what keeps it open, 6 dB
CEILING = 0.02  # mean square, -17 dB: the threshold is never above it
RISE = 1.2  # at most, a block: 3 dB a second; one long loud sound is not the room
LOWEST = 0.00004  # mean square from which it rises: less never matters


class NoiseFloor:
    """Takes the mean square of one 20 ms frame after the other. `level`: of the noise."""

    def __init__(self) -> None:
        self.level = 0.0
        self._recent = [0.0] * MOMENT_FRAMES
        self._quietest = float("inf")  # moment of this block
        self._blocks = [0.0] * BLOCKS
        self._frames = 0

    @property
    def opens(self) -> float:
        """The mean square from which a frame stands out."""
        return min(CEILING, self.level * OPENS)

    @property
    def stays(self) -> float:
        """The mean square from which a frame still does, once one has."""
        return min(CEILING, self.level * STAYS)

    def hear(self, energy: float) -> None:
        """The next frame."""
        self._recent[self._frames % MOMENT_FRAMES] = energy
        self._quietest = min(self._quietest, max(self._recent))
        self._frames += 1
        if self._frames % BLOCK_FRAMES:
            return
        self._blocks[self._frames // BLOCK_FRAMES % BLOCKS] = self._quietest
        self._quietest = float("inf")
        noise = sorted(self._blocks)[RANK]
        self.level = noise if noise <= self.level else min(noise, RISE * max(self.level, LOWEST))
