"""How a sound or video file is opened, and a decoded frame as samples.

PyAV is FFmpeg, which also reads playlists and scripts that name other files and addresses. None of those is among
FORMATS, the file is handed over open, and no protocol is allowed, so nothing else can be reached through it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from contract.audio import FULL_SCALE

SOUND = "wav,w64,aiff,caf,au,mp3,aac,ac3,eac3,amr,flac,ogg,opus"
VIDEO = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,flv,mpeg,mpegts"
FORMATS = f"{SOUND},{VIDEO}"
OPTIONS = {"format_whitelist": FORMATS, "protocol_whitelist": "none"}
AUDIO_ERRORS = (av.error.FFmpegError, ValueError, EOFError)
LOUDEST = 8.0  # floating-point samples may be above 1, and anything at all in a broken file
FULL_SCALES = {"u1": 128.0, "i2": FULL_SCALE, "i4": 2_147_483_648.0}

Samples = NDArray[np.float32]


class NotDecodableError(Exception):
    """The file holds no sound that can be decoded; the message says so to its sender."""


class TooLongError(Exception):
    """The file is longer than is taken; the message says so to its sender."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, list[AudioStream]]]:
    """The file's container, and its audio tracks: one or more. Closed at the end.

    Raises NotDecodableError, and OSError when the file itself cannot be read.
    """
    with path.open("rb") as file:
        try:
            container = av.open(file, mode="r", options=OPTIONS, metadata_errors="replace")
        except AUDIO_ERRORS as problem:
            raise NotDecodableError("The file is no sound or video file of a known format.") from problem
        with container:
            if not container.streams.audio:
                raise NotDecodableError("The file has no sound.")
            yield container, list(container.streams.audio)


def samples_of(frame: av.AudioFrame) -> Samples:
    """A frame's samples, full scale at 1, shape (channels, n). Raises one of AUDIO_ERRORS for an unknown format."""
    raw = frame.to_ndarray()
    if not frame.format.is_planar:
        raw = raw.reshape(-1, frame.layout.nb_channels).T
    kind = raw.dtype.str[1:]
    if kind in FULL_SCALES:
        samples = raw.astype(np.float32)
        return (samples - 128.0 if kind == "u1" else samples) / np.float32(FULL_SCALES[kind])
    return np.clip(np.nan_to_num(raw.astype(np.float32)), -LOUDEST, LOUDEST)
