"""One channel of a stream of several: what its connection hears of it. No input or output.

A client sends all channels all the time, so each is quiet most of the time, and only the server can leave that out. It
is left out of what is heard and not of the count: a position is the same moment in every channel, and all `_sec` of the
messages count one time. What begins behind a quiet stretch begins at its true place (`Skip` moves the stream there), so
nothing has to be kept to tell one from the other, and a resumed stream needs no more than the position and the end that
are in Redis anyway: an utterance whose end is recorded begins at the safe position, as the connection marks what was
skipped as safe before an utterance begins.
"""

from __future__ import annotations

from dataclasses import dataclass

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from runtime.audio.gate import FRAME_BYTES, FRAME_SAMPLES, PREROLL_MS, VoiceGate

THRESHOLD = 0.00004  # mean square, -44 dB: a telephone is quieter than a page, whose microphone has its level set
PREROLL_SAMPLES = PREROLL_MS * SAMPLE_RATE_HZ // 1000
SKIP_SAMPLES = 2 * SAMPLE_RATE_HZ  # of quiet are left out at once


@dataclass(frozen=True, slots=True)
class Skip:
    """So many samples, in which nobody speaks, are left out. No utterance has begun there."""

    samples: int


class Lane:
    """Takes the channel's samples from `begin` on. `next`: the first sample that was not handed on."""

    def __init__(self, begin: int, position: int, recorded_end: int | None) -> None:
        """`position`: what is before it is safe. `recorded_end`: up to there somebody speaks, an earlier run says."""
        self.next = position
        self._taken = begin
        self._speech_until = max(position, recorded_end or 0)
        self._gate = VoiceGate(THRESHOLD)
        self._rest = b""

    def feed(self, pcm: bytes) -> list[bytes | Skip]:
        """What `pcm` (s16le) brings out: samples; none, where an utterance ends; or what is left out."""
        known = min(len(pcm), max(0, self._speech_until - self._taken) * BYTES_PER_SAMPLE)
        out = self._hand_on(self._taken, pcm[:known]) if known else []
        self._taken += known // BYTES_PER_SAMPLE
        data = self._rest + pcm[known:]
        whole = len(data) // FRAME_BYTES * FRAME_BYTES
        self._rest = data[whole:]
        for first in range(0, whole, FRAME_BYTES):
            self._taken += FRAME_SAMPLES
            for part in self._gate.feed(data[first : first + FRAME_BYTES]):
                if isinstance(part, bytes):
                    out += self._hand_on(self._taken - len(part) // BYTES_PER_SAMPLE, part)
                else:
                    out.append(b"")
        quiet = self._taken - PREROLL_SAMPLES
        if not self._gate.is_open and quiet - self.next >= SKIP_SAMPLES:
            out += self._skip_to(quiet)
        return _joined(out)

    def flush(self) -> list[bytes | Skip]:
        """Nobody speaks any more, the client says: what is held, the end of what has begun, and the rest left out."""
        rest, self._rest = self._rest, b""
        self._taken += len(rest) // BYTES_PER_SAMPLE
        out: list[bytes | Skip] = []
        if self._gate.is_open:
            out = [*self._hand_on(self._taken - len(rest) // BYTES_PER_SAMPLE, rest), b""]
        self._gate.flush()
        return [*_joined(out), *self._skip_to(self._taken)]

    def _hand_on(self, begin: int, pcm: bytes) -> list[bytes | Skip]:
        """Samples from `begin` on, in which somebody speaks; those that are safe are not handed on again."""
        out = self._skip_to(begin)
        fresh = pcm[(self.next - begin) * BYTES_PER_SAMPLE :]
        self.next += len(fresh) // BYTES_PER_SAMPLE
        return [*out, fresh] if fresh else out

    def _skip_to(self, position: int) -> list[bytes | Skip]:
        samples = position - self.next
        if samples <= 0:
            return []
        self.next = position
        return [Skip(samples)]


def _joined(parts: list[bytes | Skip]) -> list[bytes | Skip]:
    """The same with samples that follow each other in one piece."""
    out: list[bytes | Skip] = []
    for part in parts:
        last = out[-1] if out else b""
        if isinstance(part, bytes) and part and isinstance(last, bytes) and last:
            out[-1] = last + part
        else:
            out.append(part)
    return out
