"""Any common sound or video file to 16 kHz mono s16le, as a stream: memory does not grow with the file.

PyAV is FFmpeg, which also reads playlists and scripts that name other files and addresses. None of those is among
FORMATS, the file is handed over open, and no protocol is allowed, so nothing else can be reached through it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av
import av.error
from av.audio.resampler import AudioResampler

from contract.names import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ

logger = logging.getLogger(__name__)

SOUND = "wav,w64,aiff,caf,au,mp3,aac,ac3,eac3,amr,flac,ogg,opus"
VIDEO = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,flv,mpeg,mpegts"
FORMATS = f"{SOUND},{VIDEO}"
OPTIONS = {"format_whitelist": FORMATS, "protocol_whitelist": "none"}
GAP_SAMPLES = SAMPLE_RATE_HZ // 10  # a longer hole between two frames is silence; a shorter one is rounding
SILENCE = bytes(SAMPLE_RATE_HZ * BYTES_PER_SAMPLE)
AUDIO_ERRORS = (av.error.FFmpegError, ValueError, EOFError)


class NotDecodableError(Exception):
    """The file holds no sound that can be decoded; the message says so to its sender."""


class TooLongError(Exception):
    """The file is longer than is taken; the message says so to its sender."""


class SoundFile:
    """One open file. `total_samples` is what it says of its own length, 0 where it says nothing."""

    def __init__(self, path: Path, max_sec: float) -> None:
        """Open it. Raises NotDecodableError, TooLongError, OSError when the file itself cannot be read."""
        self._max_sec = max_sec
        self._file: BinaryIO = path.open("rb")
        try:
            self._container = av.open(self._file, mode="r", options=OPTIONS, metadata_errors="replace")
        except AUDIO_ERRORS as problem:
            self._file.close()
            raise NotDecodableError("The file is no sound or video file of a known format.") from problem
        if not self._container.streams.audio:
            self.close()
            raise NotDecodableError("The file has no sound.")
        self._stream = self._container.streams.audio[0]
        seconds = (self._container.duration or 0) / av.time_base
        self.total_samples = max(0, round(seconds * SAMPLE_RATE_HZ))
        if seconds > max_sec:
            self.close()
            raise self._too_long()

    def close(self) -> None:
        """Close it."""
        self._container.close()
        self._file.close()

    def blocks(self) -> Iterator[bytes]:
        """Its sound from the beginning, block by block; what cannot be decoded is left out.

        Raises NotDecodableError where nothing could be, TooLongError once it is.
        """
        produced = 0
        for block in self._blocks():
            produced += len(block) // BYTES_PER_SAMPLE
            if produced > self._max_sec * SAMPLE_RATE_HZ:
                raise self._too_long()
            yield block
        if not produced:
            raise NotDecodableError("No sound in the file could be decoded.")

    def _blocks(self) -> Iterator[bytes]:
        resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
        begin_sec = (self._container.start_time or 0) / av.time_base
        produced = 0
        for frame in self._frames():
            if frame.time is not None:
                gap = round((frame.time - begin_sec) * SAMPLE_RATE_HZ) - produced
                while gap > GAP_SAMPLES:
                    piece = min(gap, SAMPLE_RATE_HZ)
                    yield SILENCE[: piece * BYTES_PER_SAMPLE]
                    produced += piece
                    gap -= piece
            frame.pts = None  # the resampler must not make up for gaps as well
            try:
                resampled = resampler.resample(frame)
            except AUDIO_ERRORS:  # a file may change its rate or channels on the way
                resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
                resampled = resampler.resample(frame)
            for one in resampled:
                produced += one.samples
                yield one.to_ndarray().tobytes()
        for one in resampler.resample(None):
            yield one.to_ndarray().tobytes()

    def _frames(self) -> Iterator[av.AudioFrame]:
        packets = self._container.demux(self._stream)
        broken = 0
        while True:
            try:
                packet = next(packets, None)
            except AUDIO_ERRORS as problem:  # the file ends in the middle
                logger.info("a file cannot be read on: %s", type(problem).__name__)
                break
            if packet is None:
                break
            try:
                yield from packet.decode()
            except AUDIO_ERRORS:
                broken += 1
        if broken:
            logger.info("%d packets of a file could not be decoded", broken)

    def _too_long(self) -> TooLongError:
        return TooLongError(f"The file's sound is longer than the {self._max_sec:g} s that are taken.")
