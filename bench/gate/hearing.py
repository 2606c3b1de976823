"""What a gate makes of a room: when it closes behind people, what it keeps of them, what it takes for speech."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.gate.rooms import THRESHOLD, Flags, Room
from runtime.audio.gate import FRAME_BYTES, FRAME_MS, VoiceGate

END_MS = 1200  # quiet that ends an utterance: the server's default, with which the gate marks pauses after 200 ms
CLOSES_WITHIN_MS = (500, 1500)


@dataclass(frozen=True)
class Heard:
    """One room. `closes_ms`: from the last loud frame of each prompt until the gate is closed; None where it is open
    when the next prompt begins. `lost_ms`: loud frames of each prompt that the gate held back. `pieces`: what it let
    through while nobody spoke, from an opening, first and last frame. `alone_sec`: nobody spoke for so long, and
    `open_sec` of it the gate was open."""

    closes_ms: list[int | None]
    lost_ms: list[int]
    pieces: list[tuple[int, int]]
    alone_sec: float
    open_sec: float

    def __add__(self, other: Heard) -> Heard:
        """Of two rooms; the pieces of the second one would name the frames of another room."""
        return Heard(
            self.closes_ms + other.closes_ms,
            self.lost_ms + other.lost_ms,
            self.pieces + other.pieces,
            self.alone_sec + other.alone_sec,
            self.open_sec + other.open_sec,
        )

    def figures(self) -> dict[str, Any]:
        """Shares of the prompts, milliseconds of each, openings in a minute without speech."""
        closed = {
            f"closed_{limit}": sum(ms is not None and ms <= limit for ms in self.closes_ms) / len(self.closes_ms)
            for limit in CLOSES_WITHIN_MS
        }
        return closed | {
            "prompts": len(self.closes_ms),
            "lost_ms": float(np.mean(self.lost_ms)),
            "opened_a_minute": 60 * len(self.pieces) / self.alone_sec,
            "open_alone": self.open_sec / self.alone_sec,
        }


def hear(room: Room, follows_noise: bool) -> Heard:
    """Put the room through a gate that marks pauses, frame by frame."""
    gate = VoiceGate(THRESHOLD, follows_noise=follows_noise)
    gate.mark_pauses(END_MS)
    count = len(room.speech)
    opened, passed = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    for frame in range(count):
        out = gate.feed(room.pcm[frame * FRAME_BYTES : (frame + 1) * FRAME_BYTES])
        size = sum(len(piece) for piece in out if isinstance(piece, bytes)) // FRAME_BYTES
        passed[frame + 1 - size : frame + 1] = True
        opened[frame] = gate.is_open
    return judged(room, opened, passed)


def judged(room: Room, opened: Flags, passed: Flags) -> Heard:
    """`opened`: whether the gate was open after each frame; `passed`: whether the frame went out."""
    closes: list[int | None] = []
    for (_, last), (following, _) in zip(room.said, [*room.said[1:], (len(opened), 0)], strict=True):
        shut = np.flatnonzero(~opened[last:following])
        closes.append(int(shut[0]) * FRAME_MS if shut.size else None)
    held = room.speech & ~passed
    lost = [int(held[first : last + 1].sum()) * FRAME_MS for first, last in room.said]
    alone = room.alone
    edges = np.flatnonzero(np.diff(np.pad(opened.astype(np.int8), 1)))
    pieces = []
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if alone[begin]:
            speaks = np.flatnonzero(~alone[begin:end])
            pieces.append((begin, begin + int(speaks[0]) - 1 if speaks.size else end - 1))
    alone_sec, open_sec = (int(frames.sum()) * FRAME_MS / 1000 for frames in (alone, alone & opened))
    return Heard(closes, lost, pieces, alone_sec, open_sec)
