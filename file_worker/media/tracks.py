"""Which track of a file is heard, and how long it is: found by looking, before any of it is recognised."""

from __future__ import annotations

import logging
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from file_worker.media.frames import AUDIO_ERRORS, opened, samples_of

logger = logging.getLogger(__name__)

TRACKS_MAX = 8  # more are not looked at
LOOK_SEC = 600.0  # of each track at most
ENOUGH_SEC = 60.0  # of the track that lasts longest, from where any is heard
LOUD_SEC = 1.0  # a track is as loud as its loudest second
HEARD_DB = -60.0  # root mean square of a frame, against full scale
FAR_BELOW_DB = 30.0  # a track so much quieter than another is not the one that is meant
QUIETEST_DB = -120
# Formats that tell their length; elsewhere FFmpeg guesses from the bit rate or from the last timestamp.
EXACT = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "wav", "w64", "aiff", "caf", "flac", "ogg"}


class Loudness:
    """Of one track: seconds at each level, in steps of 1 dB."""

    def __init__(self) -> None:
        self._seconds = np.zeros(1 - QUIETEST_DB)

    @property
    def seconds(self) -> float:
        """How much of it was looked at."""
        return float(self._seconds.sum())

    @property
    def heard_db(self) -> float:
        """The level that its loudest second reaches (of a shorter one its loudest part), in dB of full scale."""
        reached = np.cumsum(self._seconds[::-1])
        wanted = min(LOUD_SEC, self.seconds / 2)
        return -float(np.searchsorted(reached, wanted)) if self.seconds else float(QUIETEST_DB)

    def add(self, frame: av.AudioFrame) -> None:
        """Take a frame: its loudest channel counts."""
        samples = samples_of(frame)
        power = float(np.mean(np.square(samples), axis=1).max(initial=0.0)) if samples.size else 0.0
        level = max(QUIETEST_DB, min(0, round(10 * np.log10(power + 1e-12))))
        self._seconds[level - QUIETEST_DB] += frame.samples / frame.sample_rate


def best_track(path: Path) -> int:
    """Number of the audio track to hear: the default one, else the first, unless another is far louder.

    Looks at no more than LOOK_SEC of each track, and ends sooner where something is heard. Raises NotDecodableError,
    and OSError when the file cannot be read.
    """
    with opened(path) as (container, all_tracks):
        if len(all_tracks) == 1:
            return 0
        tracks = all_tracks[:TRACKS_MAX]
        wanted = next((n for n, track in enumerate(tracks) if track.disposition & Disposition.default), 0)
        found = [Loudness() for _ in tracks]
        _look(container, tracks, found)
    levels = [one.heard_db for one in found]
    loudest = max(range(len(levels)), key=lambda n: (levels[n], -n))
    if levels[loudest] - levels[wanted] < FAR_BELOW_DB:
        return wanted
    logger.info("track %d of a file is heard: track %d is quieter by far", loudest + 1, wanted + 1)
    return loudest


def _look(container: InputContainer, tracks: list[AudioStream], found: list[Loudness]) -> None:
    places = {track.index: number for number, track in enumerate(tracks)}
    until = LOOK_SEC
    try:
        for packet in container.demux(tracks):
            one = found[places[packet.stream_index]]
            try:
                for frame in packet.decode():
                    one.add(frame)  # type: ignore[arg-type]
            except AUDIO_ERRORS:
                continue
            if until == LOOK_SEC and one.heard_db > HEARD_DB:
                until = min(LOOK_SEC, max(each.seconds for each in found) + ENOUGH_SEC)
            if one.seconds > until:
                return
    except AUDIO_ERRORS as problem:
        logger.info("a file's tracks could not be looked at to their end: %s", type(problem).__name__)


def length_sec(path: Path, track: int, max_sec: float) -> tuple[float, bool]:
    """How long a track is, 0 where nothing tells, and whether that is certain enough to refuse the file.

    What the header says is taken where the format tells its length and that is within `max_sec`; else the durations of
    the track's packets are added up, without decoding, so that no guess and no jump of timestamps counts.
    """
    with opened(path) as (container, tracks):
        stream, counted = tracks[track], 0
        told = (container.duration or 0) / av.time_base
        if stream.duration and stream.time_base:
            told = float(stream.duration * stream.time_base)
        if 0 < told <= max_sec and container.format.name in EXACT:
            return told, False
        try:
            for packet in container.demux(stream):
                counted += max(0, packet.duration or 0)
        except AUDIO_ERRORS as problem:
            logger.info("a file's length could not be counted to its end: %s", type(problem).__name__)
        seconds = float(counted * stream.time_base) if stream.time_base else 0.0
        return (seconds, True) if seconds else (min(told, max_sec), False)
