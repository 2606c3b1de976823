"""The encoder's output for an utterance that grows: its end is heard anew, of the rest it is known from before.

Whisper's encoder looks at all audio at once, so no part of its output is ever quite settled. But what is a few seconds
from the end hardly changes any more, and the decoder reads both parts as one, if the end has the positions that it has
in the whole. The first LEAD_SEC of it are heard only for what comes behind them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from contract.audio import SAMPLE_RATE_HZ
from stt_worker.engine.decoder.encoder import POSITION_SAMPLES

# By 34 English stretches of 8 to 15 s (prompts 60 to 179), a partial each second: of the last partials' words 29 of
# 1,019 are wrong with these and 29 where all is heard anew, of the settled ones 17 of 980 change, and 14 of 1,006. An
# end of 8 s with 4 s of lead costs less: 36 words, 27 settled. An end of 4 s in a window of 6 loses a quarter of the
# words.
TAIL_SEC = 10.0
LEAD_SEC = 6.0
EDGE_SEC = 1.5  # before the end of the audio its output still changes


@dataclass(frozen=True)
class EncodedBefore:
    """The encoder's output for an utterance so far, (positions, n_audio_state), and how many samples it was."""

    features: Tensor
    samples: int

    def joined(self, tail: Tensor, first: int) -> Tensor:
        """With that of the end, (positions, n_audio_state), which begins at position `first`."""
        lead = _positions(LEAD_SEC)
        return torch.cat([self.features[: first + lead], tail[lead:]])


def tail_start(samples: int, before: EncodedBefore) -> int | None:
    """The position at which the end of so many samples begins; None where all of it is the end, or what is known from
    before does not reach far enough."""
    first = -(-samples // POSITION_SAMPLES) - _positions(TAIL_SEC)
    known = before.samples // POSITION_SAMPLES - _positions(EDGE_SEC)
    return first if first > 0 and first + _positions(LEAD_SEC) <= known else None


def _positions(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ / POSITION_SAMPLES)
