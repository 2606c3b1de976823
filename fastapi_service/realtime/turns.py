"""Where somebody speaks in what a client streams, silence included: the voice gate, and two counts of samples.

*Captured* counts what the client has sent, *passed* what goes on to the session: speech alone. Pure.
"""

from __future__ import annotations

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from fastapi_service.realtime.config import PATIENCE, SemanticVad, ServerVad
from runtime.audio.gate import Mark, VoiceGate

USUAL_THRESHOLD = 0.0005  # mean square, the page's and the recorder's; a client's 0.5
THRESHOLD_DECADES = 4.0  # 0 is a hundredth of it, 1 a hundred times
LONG_SILENCE_MS = 1_000  # in a turn that its client commits; recognition loses words behind long ones


class Turns:
    """The gate of one connection. `vad` None: only a commit ends a turn, and the gate leaves out long silence alone,
    that of a microphone that is not spoken into."""

    def __init__(self, vad: ServerVad | SemanticVad | None, wait_sec: float) -> None:
        """`wait_sec`: how long a speaker may pause in a sentence, where a turn ends with one; 0: nobody looks."""
        self.passed = 0
        self._passed_before = 0  # this gate
        self._captured = self._captured_before = 0
        self._wait_sec = wait_sec
        self.change(vad)

    def change(self, vad: ServerVad | SemanticVad | None) -> None:
        """From here on another gate, which has heard nothing."""
        self._passed_before, self._captured_before = self.passed, self._captured
        self.vad = vad
        if vad is None:
            self._gate = VoiceGate(_threshold(0.0), hangover_ms=LONG_SILENCE_MS, follows_noise=False)
        elif isinstance(vad, ServerVad):
            self._gate = VoiceGate(_threshold(vad.threshold), vad.prefix_ms, vad.silence_ms)
        else:
            self._gate = VoiceGate(USUAL_THRESHOLD)
            if self._wait_sec:
                self._gate.mark_pauses(round(1000 * self._wait_sec * PATIENCE[vad.eagerness]))

    def feed(self, pcm: bytes) -> list[bytes | Mark]:
        """What passes of `pcm` (s16le at 16 kHz), and where it pauses or ends."""
        self._captured += len(pcm) // BYTES_PER_SAMPLE
        return self._gate.feed(pcm)

    def flush(self) -> bytes:
        """What is left of a turn that ends here."""
        return b"".join(part for part in self._gate.flush() if isinstance(part, bytes))

    def start_ms(self, position: int) -> int:
        """When sample `position` of what passed was said, in milliseconds of the client's stream."""
        return self._ms(self._gate.timeline.captured_at(position - self._passed_before))

    def end_ms(self, position: int) -> int:
        """When what ends before sample `position` ended."""
        return self._ms(self._gate.timeline.captured_at(position - 1 - self._passed_before) + 1)

    def _ms(self, captured: int) -> int:
        return round((self._captured_before + captured) * 1000 / SAMPLE_RATE_HZ)


def _threshold(share: float) -> float:
    """The gate's threshold for a client's."""
    return float(USUAL_THRESHOLD * 10 ** (THRESHOLD_DECADES * (share - 0.5)))
