"""Any common sound or video file to 16 kHz s16le, as a stream: memory does not grow with the file.

    frames     how it is opened; a frame's samples
    tracks     which track is heard, and how long it is
    channels   whether its channels are a speaker each
    lines      its channels to one (mixing), or each for itself; level brings a quiet one up

A position is a count of samples. Timestamps are used for what they can tell: a hole between two frames is silence, so
that times go on with the picture's, but no longer a one than can be a hole. What jumps further, or back, is two
recordings behind one another.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from file_worker.media.frames import AUDIO_ERRORS, NotDecodableError, Samples, TooLongError, opened, samples_of
from file_worker.media.level import LevelLift
from file_worker.media.lines import ApartLine, MixedLine
from file_worker.media.tracks import best_track, length_sec
from runtime.audio.crosstalk import CrosstalkGate

__all__ = ["NotDecodableError", "SoundFile", "TooLongError"]

logger = logging.getLogger(__name__)

GAP_SEC = 0.1  # a longer hole between two frames is silence; a shorter one is rounding
HOLE_MAX_SEC = 5.0  # a longer one is a jump, in formats whose timestamps may jump (MPEG-TS, FLV, ...)
TOLD_HOLE_MAX_SEC = 600.0  # and in all others
BACK_SEC = 1.0  # timestamps that go back so far have jumped
LATE_SEC = 60.0  # what begins later is a piece of a longer recording
MAY_JUMP = 0x0200  # AVFMT_TS_DISCONT of FFmpeg's avformat.h
BLOCK_SAMPLES = SAMPLE_RATE_HZ
CROSSTALK_AHEAD_SEC = 2.0  # what follows a moment tells as much of it as what came before


class SoundFile:
    """One open file. `total_samples` is how long it is, as far as that is known before it is decoded; 0 where not."""

    def __init__(self, path: Path, max_sec: float) -> None:
        """Open it. Raises NotDecodableError, TooLongError, OSError when the file itself cannot be read."""
        self._max_sec = max_sec
        track, seconds, certain = _looked_at(path, max_sec)
        if certain and seconds > max_sec:
            raise self._too_long()
        self.total_samples = round(seconds * SAMPLE_RATE_HZ)
        self._closing = ExitStack()
        self._container, tracks = self._closing.enter_context(opened(path))
        self._stream = tracks[track]
        may_jump = self._container.format.flags & MAY_JUMP
        self._hole_max_sec = HOLE_MAX_SEC if may_jump else TOLD_HOLE_MAX_SEC
        self._clock = 0.0  # seconds of sound so far
        self._broken = 0  # packets
        self._broken_sec: float | None = None  # where the first of them was
        self._ended_sec: float | None = None  # where the file could not be read on

    def close(self) -> None:
        """Close it."""
        self._closing.close()

    @property
    def channels(self) -> int:
        """How many it has, 0 where that is not known yet."""
        return self._stream.codec_context.channels or 0

    @property
    def warning(self) -> str:
        """What is missing of what was decoded, in words for its sender; empty where nothing is."""
        said = []
        if self._broken_sec is not None:
            said.append(
                f"{self._broken} parts could not be decoded and are missing, the first at {self._broken_sec:.1f} s."
            )
        if self._ended_sec is not None:
            said.append(f"The file could not be decoded beyond {self._ended_sec:.1f} s.")
        return " ".join(said)

    @property
    def damage(self) -> dict[str, int | float]:
        """The same in figures, as contract.state.files.FileView has them; empty where nothing is missing."""
        told: dict[str, int | float] = {}
        if self._broken_sec is not None:
            told |= {"missing_parts": self._broken, "first_missing_sec": round(self._broken_sec, 1)}
        if self._ended_sec is not None:
            told["cut_off_sec"] = round(self._ended_sec, 1)
        return told

    def blocks(self) -> Iterator[bytes]:
        """Its sound from the beginning as one channel, block by block; see `channel_blocks`."""
        for (block,) in self.channel_blocks(()):
            yield block

    def channel_blocks(self, own_db: Sequence[float]) -> Iterator[tuple[bytes, ...]]:
        """Its sound from the beginning, a block of each channel at a time, all of one length; what cannot be decoded is
        left out, and told by `warning`.

        `own_db`: of each channel the level of its own speaker (media.channels); none: all channels as one. Raises
        NotDecodableError where nothing could be decoded, TooLongError once it is.
        """
        produced = 0
        for channels in self._lifted(own_db):
            produced += len(channels[0])
            if produced > self._max_sec * SAMPLE_RATE_HZ:
                raise self._too_long()
            for begin in range(0, len(channels[0]), BLOCK_SAMPLES):
                yield tuple(_pcm(samples[begin : begin + BLOCK_SAMPLES]) for samples in channels)
        if not produced:
            raise NotDecodableError("No sound in the file could be decoded.")

    def _lifted(self, own_db: Sequence[float]) -> Iterator[tuple[Samples, ...]]:
        lifts = [LevelLift() for _ in range(max(1, len(own_db)))]
        for samples in self._without_crosstalk(own_db):
            yield from zip(*(lift.feed(one) for lift, one in zip(lifts, samples, strict=True)), strict=True)
        yield from zip(*(lift.finish() for lift in lifts), strict=True)

    def _without_crosstalk(self, own_db: Sequence[float]) -> Iterator[Samples]:
        """At 16 kHz, shape (channels, n)."""
        if not own_db:
            yield from self._resampled(0)
            return
        gate = CrosstalkGate(len(own_db), CROSSTALK_AHEAD_SEC, own_db)
        for samples in self._resampled(len(own_db)):
            yield gate.feed(samples)
        yield gate.finish()

    def _resampled(self, channels: int) -> Iterator[Samples]:
        """At 16 kHz, shape (channels, n); 0: mixed to one. Whatever FFmpeg's side raises ends the sound there, and is
        told."""
        line: MixedLine | ApartLine | None = None
        try:
            for samples, names, rate_hz in self.pieces():
                if line is None or line.form != (names, rate_hz):  # a file may change it on the way
                    if line is not None:
                        yield from line.finish()
                    line = ApartLine(names, rate_hz, channels) if channels else MixedLine(names, rate_hz)
                yield from line.feed(samples)
        except Exception as problem:
            if isinstance(problem, OSError) and not isinstance(problem, av.error.FFmpegError):
                raise  # the file itself cannot be read
            logger.warning("a file is not decoded further: %s", type(problem).__name__)
            self._ended_sec = self._clock
        if line is not None:
            yield from line.finish()

    def pieces(self) -> Iterator[tuple[Samples, tuple[str, ...], int]]:
        """Frames as they are, and the silence between them: samples (channels, n), the channels' names, the rate."""
        begin_sec = _begin_sec(self._container)
        for frame in self._frames():
            rate_hz, names = frame.sample_rate, tuple(channel.name for channel in frame.layout.channels)
            if frame.time is not None:
                hole = frame.time - begin_sec - self._clock
                if hole > self._hole_max_sec or hole < -BACK_SEC:
                    begin_sec += hole
                elif hole > GAP_SEC:
                    left = round(hole * rate_hz)
                    while left:
                        piece = min(left, max(1, rate_hz // 10))
                        yield np.zeros((len(names), piece), dtype=np.float32), names, rate_hz
                        self._clock += piece / rate_hz
                        left -= piece
            try:
                samples = samples_of(frame)
            except AUDIO_ERRORS:
                self._is_broken()
                continue
            yield samples, names, rate_hz
            self._clock += frame.samples / rate_hz

    def _frames(self) -> Iterator[av.AudioFrame]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except AUDIO_ERRORS as problem:  # the file ends in the middle
                logger.info("a file cannot be read on: %s", type(problem).__name__)
                self._ended_sec = self._clock
                break
            if packet is None:
                break
            try:
                frames = packet.decode()
            except AUDIO_ERRORS:
                self._is_broken()
                continue
            yield from (frame for frame in frames if isinstance(frame, av.AudioFrame))

    def _is_broken(self) -> None:
        self._broken += 1
        if self._broken_sec is None:
            self._broken_sec = self._clock

    def _too_long(self) -> TooLongError:
        return TooLongError(f"The file's sound is longer than the {self._max_sec:g} s that are taken.")


def _pcm(samples: Samples) -> bytes:
    clipped = np.clip(np.rint(samples * np.float32(FULL_SCALE)), -32_768, 32_767)
    return bytes(clipped.astype("<i2").tobytes())


def _begin_sec(container: InputContainer) -> float:
    """Where a file's time begins. A film's begins at 0, also where its picture was left out and its sound is late."""
    begin_sec = float((container.start_time or 0) / av.time_base)
    film = "mp4" in container.format.name.split(",")
    return min(begin_sec, 0.0) if film and begin_sec < LATE_SEC else begin_sec


def _looked_at(path: Path, max_sec: float) -> tuple[int, float, bool]:
    """The track to hear, its length, and whether that is certain. Looking must not cost what decoding could give."""
    try:
        track = best_track(path)
        return track, *length_sec(path, track, max_sec)
    except (NotDecodableError, OSError):
        raise
    except Exception as problem:
        logger.warning("a file could not be looked at: %s", type(problem).__name__)
        return 0, 0.0, False
