"""The voices in the speech of one utterance: windows of it, each with its embedding; packed for the way to the second
pass over a file."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.denoise import without_noise
from speaker_worker.engine.encoder.protocol import Audio, Embeddings, VoiceEncoder
from speaker_worker.engine.encoder.windows import unit_rows

HOP_SEC = 0.4  # between windows
JOIN_SEC = 0.3  # a shorter gap in the speech is none
SHORTEST_SEC = 0.4  # of speech, less has no voice
LEVEL_SAMPLES = SAMPLE_RATE_HZ // 50
OVER_SAMPLES = SAMPLE_RATE_HZ // 5  # a window that reaches over an edge by no more than this counts as inside
SPANS_MAX, WINDOWS_MAX = 1000, 1000  # of one utterance
MAGIC, HEAD = b"SPV1", struct.Struct("<4sIIII")  # spans, windows, dimensions, levels


class VoicesError(ValueError):
    """These bytes are no packed voices."""


@dataclass(frozen=True, eq=False)
class UtteranceVoices:
    """`spans`: where somebody speaks, shape (s, 2), first sample and last (exclusive) in the utterance, int32.
    `windows`: the same of the windows, shape (w, 2), in order; each lies in one span. `embeddings`: of each, shape
    (w, d), float32. `levels`: dB below the loudest of each 20 ms of the utterance, uint8."""

    spans: NDArray[np.int32]
    windows: NDArray[np.int32]
    embeddings: Embeddings
    levels: NDArray[np.uint8]

    def inside(self, start: int, end: int) -> NDArray[np.float32] | None:
        """The mean voice of the windows in samples `start` to `end`, shape (d,), length 1; None where none is."""
        mine = (self.windows[:, 0] >= start - OVER_SAMPLES) & (self.windows[:, 1] <= end + OVER_SAMPLES)
        mean = unit_rows(self.embeddings[mine].sum(axis=0, keepdims=True))[0]
        return mean if mean.any() else None

    def pack(self) -> bytes:
        """As bytes; embeddings lose precision."""
        head = HEAD.pack(MAGIC, len(self.spans), len(self.windows), self.embeddings.shape[1], len(self.levels))
        parts = (
            self.spans.astype("<i4"),
            self.windows.astype("<i4"),
            self.embeddings.astype("<f2"),
            self.levels.astype("u1"),
        )
        return head + b"".join(part.tobytes() for part in parts)

    @classmethod
    def unpack(cls, packed: bytes) -> UtteranceVoices:
        """What `pack` gave. Raises VoicesError."""
        try:
            magic, spans, windows, dimensions, levels = HEAD.unpack_from(packed)
        except struct.error as problem:
            raise VoicesError(str(problem)) from problem
        if magic != MAGIC or len(packed) != HEAD.size + 8 * (spans + windows) + 2 * windows * dimensions + levels:
            raise VoicesError("not packed voices, or not all of them")
        at = HEAD.size
        found = []
        for kind, shape in (
            ("<i4", (spans, 2)),
            ("<i4", (windows, 2)),
            ("<f2", (windows, dimensions)),
            ("u1", (levels,)),
        ):
            count = int(np.prod(shape))
            found.append(np.frombuffer(packed, kind, count, at).reshape(shape))
            at += found[-1].nbytes
        return cls(found[0].astype(np.int32), found[1].astype(np.int32), found[2].astype(np.float32), found[3].copy())


def voices_in(
    encoder: VoiceEncoder, audio: Audio, speech: Sequence[tuple[int, int]], hop_sec: float = HOP_SEC
) -> UtteranceVoices:
    """The voices in `audio` (16 kHz mono, -1 to 1, shape (n,)), of which `speech` gives the stretches in which somebody
    speaks: first sample and last (exclusive). Raises EncoderError."""
    spans = joined(speech, len(audio))[:SPANS_MAX]
    windows = [window for span in spans for window in windows_of(span, encoder.window_samples, hop_sec)][:WINDOWS_MAX]
    clean = without_noise(audio)
    embeddings = encoder.embed([clean[start:end] for start, end in windows])
    return UtteranceVoices(_pairs(spans), _pairs(windows), embeddings, levels_of(audio))


def joined(speech: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """The stretches in order, inside the audio, without overlaps and short gaps, those too short left out."""
    found: list[tuple[int, int]] = []
    for begin, finish in sorted(speech):
        start, end = max(0, begin), min(length, finish)
        if end <= start:
            continue
        if found and start - found[-1][1] <= JOIN_SEC * SAMPLE_RATE_HZ:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return [span for span in found if span[1] - span[0] >= SHORTEST_SEC * SAMPLE_RATE_HZ]


def windows_of(span: tuple[int, int], window: int, hop_sec: float) -> list[tuple[int, int]]:
    """Windows that cover `span` evenly; one that is shorter where the span is."""
    start, end = span
    if end - start <= window:
        return [span]
    count = 1 + max(1, round((end - start - window) / (hop_sec * SAMPLE_RATE_HZ)))
    firsts = np.linspace(start, end - window, count).astype(int).tolist()
    return [(first, first + window) for first in firsts]


def levels_of(audio: Audio) -> NDArray[np.uint8]:
    """See UtteranceVoices."""
    whole = audio[: len(audio) // LEVEL_SAMPLES * LEVEL_SAMPLES].reshape(-1, LEVEL_SAMPLES)
    power = np.square(whole, dtype=np.float64).mean(axis=1) + 1e-12
    found: NDArray[np.uint8] = np.clip(10 * np.log10(power.max(initial=1e-12) / power), 0, 255).astype(np.uint8)
    return found


def _pairs(pairs: Sequence[tuple[int, int]]) -> NDArray[np.int32]:
    return np.array(pairs, dtype=np.int32).reshape(-1, 2)
