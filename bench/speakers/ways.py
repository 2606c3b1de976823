"""A conversation on its two ways: live through the voice gate and the gateway's cuts, and as a file in segments; what
each gives to the encoder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.audio import BYTES_PER_SAMPLE, FULL_SCALE, SAMPLE_RATE_HZ
from contract.speech.segmenter import Segmenter
from file_worker.lanes import Lanes, segments_of
from file_worker.segments import Lengths
from runtime.audio.gate import Mark, VoiceGate
from runtime.audio.timeline import Timeline
from speaker_worker.engine.encoder.protocol import VoiceEncoder
from speaker_worker.engine.voices import HOP_SEC, UtteranceVoices, voices_in
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import SpeechCheck

THRESHOLD = 0.0005  # mean square, the gate's default
UTTERANCE_SEC = 8.0  # ends of sentences let few get longer
END_MS = 500  # of quiet ends one
BLOCK_BYTES = SAMPLE_RATE_HZ // 5 * BYTES_PER_SAMPLE
FILE_BLOCK_BYTES = SAMPLE_RATE_HZ * BYTES_PER_SAMPLE


@dataclass(frozen=True)
class Piece:
    """An utterance or a segment: its first sample in its stream, and its s16le bytes."""

    start: int
    pcm: bytes


def live_pieces(pcm: bytes) -> tuple[list[Piece], Timeline]:
    """The utterances of what the microphone hears, and from their stream to the room's time."""
    gate, segmenter = VoiceGate(THRESHOLD), Segmenter(max_sec=UTTERANCE_SEC)
    found: list[Piece] = []
    gate.mark_pauses(END_MS)

    def take(parts: list[bytes | Mark]) -> None:
        for part in parts:
            if part is not Mark.PAUSE:
                frame = b"" if isinstance(part, Mark) else part
                found.extend(Piece(cut.start, cut.pcm) for cut in segmenter.feed(frame))

    for first in range(0, len(pcm), BLOCK_BYTES):
        take(gate.feed(pcm[first : first + BLOCK_BYTES]))
    take(gate.flush())
    return found, gate.timeline


def file_pieces(pcm: bytes) -> list[Piece]:
    """The segments of a file."""
    blocks = (pcm[first : first + FILE_BLOCK_BYTES] for first in range(0, len(pcm), FILE_BLOCK_BYTES))
    found = segments_of(((block,) for block in blocks), Lanes(1, Lengths()))
    return [Piece(one.start, one.pcm) for one in found if one is not None]


class Hearing:
    """Hears pieces as the speech worker and the speaker worker do."""

    def __init__(self, encoder: VoiceEncoder, hop_sec: float = HOP_SEC) -> None:
        self._encoder = encoder
        self._hop_sec = hop_sec
        self._check = SpeechCheck(SttSettings())

    def voices(self, pieces: Sequence[Piece]) -> tuple[list[tuple[int, UtteranceVoices]], list[float]]:
        """The first sample and the voices of each that is speech; how long each took, in ms, without the look for
        speech, which the speech worker does."""
        heard, took = [], []
        for piece in pieces:
            audio = np.frombuffer(piece.pcm, "<i2").astype(np.float32) / np.float32(FULL_SCALE)
            found = self._check.find(audio)
            if self._check.refusal(found) is None:
                began = time.perf_counter()
                heard.append((piece.start, voices_in(self._encoder, audio, list(found.stretches), self._hop_sec)))
                took.append(1000 * (time.perf_counter() - began))
        return heard, took
