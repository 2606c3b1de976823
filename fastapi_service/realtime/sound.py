"""What clients append, to what the session takes: s16le mono at 16 kHz."""

from __future__ import annotations

import base64
import binascii

import numpy as np

from contract.audio import BYTES_PER_SAMPLE, FULL_SCALE, SAMPLE_RATE_HZ
from fastapi_service.realtime.events import ApiError
from fastapi_service.realtime.g711 import ALAW, ULAW
from runtime.audio.resample import StreamResampler
from runtime.audio.samples import to_pcm

APPEND_MAX_BYTES = 1024 * 1024  # of audio in one event: 22 s at 24 kHz
TABLES = {"ulaw": ULAW, "alaw": ALAW}


def audio_of(text: object, encoding: str) -> bytes:
    """The audio in an `append`. Raises ApiError."""
    if not isinstance(text, str):
        raise ApiError("The field `audio` must be a string in base64.", "audio", "missing_required_parameter")
    if len(text) > APPEND_MAX_BYTES * 4 // 3 + 4:
        words = f"An `append` holds at most {APPEND_MAX_BYTES} bytes of audio. Send it in several."
        raise ApiError(words, "audio", "audio_too_large")
    try:
        audio = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError("The field `audio` is not valid base64.", "audio", "invalid_base64") from None
    if encoding == "pcm" and len(audio) % BYTES_PER_SAMPLE:
        raise ApiError("The audio has an odd number of bytes: samples are 16-bit.", "audio", "odd_bytes")
    return audio


class Decoder:
    """A stream in one format. Its state runs on from piece to piece, so that borders are not heard."""

    def __init__(self, encoding: str, rate_hz: int) -> None:
        """`encoding`: `pcm` (s16le), `ulaw` or `alaw`."""
        self._rate_hz = rate_hz
        self._table = TABLES.get(encoding)
        self._resampler = None if rate_hz == SAMPLE_RATE_HZ else StreamResampler(rate_hz)
        self._bytes_per_sec = rate_hz * (BYTES_PER_SAMPLE if self._table is None else 1)

    def pieces(self, audio: bytes, sec: float) -> list[bytes]:
        """`audio` in pieces of about `sec` seconds."""
        size = int(self._bytes_per_sec * sec) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
        return [audio[first : first + size] for first in range(0, len(audio), size)]

    def seconds(self, audio: bytes) -> float:
        """How long `audio` lasts."""
        return len(audio) / self._bytes_per_sec

    def feed(self, audio: bytes) -> bytes:
        """What the next piece brings out."""
        if self._table is None:
            if self._resampler is None:
                return audio
            samples = np.frombuffer(audio, dtype="<i2")
        else:
            samples = self._table[np.frombuffer(audio, dtype=np.uint8)]
            if self._resampler is None:
                return samples.tobytes()
        return to_pcm(self._resampler.feed(samples / FULL_SCALE))

    def flush(self) -> bytes:
        """What is left of a stream that ends here; the next begins anew."""
        if self._resampler is None:
            return b""
        rest, self._resampler = self._resampler.flush(), StreamResampler(self._rate_hz)
        return to_pcm(rest)
